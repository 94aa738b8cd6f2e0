"""The rural U-Net: lungs cut out, opacities and their share; it overfits a batch and beats empty and full masks."""

import json

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE, Case, Image, Targets
from cxrbench.datasets import load
from cxrbench_baselines.framing import View
from cxrbench_baselines.lungs_first import keep_largest, read_drawn_lungs
from cxrbench_baselines.nets.losses import compute_map_loss
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.rural.opacity import compute_share

TINY = (
    "input.size=64",
    "network.lungs.input.size=64",
    "network.pretrained=none",
    "stages.lungs.epochs=4",
    "stages.lungs.optimizer.lr=0.002",
    "stages.opacity.epochs=6",
    "stages.opacity.optimizer.lr=0.002",
)
LUNGS = np.zeros((80, 100), np.uint8)
LUNGS[20:60, 10:40], LUNGS[20:60, 60:90] = 1, 2


def build_system():
    torch.manual_seed(0)
    return systems["rural-opacity"](load_recipe("unet-resnet18-rural", TINY)).eval()


@pytest.fixture(scope="module")
def system():
    """One system for all tests that do not train it."""
    return build_system()


def case(lungs=LUNGS):
    """A radiograph that is brighter at the bottom, with opacities at the base of one lung."""
    pixels = np.tile(np.linspace(0, 1, 80, dtype=np.float32)[:, None], (1, 100))
    lesions = np.zeros((80, 100), bool)
    lesions[50:60, 10:40] = True
    targets = Targets(lesion_mask=lambda: lesions, lung_mask=None if lungs is None else lambda: lungs)
    return Case(id="one", patient="one", dataset="none", targets=targets, load=lambda: Image(pixels))


def quiet(*_):
    pass


def test_the_share_is_of_the_lungs_area():
    lungs = LUNGS > 0
    sick = np.zeros_like(lungs)
    sick[:40] = True
    assert compute_share(sick, lungs) == 0.5
    assert compute_share(sick, np.zeros_like(lungs)) == 0
    assert compute_share(np.ones_like(lungs), lungs) == 1


def test_training_sees_drawn_lungs_with_black_around_them(system):
    stage = system.recipe.stage("opacity")
    example = system.make_examples(stage, [case()], 0, quiet, learning=False).examples[0]
    assert example["image"].shape == example["lesions"].shape == (64, 64)
    rows, columns = np.flatnonzero(example["lesions"].any(1)), np.flatnonzero(example["lesions"].any(0))
    assert rows[0] == 48  # the last quarter of the lungs' height
    assert columns[-1] == 23  # 30 of 80 columns
    assert not example["image"][:, 26:38].any()  # between the lungs


def test_ignored_pixels_are_no_lung():
    marked = LUNGS.copy()
    marked[0] = IGNORE
    assert np.array_equal(read_drawn_lungs(case(marked)), LUNGS > 0)
    assert read_drawn_lungs(case(None)) is None


def test_the_two_largest_regions_are_the_lungs():
    mask = LUNGS > 0
    speck = mask.copy()
    speck[0, 0] = True
    assert np.array_equal(keep_largest(speck, 2), mask)
    assert not keep_largest(np.zeros_like(mask), 2).any()


def test_the_loss_is_dice_plus_focal(system):
    stage = system.recipe.stage("opacity")
    batch = {"image": torch.rand(2, 3, 64, 64), "lesions": (torch.rand(2, 64, 64) > 0.7).to(torch.uint8)}
    logits = system.network(batch["image"])
    expected = compute_map_loss("dice", logits, batch["lesions"]) + compute_map_loss("focal", logits, batch["lesions"])
    assert torch.allclose(system.losses(stage, batch)["seg"], expected)


def test_the_index_is_the_opaque_share_of_the_lungs(system):
    lungs = LUNGS > 0
    view = View.around(lungs, masked=True)
    prediction = system.to_prediction({"opacity": torch.full((1, 64, 64), 9.0)}, view, case().image())
    assert np.array_equal(prediction["opacity-segmentation"]["mask"], lungs)
    assert prediction["outcome"] == {"icu": 1.0, "death": 1.0}
    none = system.to_prediction({"opacity": torch.full((1, 64, 64), -9.0)}, view, case().image())
    assert not none["opacity-segmentation"]["mask"].any()
    assert none["outcome"]["icu"] == 0


def test_a_radiograph_without_lungs_is_seen_whole(system, monkeypatch):
    monkeypatch.setattr(system.lungs, "find", lambda pixels: np.zeros(pixels.shape, bool))
    view = system.view(None, np.zeros((80, 100), np.float32))
    assert (view.top, view.bottom, view.left, view.right, view.keep) == (0, 80, 0, 100, None)


@pytest.mark.parametrize("name", ["lungs", "opacity"])
def test_each_stage_trains_its_part_and_overfits_a_batch(name):
    system = build_system()
    stage = system.recipe.stage(name)
    key = {"lungs": "lungs", "opacity": "lesions"}[name]
    rng = torch.Generator().manual_seed(0)
    labels = torch.zeros(4, 64, 64, dtype=torch.uint8)
    labels[:, 16:48, 8:40] = 1
    batch = {"image": torch.randn(4, 3, 64, 64, generator=rng) * 0.3 + labels[:, None], key: labels}
    (part,) = system.trained_modules(name)
    assert part is {"lungs": system.lungs, "opacity": system.network}[name]
    part.train()
    optimizer = torch.optim.Adam(part.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = system.losses(stage, batch)["seg"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def dice(pred, truth):
    return 1.0 if not pred.any() and not truth.any() else 2 * (pred & truth).sum() / (pred.sum() + truth.sum())


@pytest.fixture(scope="module")
def floor():
    """The mean Dice of an empty mask, and of all of the lungs, on the phantom's test set."""
    from cxrbench.splits import load_split

    cases = {case.id: case for case in load("phantom", None).cases}
    chosen = [cases[name] for name in load_split("phantom").cases("test")]
    truth = [case.targets.lesion_mask() for case in chosen]
    lungs = [case.targets.lung_mask() > 0 for case in chosen]
    return max(
        np.mean([dice(np.zeros_like(case), case) for case in truth]),
        np.mean([dice(lung, case) for lung, case in zip(lungs, truth, strict=True)]),
    )


def test_trained_on_the_phantom_it_beats_empty_and_full_masks(command, tmp_path, floor):
    changes = [word for change in TINY for word in ("--set", change)]
    folder, track = tmp_path / "rural", "opacity-segmentation/phantom/test"
    done = command("train", "unet-resnet18-rural", "--track", track, *changes, "--out", folder)
    assert done.code == 0, done.err
    arguments = ("--track", track, "--track", "outcome/phantom/test", "--sandbox", "off", "--json")
    done = command("evaluate", folder / "submission.py", *arguments, "--out", tmp_path / "results")
    assert done.code == 0, done.err
    results = {
        path.name.partition("--")[0]: json.loads(path.read_text("utf-8"))["metrics"]
        for path in (tmp_path / "results").rglob("*.json")
    }
    assert results["opacity-segmentation"]["dice"]["value"] > floor
    assert results["outcome"]["roc_auc"]["value"] > 0.5
