"""LSNet overfits a batch, and beats the mean lungs of the training set on the phantom."""

import json

import numpy as np
import pytest
import torch
from cxrbench.case import Image
from cxrbench.datasets import load
from cxrbench.splits import load_split
from cxrbench_baselines.framing import View
from cxrbench_baselines.lungs_first import keep_largest
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.weights import load_weights
from safetensors.torch import save_file

TINY = (
    "input.size=64",
    "network.pretrained=none",
    "stages.lungs.epochs=3",
    "stages.lungs.optimizer.lr=0.0005",
)


def test_it_overfits_a_batch():
    torch.manual_seed(0)
    system = systems["lsnet"](load_recipe("lsnet", TINY)).train()
    labels = torch.zeros(4, 64, 64, dtype=torch.uint8)
    labels[:, 16:48, 8:40] = 1
    batch = {"image": torch.randn(4, 3, 64, 64) * 0.3 + labels[:, None], "lungs": labels}
    optimizer = torch.optim.Adam(system.parameters(), 1e-3)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = system.losses(system.recipe.stage("lungs"), batch)["seg"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_dlnet_takes_the_lungs_that_lsnet_learnt(tmp_path):
    lsnet = systems["lsnet"](load_recipe("lsnet", TINY))
    save_file(lsnet.state_dict(), tmp_path / "weights.safetensors")
    small = ("network.pretrained=none", "network.backbone=resnet18", "network.lungs.encoder=vgg16")
    dlnet = systems["dlnet"](load_recipe("dlnet-1", (*small, "input.size=64", "network.lungs.input.size=64")))
    load_weights(dlnet, tmp_path / "weights.safetensors", "lungs")
    pixels = np.random.default_rng(0).random((64, 64), np.float32)
    with torch.inference_mode():
        logits = lsnet.eval()(lsnet.make_batch([Image(pixels)], [View.whole((64, 64))]))["lungs"]
    cut = logits[0, 0].sigmoid().numpy() > 0.5
    assert np.array_equal(dlnet.eval().lungs.find(pixels), keep_largest(cut, 2))


@pytest.fixture(scope="module")
def constant():
    """The Dice of the best constant mask: where most of the training set has lung."""
    cases = {case.id: case for case in load("phantom", None).cases}
    split = load_split("phantom")
    train, test = (
        np.stack([cases[name].targets.lung_mask() > 0 for name in split.cases(part)]) for part in ("train", "test")
    )
    mask = train.mean(0) > 0.5
    return float(np.mean(2 * (test & mask).sum((1, 2)) / (test.sum((1, 2)) + mask.sum())))


@pytest.mark.parametrize("recipe", ["lsnet"])
def test_trained_on_the_phantom_it_beats_the_mean_lungs(command, tmp_path, constant, recipe):
    changes = [word for change in TINY for word in ("--set", change)]
    track = "lung-segmentation/phantom/test"
    done = command("train", recipe, "--track", track, *changes, "--out", tmp_path / "lsnet")
    assert done.code == 0, done.err
    arguments = ("--track", track, "--sandbox", "off", "--json")
    done = command("evaluate", tmp_path / "lsnet" / "submission.py", *arguments, "--out", tmp_path / "results")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["dice"]["value"] > max(constant, 0.85)
