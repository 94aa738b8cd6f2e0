"""Scoring kept predictions again: the same result, without running the submission."""

import json
import shutil
from pathlib import Path

import pytest

TRACK = "brixia-severity/phantom/test"


@pytest.fixture
def evaluated(command, written, tmp_path) -> Path:
    file = written(
        "def predict(self, images):\n    return [{'brixia': [image.pixels.mean() * 3] * 6} for image in images]"
    )
    process = command("evaluate", file, "--track", TRACK, "--out", tmp_path / "results")
    assert process.code == 0, process.err
    return next((tmp_path / "results").glob("*.json"))


def test_kept_predictions_give_the_same_result(command, evaluated):
    before = json.loads(evaluated.read_text())
    process = command("rescore", evaluated, "--json")
    assert process.code == 0, process.err
    after = json.loads(evaluated.read_text())
    for result in (before, after):
        result["submission"].pop("sha256")  # its folder holds the test's own files
    assert after == before


def test_a_result_without_predictions_is_refused(command, evaluated):
    lonely = evaluated.with_name("lonely.json")
    document = json.loads(evaluated.read_text()) | {"predictions": None}
    lonely.write_text(json.dumps(document))
    process = command("rescore", lonely)
    assert (process.code, len(process.error_lines)) == (2, 1)
    shutil.rmtree(evaluated.parent)
