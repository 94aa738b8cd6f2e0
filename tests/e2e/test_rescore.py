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
    done = command("evaluate", file, "--track", TRACK, "--out", tmp_path / "results")
    assert done.code == 0, done.err
    return next((tmp_path / "results").glob("*.json"))


def test_kept_predictions_give_the_same_result(command, evaluated):
    before = json.loads(evaluated.read_text())
    done = command("rescore", evaluated, "--json")
    assert done.code == 0, done.err
    after = json.loads(evaluated.read_text())
    for one in (before, after):
        one["submission"].pop("sha256")  # its folder holds the test's own files
    assert after == before


def test_what_keeps_no_predictions_is_refused(command, evaluated):
    lonely = evaluated.with_name("lonely.json")
    document = json.loads(evaluated.read_text()) | {"predictions": None}
    lonely.write_text(json.dumps(document))
    done = command("rescore", lonely)
    assert (done.code, len(done.error_lines)) == (2, 1)
    shutil.rmtree(evaluated.parent)
