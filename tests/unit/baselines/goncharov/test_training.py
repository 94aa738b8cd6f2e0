"""Every CT system in the training loop on a few series of the phantom: each beats a constant prediction."""

import json
from collections import Counter
from dataclasses import replace

import cxrbench
import numpy as np
import pytest
from cxrbench.metrics import roc_auc, spearman
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.saved import load_system
from cxrbench_baselines.training import data
from cxrbench_baselines.training.fit import train_recipe
from cxrbench_baselines.training.settings import TrainingSettings

HANDFUL = {
    "train": {"covid": 10, "other": 5, "healthy": 5},
    "val": {"covid": 1, "other": 1},
    "test": {"covid": 6, "healthy": 4},
}
COMMON = ("input.spacing=6", "input.size=48")
TINY = {
    "2d-unet": ("lesions", "network.channels=[8,16]", "steps=100", "batch=16"),
    "2d-unet-plus": ("lesions", "network.channels=[8,16]", "steps=100", "batch=16"),
    "3d-unet": (
        "lesions",
        "network.channels=[6,12]",
        "network.slices=16",
        "steps=25",
        "batch=4",
        "optimizer.name=adam",
    ),
    "resnet50-2.5d": ("covid", "network.encoder=resnet10t", "network.slices=6", "steps=25", "batch=5"),
    "multitask-2d-unet": ("both", "network.channels=[8,16]", "network.slices=8", "steps=40", "batch=4"),
    "lungs-unet": ("lungs", "network.channels=[6,12,24]", "input.size=60", "steps=70", "batch=8"),
}


def tiny(name):
    stage, *changes = TINY[name]
    settings = [change if change.startswith(("network", "input")) else f"stages.{stage}.{change}" for change in changes]
    return (*COMMON, *settings, f"stages.{stage}.optimizer.lr=0.01")


@pytest.fixture(scope="module")
def handful():
    """A few series of each part and category."""
    whole, split = cxrbench.load("phantom-ct"), cxrbench.load_split("phantom-ct")
    missing = {part: Counter(counts) for part, counts in HANDFUL.items()}
    chosen = []
    for case in whole.cases:
        counts = missing.get(split.part_of[case.id], Counter())
        if counts[case.targets.category] > 0:
            counts[case.targets.category] -= 1
            chosen.append(case)
    return replace(whole, cases=tuple(chosen))


@pytest.fixture
def few(handful, monkeypatch):
    """The series that training finds; returns those of the test set."""
    monkeypatch.setattr(data, "load", lambda *_: handful)
    part_of = cxrbench.load_split("phantom-ct").part_of
    return [case for case in handful.cases if part_of[case.id] == "test"]


def trained(name, folder):
    task = "lung-segmentation" if name == "lungs-unet" else "ct-triage"
    settings = TrainingSettings(data=None, out=folder, tracks=(f"{task}/phantom-ct/train",))
    return train_recipe(load_recipe(name, tiny(name)), settings, lambda *_: None).system


def read(system, cases):
    """Truth and predictions of the two rankings, and the mean Dice of COVID-19."""
    predictions = system.eval().predict([case.image() for case in cases])
    ill = np.array([case.targets.category == "covid" for case in cases])
    truth = np.array([case.targets.affected_fraction["larger"] for case in cases])
    covid, share = (np.array([prediction[key] for prediction in predictions]) for key in ("covid", "affected_fraction"))
    dices = [
        overlap(prediction["mask"], case.targets.lesion_mask())
        for prediction, case in zip(predictions, cases, strict=True)
        if "mask" in prediction
    ]
    return (
        roc_auc(ill.astype(float), covid),
        spearman(truth[ill], share[ill]),
        np.mean(np.array(dices)[ill]) if dices else None,
    )


def overlap(left, right):
    return 2 * (left & right).sum() / max(left.sum() + right.sum(), 1)


@pytest.mark.parametrize("name", ["2d-unet", "2d-unet-plus", "3d-unet"])
def test_segmentation_beats_a_constant(name, few, tmp_path):
    auc, rho, dice = read(trained(name, tmp_path), few)
    assert auc > 0.6
    assert dice > 0.1
    assert rho > 0.2 or name == "3d-unet"  # too few steps to rank six series


def test_identification_beats_a_constant(few, tmp_path):
    auc, _, dice = read(trained("resnet50-2.5d", tmp_path), few)
    assert auc > 0.6
    assert dice is None


def test_the_multitask_network_is_trained_and_evaluated_by_command(few, tmp_path, command):
    changes = [part for change in tiny("multitask-2d-unet") for part in ("--set", change)]
    folder = tmp_path / "both"
    track = ("--track", "ct-triage/phantom-ct/train")
    done = command("train", "multitask-2d-unet", *track, *changes, "--name", "both", "--out", folder)
    assert done.code == 0, done.err
    assert "batch_size = 1" in (folder / "submission.py").read_text()
    story = json.loads((folder / "training.json").read_text())
    assert story["stages"][0]["cases"] == sum(HANDFUL["train"].values())
    assert {"loss_seg", "loss_cls"} <= set(story["stages"][0]["epochs"][0])
    auc, rho, dice = read(load_system(folder), few)
    assert auc > 0.6
    assert rho > 0.2
    assert dice > 0.1
    test = ("--track", "ct-triage/phantom-ct/test", "--limit", 2, "--sandbox", "off", "--out", tmp_path / "results")
    done = command("evaluate", folder / "submission.py", *test)
    assert done.code == 0, done.err


def test_the_lung_network_learns_the_lungs(few, tmp_path):
    system = trained("lungs-unet", tmp_path / "lungs").eval()
    masks = [prediction["mask"] for prediction in system.predict([case.image() for case in few[:3]])]
    dices = [overlap(mask, case.targets.lung_mask() > 0) for mask, case in zip(masks, few, strict=False)]
    assert min(dices) > 0.4  # all lung: 0.2
