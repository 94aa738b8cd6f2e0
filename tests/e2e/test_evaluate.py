"""From a submission to its result file: what is written, that it repeats, that nothing finished is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from cxrbench.results import read_result
from cxrbench.results.store import read_table

TRACK = ("--track", "brixia-severity/phantom/test")
NAME = "brixia-severity--phantom--test"
REAL = "brixia-severity/brixia-cohen/all"


def results_in(folder) -> list:
    """Files and folders that a reader would see."""
    return [path for path in folder.glob("*") if not path.name.startswith(".")]


def stable(path) -> dict:
    """A result without what may differ between two runs."""
    document = json.loads(path.read_text("utf-8"))
    document.pop("provenance")
    document["cost"] = {key: document["cost"][key] for key in ("device", "batch_size")}
    return document


def test_without_a_track_it_runs_on_the_synthetic_phantom(constant, command):
    done = command("evaluate", constant)
    assert done.code == 0
    assert "synthetic" in done.out
    result = read_result(constant.parent / "results" / f"{NAME}.json")
    assert result.track.synthetic
    assert result.coverage.complete
    assert result.ranked


def test_two_runs_give_the_same_result_file(constant, command):
    path = constant.parent / "results" / f"{NAME}.json"
    assert command("evaluate", constant, *TRACK, "--fresh").code == 0
    first = stable(path)
    assert command("evaluate", constant, *TRACK, "--fresh").code == 0
    assert stable(path) == first


def test_json_is_the_result_file(constant, command):
    done = command("evaluate", constant, *TRACK, "--json")
    assert json.loads(done.out) == json.loads((constant.parent / "results" / f"{NAME}.json").read_text("utf-8"))


def test_a_constant_prediction_has_an_undefined_correlation_with_its_reason(constant, command):
    command("evaluate", constant, *TRACK)
    metric = read_result(constant.parent / "results" / f"{NAME}.json").metrics["zone_pearson"]
    assert (metric.value, metric.low, metric.high) == (None, None, None)
    assert "constant" in metric.undefined


def test_the_submission_is_blind(written, command, tmp_path):
    """No attribute of an image holds the case's id; ids differ between two runs, and so does the order."""
    log = tmp_path / "seen.txt"
    body = f"""
    def predict(self, images):
        with open({str(log)!r}, "a") as out:
            for image in images:
                print(image.id, image.pixels.sum(), image.modality, image.spacing, file=out)
        return [{{"brixia": [1] * 6}} for _ in images]
    """
    path = written(body)
    command("evaluate", path, *TRACK, "--fresh", "--sandbox", "off")
    command("evaluate", path, *TRACK, "--fresh", "--sandbox", "off")
    lines = log.read_text("utf-8").splitlines()
    first, second = lines[: len(lines) // 2], lines[len(lines) // 2 :]
    assert "study" not in log.read_text("utf-8")
    assert {line.split()[0] for line in first}.isdisjoint(line.split()[0] for line in second)
    assert [line.split()[1] for line in first] != [line.split()[1] for line in second]
    assert sorted(line.split()[1] for line in first) == sorted(line.split()[1] for line in second)


def test_class_probabilities_count_as_their_most_probable_class(written, command):
    body = """
    batch_size = 7
    def predict(self, images):
        rows = np.tile([0.1, 0.6, 0.2, 0.1], (6, 1))
        return [{"brixia": rows} for _ in images]
    """
    path = written(body)
    assert command("evaluate", path, *TRACK).code == 0
    result = read_result(path.parent / "results" / f"{NAME}.json")
    constant = written('def predict(self, images):\n    return [{"brixia": [1] * 6} for _ in images]\n', name="other")
    command("evaluate", constant, *TRACK)
    assert result.metrics == read_result(constant.parent / "results" / f"{NAME}.json").metrics
    rows = read_table(path.parent / "results" / f"{NAME}.parquet")
    assert set(next(iter(rows.values()))) == {f"{zone}_p{score}" for zone in "ABCDEF" for score in range(4)}


SEVERAL = """
tasks = ("zone-severity", "detection")
def setup(self, device):
    self.asked = self.task
def predict(self, images):
    both = {"zone-severity": {"zone_severity": 3.0}, "detection": {"probability": 0.5}}
    return [both[self.asked] for _ in images]
"""


@pytest.mark.parametrize("task", ["zone-severity", "detection"])
def test_a_submission_for_several_tasks_is_told_which_is_asked(task, written, command):
    done = command("evaluate", written(SEVERAL), "--track", f"{task}/phantom/test", "--limit", "3", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["coverage"]["predicted"] >= 3


def test_a_dry_run_writes_no_result(constant, command):
    done = command("evaluate", constant, *TRACK, "--limit", "5", "--json")
    document = json.loads(done.out)
    assert document["coverage"]["predicted"] == 5
    assert len(document["coverage"]["failed"]) == document["coverage"]["expected"] - 5
    assert not results_in(constant.parent / "results")


def test_an_incomplete_copy_states_its_coverage_and_is_not_ranked(constant, command, synthetic_copy):
    (synthetic_copy / "brixia-cohen" / "public-cohen-subset" / "0.jpg").unlink()
    done = command("evaluate", constant, "--track", REAL, "--data", synthetic_copy)
    assert done.code == 0
    assert "0.jpg" in done.err
    result = read_result(constant.parent / "results" / "brixia-severity--brixia-cohen--all.json")
    assert (result.coverage.predicted, result.coverage.expected) == (191, 192)
    assert [(failed.case, failed.reason) for failed in result.coverage.failed] == [
        ("0.jpg", "image absent from this copy")
    ]
    assert not result.ranked


def test_training_on_the_tracks_patients_is_recorded_and_not_ranked(written, command, synthetic_copy):
    body = "trained_on = ('brixia-cohen@published/train',)\ndef predict(self, images):\n"
    path = written(body + "    return [{'brixia': [1] * 6} for _ in images]\n")
    command("evaluate", path, "--track", "brixia-severity/brixia-cohen@published/test", "--data", synthetic_copy)
    result = read_result(path.parent / "results" / "brixia-severity--brixia-cohen@published--test.json")
    assert result.submission.patients_seen == 15
    assert not result.ranked


COUNTING = """
def predict(self, images):
    import time
    with open({log!r}, "a") as out:
        for image in images:
            print(image.pixels.sum(), file=out)
    time.sleep({pause})
    return [{{"brixia": np.clip(3 * image.pixels[:6, :6].mean(0), 0, 3)}} for image in images]
"""


LISTENING = """
import signal
from cxrbench.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""The command with interrupts as a terminal gives them: what runs in the background inherits that they are ignored."""


def start(path) -> subprocess.Popen:
    arguments = [sys.executable, "-c", LISTENING, "evaluate", str(path), *TRACK, "--sandbox", "off"]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_lines(log, count: int, process: subprocess.Popen) -> None:
    while not (log.exists() and len(log.read_text("utf-8").splitlines()) >= count):
        assert process.poll() is None, "the submission did not start"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_where_it_was(number, written, tmp_path):
    log = tmp_path / "log.txt"
    path = written(COUNTING.format(log=str(log), pause=0.1))
    process = start(path)
    wait_for_lines(log, 5, process)
    process.send_signal(number)
    _, err = process.communicate()
    if number == signal.SIGINT:
        assert process.returncode == 1
        assert [line for line in err.splitlines() if line.startswith("error: ")] == [err.strip().splitlines()[-1]]
        assert "interrupted" in err
    assert not results_in(path.parent / "results")
    before = len(log.read_text("utf-8").splitlines())
    process = start(path)
    assert process.wait() == 0
    process.communicate()
    result = read_result(path.parent / "results" / f"{NAME}.json")
    asked = log.read_text("utf-8").splitlines()
    assert result.coverage.complete
    assert len(asked) <= result.coverage.expected + 1
    assert before >= 5


def test_the_child_is_gone_when_the_parent_is_interrupted(written, tmp_path):
    log = tmp_path / "pid.txt"
    body = f"""
    def predict(self, images):
        import os, time
        with open({str(log)!r}, "a") as out:
            print(os.getpid(), file=out)
        time.sleep(10_000)
    """
    process = start(written(body))
    wait_for_lines(log, 1, process)
    process.send_signal(signal.SIGINT)
    process.communicate()
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text("utf-8").splitlines()[0]), 0)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_the_same_predictions_scores_the_same(kind, constant, command, tmp_path):
    import pandas as pd

    command("evaluate", constant, *TRACK)
    results = constant.parent / "results"
    table = pd.read_parquet(results / f"{NAME}.parquet")
    path = tmp_path / f"mine.{kind}"
    table.to_csv(path, index=False) if kind == "csv" else table.to_parquet(path)
    done = command("score", path, *TRACK, "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document["submission"]["kind"] == "predictions"
    assert document["metrics"] == json.loads((results / f"{NAME}.json").read_text("utf-8"))["metrics"]


def test_a_partial_table_is_never_ranked(constant, command, tmp_path):
    import pandas as pd

    command("evaluate", constant, *TRACK)
    table = pd.read_parquet(constant.parent / "results" / f"{NAME}.parquet").iloc[2:]
    path = tmp_path / "mine.csv"
    table.to_csv(path, index=False)
    done = command("score", path, *TRACK)
    assert done.code == 3
    assert "misses 2" in done.error_lines[0]
    done = command("score", path, *TRACK, "--partial", "--out", tmp_path / "out")
    assert done.code == 0
    result = read_result(tmp_path / "out" / f"{NAME}.json")
    assert not result.ranked
    assert len(result.coverage.failed) == 2


def test_compare_finds_the_better_of_two_submissions(written, command):
    good = written(
        "def predict(self, images):\n    return [{'brixia': [image.pixels.mean() * 3] * 6} for image in images]\n",
        name="good",
    )
    bad = written("def predict(self, images):\n    return [{'brixia': [3] * 6} for _ in images]\n", name="bad")
    for path in (good, bad):
        assert command("evaluate", path, *TRACK).code == 0
    files = [path.parent / "results" / f"{NAME}.json" for path in (good, bad)]
    rows = {row["metric"]: row for row in json.loads(command("compare", *files, "--json").out)}
    left, right = (read_result(file).metrics["zone_mae"].value for file in files)
    assert np.isclose(rows["zone_mae"]["difference"], left - right)
    assert rows["zone_mae"]["verdict"] == "A better"
    same = json.loads(command("compare", files[0], files[0], "--json").out)
    assert {row["verdict"] for row in same} <= {"no difference shown", "undefined"}
    assert command("compare", *files).code == 0


def test_compare_refuses_predictions_that_were_changed(constant, command):
    command("evaluate", constant, *TRACK)
    results = constant.parent / "results"
    (results / f"{NAME}.parquet").write_bytes(b"")
    done = command("compare", results / f"{NAME}.json", results / f"{NAME}.json")
    assert done.code == 4
    assert "changed" in done.error_lines[0]


def test_new_writes_a_submission_that_works(command, tmp_path):
    assert command("new", "my-model", "--out", tmp_path).code == 0
    done = command("evaluate", tmp_path / "my-model" / "submission.py", "--json")
    assert done.code == 0
    assert json.loads(done.out)["submission"]["name"] == "my-model"
    assert command("new", "my-model", "--out", tmp_path).code == 2
