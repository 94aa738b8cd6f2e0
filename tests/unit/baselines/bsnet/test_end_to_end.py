"""A small training of all four stages on the phantom, by the commands; it must beat the best constant scores."""

import json

import pytest

TRACK = "brixia-severity/phantom/val"
SETTINGS = {
    "input.size": 64,
    "input.normalise": "half",
    "network.encoder": "timm-tf_efficientnet_lite0",
    "network.pretrained": "efficientnet-lite0-package",
    "network.lung_levels": 2,
    "network.width": 24,
    "predict.score": "mean",
    "stages.lungs.epochs": 2,
    "stages.alignment.epochs": 3,
    "stages.scoring.epochs": 1,
    "stages.all.epochs": 5,
    "stages.all.optimizer.lr": 0.001,
    **{f"stages.{stage}.batch": 16 for stage in ("lungs", "alignment", "scoring", "all")},
}


@pytest.mark.filterwarnings("ignore:.timm-. encoders are deprecated:DeprecationWarning")
def test_four_stages_and_a_score_better_than_any_constant(command, tmp_path, best_constant):
    changes = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    done = command("train", "bs-net-ha", "--track", TRACK, "--out", tmp_path / "made", *changes)
    assert done.code == 0, done.err
    story = json.loads((tmp_path / "made" / "training.json").read_text())
    assert [stage["stage"] for stage in story["stages"]] == ["lungs", "alignment", "scoring", "all"]
    scored = command("evaluate", tmp_path / "made" / "submission.py", "--track", TRACK, "--json")
    assert scored.code == 0, scored.err
    zone_mae = json.loads(scored.out)["metrics"]["zone_mae"]["value"]
    assert zone_mae < 0.95 * best_constant(TRACK)
