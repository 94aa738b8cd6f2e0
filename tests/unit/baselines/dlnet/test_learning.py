"""DLNet and the detector overfit a batch, and beat chance on the phantom."""

import json

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE, Case, Image, Targets
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.dlnet.choices import CasePrediction, choose_thresholds, compute_map_precision
from cxrbench_baselines.systems.dlnet.dlnet import MAP_PIXELS
from cxrbench_baselines.systems.dlnet.network import scale_to_unit
from cxrbench_baselines.systems.dlnet.targets import make_target_maps
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


def build_dlnet():
    torch.manual_seed(0)
    return systems["dlnet"](load_recipe("dlnet-2", SMALL)).eval()


@pytest.fixture(scope="module")
def system():
    """One DLNet for all tests that do not train it."""
    return build_dlnet()


def batch():
    """Four images, of which two have a bright box; tests remove boxes of the third and the label of the fourth."""
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
    examples, stage = batch(), system.recipe.stage("dlnet")
    losses = system.losses(stage, examples)
    output = system.dlnet(examples["image"])
    entropy = functional.binary_cross_entropy(output.logit.sigmoid(), examples["finding"])
    target = make_target_maps(examples["boxes"], examples["refined"], 5.0, 8)
    squares = ((scale_to_unit(output.maps) - target[:, None]) ** 2).sum((1, 2, 3)) * 56 * 56 / (8 * 8)
    assert torch.allclose(losses["detection"], entropy)
    assert torch.allclose(losses["localization"], 1e-5 * squares.mean(), rtol=1e-4)
    assert MAP_PIXELS == 128 * 56 * 56


def test_unknown_truth_costs_nothing(system):
    examples, stage = batch(), system.recipe.stage("dlnet")
    whole = system.losses(stage, examples)
    examples["boxes"][2] = IGNORE
    examples["finding"][3] = torch.nan
    some = system.losses(stage, examples)
    assert not torch.equal(whole["localization"], some["localization"])
    examples["boxes"][:], examples["finding"][:] = IGNORE, torch.nan
    assert float(system.losses(stage, examples)["localization"].detach()) == 0
    assert float(system.losses(stage, examples)["detection"].detach()) == 0
    assert system.quality(stage, examples).isnan().all()


def test_quality_is_the_loss_with_its_sign_turned(system):
    examples, stage = batch(), system.recipe.stage("dlnet")
    total = sum(system.losses(stage, examples).values())
    assert torch.allclose(system.quality(stage, examples).mean(), -total, rtol=1e-4)


def test_a_batch_is_overfitted():
    system = build_dlnet()
    examples, stage = batch(), system.recipe.stage("dlnet")
    (part,) = system.trained_modules("dlnet")
    part.train()
    optimizer = torch.optim.Adam(part.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = sum(system.losses(stage, examples).values())
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
    high, low = (
        system.to_prediction(outputs(logit), view, image()) for logit in (3.0, 0.0)
    )  # 0.95 and 0.5: 0.62 between
    assert high["detection"]["probability"] == pytest.approx(1 / (1 + np.exp(-3)))
    assert len(high["localization"]["boxes"]) == 1
    assert high["extent-opacity"]["extent"] == 4  # 81 % of one lung, nothing of the other
    assert high["extent-opacity"]["opacity"] == 3
    assert low["localization"]["boxes"].shape == (0, 4)
    assert low["extent-opacity"] == {"extent": 0, "opacity": 0, "_ratio": 0}


def test_the_precision_that_chooses_the_maps_threshold_is_the_papers():
    case = Case(id="a", patient="a", dataset="d", targets=Targets(boxes=np.array([[0, 0, 10, 10.0]]), finding=True))
    hit = np.array([[0, 0, 10, 6.0]]), np.array([0.9])  # IoU 0.6: a hit at 0.40 ... 0.55, half of the thresholds
    predictions = [CasePrediction(case, 0.7, (hit,)), CasePrediction(case, 0.5, (hit,))]
    assert compute_map_precision(predictions, 0, 0.4) == 0.5
    assert compute_map_precision(predictions, 0, 0.6) == 0.25


def test_both_thresholds_are_chosen_by_the_papers_rules(system, monkeypatch):
    monkeypatch.setitem(system.settings, "choose", True)
    box, none = np.array([[0, 12, 40, 72.0]]), np.zeros((0, 4))
    cases = [
        Case(
            id=str(i), patient=str(i), dataset="d", targets=Targets(boxes=box if i < 2 else none, finding=i < 2),
            load=image,
        )
        for i in range(4)
    ]  # fmt: skip
    logits = iter([2.0, 1.0, -1.0, -2.0])
    monkeypatch.setattr(system, "forward", lambda _: {key: value[None] for key, value in outputs(next(logits)).items()})
    thresholds = choose_thresholds(system, cases, lambda *_: None)
    assert thresholds["operating_point"] == pytest.approx(1 / (1 + np.exp(-1)))  # between the classes
    assert thresholds["map_threshold"] in {0.5, 0.6, 0.7, 0.8, 0.9}
    assert choose_thresholds(system, [], lambda *_: None) == {}


def test_trained_on_the_phantom_dlnet_detects_localises_and_measures(command, tmp_path):
    changes = [word for change in TINY for word in ("--set", change)]
    folder = tmp_path / "dlnet"
    done = command("train", "dlnet-2", "--track", "localization/phantom/test", *changes, "--out", folder)
    assert done.code == 0, done.err
    tracks = [f"{task}/phantom/test" for task in ("detection", "localization", "extent-opacity")]
    arguments = [word for track in tracks for word in ("--track", track)]
    done = command("evaluate", folder / "submission.py", *arguments, "--sandbox", "off", "--out", tmp_path / "results")
    assert done.code == 0, done.err
    metrics = {
        path.name.partition("--")[0]: json.loads(path.read_text("utf-8"))["metrics"]
        for path in (tmp_path / "results").rglob("*.json")
    }
    assert metrics["detection"]["roc_auc"]["value"] > 0.55
    assert metrics["localization"]["rsna_map"]["value"] > 0
    assert metrics["extent-opacity"]["extent_pearson"]["value"] > 0.2


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


def test_trained_on_the_phantom_the_detector_beats_chance(command, tmp_path):
    """Every constant prediction has an AUC of 0.5; here the whole interval over patients is above it."""
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
    folder, settings = tmp_path / "detector", [word for change in changes for word in ("--set", change)]
    done = command("train", "resnet50-detector", "--track", "detection/phantom/train", *settings, "--out", folder)
    assert done.code == 0, done.err
    done = command("evaluate", folder / "submission.py", "--track", "detection/phantom/test", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["roc_auc"]["low"] > 0.5
