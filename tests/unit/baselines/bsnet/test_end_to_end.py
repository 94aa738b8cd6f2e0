"""One tiny training of all four stages on the phantom, through the commands; it must beat the best constant scores."""

import json

import numpy as np
from cxrbench.datasets import load
from cxrbench.tasks.track import Track

TRACK = "brixia-severity/phantom/val"
SETTINGS = {
    "input.size": 64,
    "network.lung_levels": 2,
    "network.width": 24,
    "predict.score": "mean",
    "stages.lungs.epochs": 2,
    "stages.alignment.epochs": 4,
    "stages.scoring.epochs": 1,
    "stages.all.epochs": 6,
    "stages.all.optimizer.lr": 0.001,
    **{f"stages.{stage}.batch": 16 for stage in ("lungs", "alignment", "scoring", "all")},
}


def best_constant():
    """The mean absolute error of the medians of the training part."""
    track = Track.parse(TRACK)
    cases = {case.id: case for case in load("phantom").cases}
    split = track.load_split(tuple(cases.values()))
    train, own = ([cases[name].targets.brixia for name in split.cases(part)] for part in ("train", track.part))
    return np.abs(np.array(own) - np.median(train, axis=0)).mean()


def test_four_stages_and_a_score_better_than_any_constant(command, tmp_path):
    changes = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    done = command("train", "bs-net-ha", "--track", TRACK, "--out", tmp_path / "made", *changes)
    assert done.code == 0, done.err
    story = json.loads((tmp_path / "made" / "training.json").read_text())
    assert [stage["stage"] for stage in story["stages"]] == ["lungs", "alignment", "scoring", "all"]
    scored = command("evaluate", tmp_path / "made" / "submission.py", "--track", TRACK, "--json")
    assert scored.code == 0, scored.err
    zone_mae = json.loads(scored.out)["metrics"]["zone_mae"]["value"]
    assert zone_mae < 0.95 * best_constant()
