"""The all-in-one network: its size, its scores, the mirror image, an overfitted batch, the phantom."""

import json

import pytest
import torch
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.resnet18.system import ResNet18


def system(*changes):
    torch.manual_seed(0)
    network = systems["resnet18"](load_recipe("resnet18", ("input.size=32", *changes)))
    assert isinstance(network, ResNet18)
    return network.eval()


def test_it_is_resnet_18_on_one_channel_with_six_outputs():
    """11,689,512 weights of ImageNet's network, less two colours of the first layer and 994 of the 1,000 classes."""
    count = sum(weights.numel() for weights in system().parameters())
    assert count == 11_689_512 - 2 * 64 * 49 - 994 * 513


def test_a_flip_before_is_a_flip_after():
    network, image = system(), torch.rand(2, 1, 32, 32)
    with torch.inference_mode():
        scores, mirrored = network(image)["brixia"], network(image.flip(-1))["brixia"]
    assert scores.shape == (2, 6)
    assert ((scores >= 0) & (scores <= 3)).all()
    assert torch.allclose(mirrored, scores.roll(3, 1), atol=1e-6)


def test_a_batch_is_overfitted_and_unknown_zones_cost_nothing():
    network = system("network.dropout=0").train()
    stage, image = network.recipe.stage("scoring"), torch.rand(4, 1, 32, 32)
    truth = torch.tensor([[0, 1, 2, 3, 0, -1]] * 2 + [[3, 2, 1, 0, 3, -1]] * 2)
    unknown = {"image": image, "brixia": torch.full((4, 6), -1)}
    assert not network.losses(stage, unknown)["score"].detach().any()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    losses = []
    for _ in range(20):
        loss = network.losses(stage, {"image": image, "brixia": truth})["score"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    quality = network.quality(stage, {"image": image, "brixia": truth})
    assert quality.isnan().all()


def test_a_known_score_has_a_quality():
    network, batch = system(), {"image": torch.rand(1, 1, 32, 32), "brixia": torch.ones(1, 6)}
    with torch.inference_mode():
        quality = network.quality(network.recipe.stage("scoring"), batch)
    assert float(quality) == pytest.approx(-abs(1.5 - 1), abs=0.4)


def test_trained_on_the_phantom_it_beats_any_constant(command, tmp_path, best_constant):
    track = "brixia-severity/phantom/val"
    changes = ("--set", "input.size=64", "--set", "stages.scoring.epochs=12")
    done = command("train", "resnet18", "--track", track, *changes, "--out", tmp_path / "made")
    assert done.code == 0, done.err
    done = command("evaluate", tmp_path / "made" / "submission.py", "--track", track, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["zone_mae"]["value"] < 0.8 * best_constant(track)
