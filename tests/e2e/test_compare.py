"""`compare`: two results, or one with the raters of its track."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from cxrbench.datasets import load

TRACK = "brixia-severity/brixia-cohen/all"
NAME = "brixia-severity--brixia-cohen--all.json"
KEYS = {"metric", "difference", "low", "high", "p", "p_holm", "verdict"}


@pytest.fixture
def results(synthetic_copy, command, tmp_path):
    """A result with the scores of the senior rater but for one zone in ten, and one of noise."""
    rng = np.random.default_rng(1)
    cases = load("brixia-cohen", synthetic_copy).cases
    paths = {}
    for name, share in (("near", 0.1), ("noise", 1.0)):
        rows = []
        for case in cases:
            zones = np.array(case.targets.brixia)
            other = rng.integers(0, 4, 6)
            rows.append([case.id, *np.where(rng.random(6) < share, other, zones)])
        folder = tmp_path / name / "results"
        folder.mkdir(parents=True)
        pd.DataFrame(rows, columns=["case_id", *"ABCDEF"]).to_csv(folder / f"{name}.csv", index=False)
        process = command("score", folder / f"{name}.csv", "--track", TRACK, "--data", synthetic_copy, "--out", folder)
        assert process.code == 0, process.err
        paths[name] = folder / NAME
    return paths


def test_differences_have_an_interval_and_both_tests(results, synthetic_copy, command):
    process = command("compare", results["near"], results["noise"], "--data", synthetic_copy, "--json")
    rows = {row["metric"]: row for row in json.loads(process.out)}
    assert set(rows["zone_mae"]) == KEYS | {"p_sign_flip", "p_sign_flip_holm", "test", "p_test"}
    assert rows["zone_mae"]["verdict"] == "A better"
    assert rows["zone_mae"]["p_sign_flip"] == pytest.approx(1 / 10_001)
    assert rows["zone_mae"]["p_sign_flip_holm"] >= rows["zone_mae"]["p_sign_flip"]
    assert rows["zone_mae"]["test"] is None
    text = command("compare", results["near"], results["noise"], "--data", synthetic_copy).out
    assert "p sign flips (Holm)" in text.splitlines()[0]


def test_inter_rater_agreement_is_the_matrix_of_raters_and_submission(results, synthetic_copy, command):
    process = command("compare", results["near"], "--raters", "--data", synthetic_copy, "--json")
    agreement = json.loads(process.out)
    cases = load("brixia-cohen", synthetic_copy).cases
    senior, junior = (np.array([case.targets.raters[name] for case in cases]) for name in ("senior", "junior"))
    assert agreement["n"] == len(cases)
    assert agreement["matrix"]["senior"]["junior"] == pytest.approx(np.abs(senior - junior).mean())
    assert agreement["raters"]["value"] == pytest.approx(agreement["matrix"]["junior"]["senior"])
    mean = (agreement["matrix"]["submission"]["senior"] + agreement["matrix"]["submission"]["junior"]) / 2
    assert agreement["submission"]["value"] == pytest.approx(mean)
    assert agreement["ahead"]["value"] == pytest.approx(agreement["raters"]["value"] - mean)
    assert agreement["verdict"] == "better"
    text = command("compare", results["near"], "--raters", "--data", synthetic_copy).out
    assert text.splitlines()[-1].endswith("better")


def test_what_to_compare_with_is_needed_once(results, command):
    assert command("compare", results["near"]).code == 2
    assert command("compare", results["near"], results["noise"], "--raters").code == 2


def test_a_track_without_raters_says_so(written, command):
    body = "tasks = ('extent-opacity',)\ndef predict(self, images):\n"
    path = written(body + "    return [{'extent': 1, 'opacity': 1} for _ in images]\n")
    command("evaluate", path, "--track", "extent-opacity/phantom/test")
    process = command("compare", path.parent / "results" / "extent-opacity--phantom--test.json", "--raters")
    assert process.code == 2
    assert "rater" in process.error_lines[0]


def test_a_rater_is_not_compared_with_raters(synthetic_copy, command, tmp_path):
    out = tmp_path / "rater"
    command("score", "--rater", "junior", "--track", TRACK, "--data", synthetic_copy, "--out", out)
    process = command("compare", out / NAME, "--raters", "--data", synthetic_copy)
    assert process.code == 2
    assert "a rater's own" in process.error_lines[0]
    shutil.rmtree(out)


def test_the_page_shows_the_same_test_from_result_files(results, synthetic_copy, command):
    """The same draws, the same p: what `compare` computes from predictions and truth, the site computes from sums."""
    from cxrbench.results import read_result
    from cxrbench_leaderboard.model.ranks import compare_results

    (pair,) = compare_results([read_result(path) for path in results.values()]).pairs
    process = command("compare", results["near"], results["noise"], "--data", synthetic_copy, "--json")
    (row,) = [row for row in json.loads(process.out) if row["metric"] == "zone_mae"]
    assert (pair.left, pair.right) == ("near", "noise")
    assert (pair.estimate.value, pair.estimate.low, pair.estimate.high) == pytest.approx(
        (-row["difference"], -row["high"], -row["low"]), abs=1e-6
    )
    assert pair.p <= row["p"] == 1e-4
