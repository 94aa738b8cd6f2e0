"""`reproduce`: a result made again is equal, and every change is listed."""

import json
import shutil
from pathlib import Path

TRACK = ("--track", "brixia-severity/phantom/test")
NAME = "brixia-severity--phantom--test.json"


def test_an_honest_result_is_reproduced_and_left_unchanged(constant, command):
    command("evaluate", constant, *TRACK)
    path = constant.parent / "results" / NAME
    before = path.read_bytes()
    process = command("reproduce", path, "--json")
    assert process.code == 0
    assert json.loads(process.out) == {"result": str(path), "reproduced": True, "differences": []}
    assert path.read_bytes() == before


def test_an_improved_result_is_detected(constant, command):
    command("evaluate", constant, *TRACK)
    path = constant.parent / "results" / NAME
    document = json.loads(path.read_text("utf-8"))
    document["metrics"]["zone_mae"]["value"] -= 0.1
    document["metrics"]["zone_mae"]["low"] -= 0.1
    path.write_text(json.dumps(document), "utf-8")
    process = command("reproduce", path, "--json")
    assert process.code == 1
    places = [difference["place"] for difference in json.loads(process.out)["differences"]]
    assert places == ["metrics.zone_mae.value", "metrics.zone_mae.low"]
    assert len(process.error_lines) == 1


def test_changed_code_is_detected(constant, command):
    command("evaluate", constant, *TRACK)
    constant.write_text(constant.read_text("utf-8") + "# a remark\n", "utf-8")
    process = command("reproduce", constant.parent / "results" / NAME)
    assert process.code == 1
    assert "submission.sha256" in process.out


def test_a_table_of_predictions_is_scored_again(constant, command, tmp_path):
    command("evaluate", constant, *TRACK)
    table = constant.parent / "results" / "brixia-severity--phantom--test.parquet"
    out = tmp_path / "mine" / "results"
    out.mkdir(parents=True)
    shutil.copy(table, out / "mine.parquet")
    command("score", out / "mine.parquet", *TRACK, "--out", out)
    assert command("reproduce", out / NAME).code == 0


def test_no_result_and_no_submission_are_usage_errors(constant, command, tmp_path):
    assert command("reproduce", tmp_path / "nowhere.json").code == 2
    command("evaluate", constant, *TRACK)
    constant.unlink()
    assert command("reproduce", constant.parent / "results" / NAME).code == 2


def test_predictions_that_depend_on_the_order_are_detected(command, tmp_path):
    hostile = Path(__file__).parent / "hostile" / "depends_on_order.py"
    path = tmp_path / "hostile" / "submission.py"
    path.parent.mkdir()
    shutil.copy(hostile, path)
    assert command("evaluate", path, *TRACK).code == 0
    process = command("reproduce", path.parent / "results" / NAME)
    assert process.code == 1
    assert "metrics.zone_mae.value" in process.out
