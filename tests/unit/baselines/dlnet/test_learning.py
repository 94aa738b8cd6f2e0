"""DLNet and the detector learn: one batch is overfitted, and on the phantom they beat chance."""

import json

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE, Case, Image, Targets
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.dlnet.choices import Told, chosen, precision
from cxrbench_baselines.systems.dlnet.dlnet import PIXELS
from cxrbench_baselines.systems.dlnet.network import to_unit
from cxrbench_baselines.systems.dlnet.targets import target
from torch.nn import functional

SMALL = (
    "input.size=64",
    "network.backbone=resnet18",
    "network.pretrained=none",
    "network.lungs.input.size=64",
    "network.lungs.encoder=resnet18",
)
TINY = (
    *SMALL,
    "stages.lungs.epochs=2",
    "stages.lungs.optimizer.lr=0.002",
    "stages.dlnet.epochs=4",
    "stages.dlnet.optimizer.lr=0.0005",
    "stages.proposals.epochs=1",
    "predict.choose=true",
)


@pytest.fixture
def system():
    torch.manual_seed(0)
    return systems["dlnet"](load_recipe("dlnet-2", SMALL)).eval()


def batch():
    """Four images, of which two have a bright box; the third has no boxes known, the fourth no label."""
    labels = torch.zeros(4, 64, 64, dtype=torch.uint8)
    labels[:2, 16:48, 8:40] = 1
    image = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.3 + labels[:, None]
    return {
        "image": image,
        "boxes": labels,
        "refined": torch.zeros(4, dtype=torch.uint8),
        "finding": torch.tensor([1.0, 1, 0, 0]),
    }


def test_the_loss_is_equation_1(system):
    given, stage = batch(), system.recipe.stage("dlnet")
    losses = system.losses(stage, given)
    seen = system.dlnet(given["image"])
    entropy = functional.binary_cross_entropy(seen.logit.sigmoid(), given["finding"])
    wanted = target(given["boxes"], given["refined"], 5.0, 8)
    squares = ((to_unit(seen.maps) - wanted[:, None]) ** 2).sum((1, 2, 3)) * 56 * 56 / (8 * 8)
    assert torch.allclose(losses["detection"], entropy)
    assert torch.allclose(losses["localization"], 1e-5 * squares.mean(), rtol=1e-4)
    assert PIXELS == 128 * 56 * 56


def test_what_is_not_known_costs_nothing(system):
    given, stage = batch(), system.recipe.stage("dlnet")
    whole = system.losses(stage, given)
    given["boxes"][2] = IGNORE
    given["finding"][3] = torch.nan
    some = system.losses(stage, given)
    assert not torch.equal(whole["localization"], some["localization"])
    given["boxes"][:], given["finding"][:] = IGNORE, torch.nan
    assert float(system.losses(stage, given)["localization"].detach()) == 0
    assert float(system.losses(stage, given)["detection"].detach()) == 0
    assert system.quality(stage, given).isnan().all()


def test_quality_is_the_loss_with_its_sign_turned(system):
    given, stage = batch(), system.recipe.stage("dlnet")
    total = sum(system.losses(stage, given).values())
    assert torch.allclose(system.quality(stage, given).mean(), -total, rtol=1e-4)


def test_a_batch_is_overfitted(system):
    given, stage = batch(), system.recipe.stage("dlnet")
    (part,) = system.parts("dlnet")
    part.train()
    optimizer = torch.optim.Adam(part.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = sum(system.losses(stage, given).values())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def image():
    return Image(np.full((96, 80), 0.5, np.float32))


def outputs(logit):
    heat = torch.zeros(8, 8)
    heat[1:7, :4] = 1
    return {"finding": torch.tensor(logit), "map": heat}


def test_below_the_operating_point_nothing_is_localised(system, monkeypatch):
    lungs = np.zeros((96, 80), bool)
    lungs[10:90, 5:35] = lungs[10:90, 45:75] = True
    monkeypatch.setattr(system.lungs, "find", lambda pixels: lungs)
    view = system.view(None, image().pixels)
    high, low = (system.decoded(outputs(logit), view, image()) for logit in (3.0, 0.0))  # 0.95 and 0.5: 0.62 between
    assert high["detection"]["probability"] == pytest.approx(1 / (1 + np.exp(-3)))
    assert len(high["localization"]["boxes"]) == 1
    assert high["extent-opacity"]["extent"] == 4  # 81 % of one lung, nothing of the other
    assert high["extent-opacity"]["opacity"] == 3
    assert low["localization"]["boxes"].shape == (0, 4)
    assert low["extent-opacity"] == {"extent": 0, "opacity": 0, "_ratio": 0}


def test_the_precision_that_chooses_the_maps_threshold_is_the_papers():
    case = Case(id="a", patient="a", dataset="d", targets=Targets(boxes=np.array([[0, 0, 10, 10.0]]), finding=True))
    hit = np.array([[0, 0, 10, 6.0]]), np.array([0.9])  # IoU 0.6: a hit at 0.40 ... 0.55, half of the thresholds
    told = [Told(case, 0.7, (hit,)), Told(case, 0.5, (hit,))]
    assert precision(told, 0, 0.4) == 0.5
    assert precision(told, 0, 0.6) == 0.25


def test_both_thresholds_are_chosen_by_the_papers_rules(system, monkeypatch):
    system.settings["choose"] = True
    one, none = np.array([[0, 12, 40, 72.0]]), np.zeros((0, 4))
    cases = [
        Case(
            id=str(i), patient=str(i), dataset="d", targets=Targets(boxes=one if i < 2 else none, finding=i < 2),
            load=image,
        )
        for i in range(4)
    ]  # fmt: skip
    logits = iter([2.0, 1.0, -1.0, -2.0])
    monkeypatch.setattr(system, "forward", lambda _: {key: value[None] for key, value in outputs(next(logits)).items()})
    found = chosen(system, cases, lambda *_: None)
    assert found["operating_point"] == pytest.approx(1 / (1 + np.exp(-1)))  # between the classes
    assert found["map_threshold"] in {0.5, 0.6, 0.7, 0.8, 0.9}
    assert chosen(system, [], lambda *_: None) == {}


@pytest.mark.timeout(900)
def test_trained_on_the_phantom_dlnet_detects_localises_and_measures(command, tmp_path):
    changes = [word for change in TINY for word in ("--set", change)]
    folder = tmp_path / "dlnet"
    done = command("train", "dlnet-2", "--track", "localization/phantom/test", *changes, "--out", folder)
    assert done.code == 0, done.err
    tracks = [f"{task}/phantom/test" for task in ("detection", "localization", "extent-opacity")]
    asked = [word for track in tracks for word in ("--track", track)]
    done = command("evaluate", folder / "submission.py", *asked, "--sandbox", "off", "--out", tmp_path / "results")
    assert done.code == 0, done.err
    found = {
        path.name.partition("--")[0]: json.loads(path.read_text("utf-8"))["metrics"]
        for path in (tmp_path / "results").rglob("*.json")
    }
    assert found["detection"]["roc_auc"]["value"] > 0.55
    assert found["localization"]["rsna_map"]["value"] > 0
    assert found["extent-opacity"]["extent_pearson"]["value"] > 0.2


def test_the_detector_overfits_a_batch():
    torch.manual_seed(0)
    small = ("input.size=64", "network.backbone=resnet18", "network.pretrained=none")
    system = systems["resnet50-detector"](load_recipe("resnet50-detector", small)).train()
    optimizer = torch.optim.Adam(system.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = system.losses(system.recipe.stage("finding"), batch())["detection"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.timeout(900)
def test_trained_on_the_phantom_the_detector_beats_chance(command, tmp_path):
    """Every constant prediction has an AUC of 0.5; here the whole interval over patients lies above it."""
    changes = (
        "input.size=64",
        "network.backbone=resnet18",
        "network.pretrained=none",
        "stages.finding.epochs=30",
        "stages.finding.batch=16",
        "stages.finding.optimizer={name: adamw, lr: 0.0005, weight_decay: 0.05}",
        "stages.finding.schedule={name: one-cycle}",
        "stages.finding.stopping=null",
    )
    folder, settings = tmp_path / "detector", [word for one in changes for word in ("--set", one)]
    done = command("train", "resnet50-detector", "--track", "detection/phantom/train", *settings, "--out", folder)
    assert done.code == 0, done.err
    done = command("evaluate", folder / "submission.py", "--track", "detection/phantom/test", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["roc_auc"]["low"] > 0.5
