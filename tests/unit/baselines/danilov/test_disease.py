"""Stage II: the equations on a small system, each of the nine networks on one batch, the workflow on the phantom."""

import json

import numpy as np
import pytest
import torch
from cxrbench.case import Case, Image, Targets
from cxrbench.errors import UsageError
from cxrbench_baselines.examples.targets import read_targets
from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.losses import WeightedLoss, compute_map_loss, compute_number_loss
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.training.fit import train_recipe
from cxrbench_baselines.training.settings import TrainingSettings

SMALL = (
    "input.size=64",
    "network.encoder=resnet18",
    "network.pretrained=none",
    "network.lungs.decoder=unet",
    "network.lungs.encoder=mobilenet_v2",
    "network.lungs.size=32",
)
NINE = ("unet", "unetplusplus", "deeplabv3", "deeplabv3plus", "fpn", "linknet", "pspnet", "pan", "manet")


def system_of(name="mtl-unet", changes=SMALL):
    torch.manual_seed(0)
    recipe = load_recipe(name, changes)
    return systems[recipe.system](recipe)


@pytest.fixture(scope="module")
def small():
    return system_of().eval()


def batch_of(size, count=4):
    """Squares with a bright block where the opacity is, two radiographs with it and two without."""
    torch.manual_seed(1)
    image, lesions = torch.rand(count, 3, size, size) * 0.2, torch.zeros(count, size, size, dtype=torch.uint8)
    lesions[: count // 2, size // 4 : size // 2, size // 4 : size // 2] = 1
    diseased = torch.tensor([1.0] * (count // 2) + [0.0] * (count - count // 2))
    return {"image": image + lesions[:, None], "lesions": lesions, "diseased": diseased}


def fitted(system, batch, steps, rate=0.003, target=0.6):
    """Losses of the stage `disease` while a batch is overfitted, until `target` of the first loss is reached."""
    stage, weighted = system.recipe.stage("disease"), WeightedLoss(0.5)
    optimizer = torch.optim.Adam(system.network.parameters(), lr=rate)
    system.network.train()
    losses_by_step = []
    for _ in range(steps):
        loss = weighted(system.losses(stage, batch))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses_by_step.append(float(loss.detach()))
        if losses_by_step[-1] < target * losses_by_step[0]:
            break
    return losses_by_step


def test_the_map_is_zeroed_below_the_classifiers_threshold_only(small):
    lesions = torch.randn(3, 1, 8, 8)
    refined = small.refine_map({"lesions": lesions, "diseased": torch.tensor([-0.001, 0.0, 2.0])})
    assert not refined[0].any()
    assert torch.equal(refined[1:], lesions[1:, 0].sigmoid())


def test_losses_are_those_of_the_recipe_where_truth_exists(small):
    stage, batch = small.recipe.stage("disease"), batch_of(64)
    batch["diseased"][0], batch["lesions"][1] = torch.nan, 255
    with torch.inference_mode():
        losses, outputs = small.losses(stage, batch), small(batch["image"])
        kept = [1, 2, 3]
        cls = compute_number_loss("smooth-l1", outputs["diseased"].sigmoid()[kept], batch["diseased"][kept])
        seg = compute_map_loss("dice", outputs["lesions"], batch["lesions"])
    assert float(losses["cls"]) == pytest.approx(float(cls))
    assert float(losses["seg"]) == pytest.approx(float(seg))


def test_a_differentiated_weight_would_scale_all_gradients_alike():
    task = {name: torch.tensor(value, requires_grad=True) for name, value in (("seg", 0.8), ("cls", 0.4))}
    first = {"seg": 1.6, "cls": 0.5}
    weighted = WeightedLoss(0.5)
    weighted.first = dict(first)
    torch.autograd.backward(weighted(task))
    for name, loss in task.items():
        whole = loss.detach().clone().requires_grad_()
        torch.autograd.backward((whole / first[name]) ** 0.5 * whole)
        assert float(whole.grad) == pytest.approx(1.5 * float(loss.grad))


def test_the_view_is_the_lungs_box_with_black_around_them(small, monkeypatch):
    mask = np.zeros((50, 40), bool)
    mask[10:30, 5:15] = mask[12:35, 22:36] = True
    monkeypatch.setattr(small.lungs, "predict", lambda images: [{"mask": mask} for _ in images])
    view = small.view("disease", np.ones((50, 40), np.float32))
    assert (view.top, view.bottom, view.left, view.right) == (10, 35, 5, 36)
    assert view.keep is mask
    assert small.view("lungs", np.ones((50, 40), np.float32)) == View.whole((50, 40))


def test_a_prediction_has_each_task_and_no_lungs_score_0(small, monkeypatch):
    monkeypatch.setattr(small.lungs, "predict", lambda images: [{"mask": np.zeros((50, 40), bool)} for _ in images])
    prediction = small.predict([Image(np.full((50, 40), 0.5, np.float32))])[0]
    assert set(small.tasks) <= set(prediction)
    assert prediction["opacity-segmentation"]["mask"].shape == (50, 40)
    assert prediction["zone-severity"] == {"zone_severity": 0.0}
    assert 0 <= prediction["detection"]["probability"] <= 1


@pytest.mark.parametrize(
    ("finding", "drawn", "known"), [(True, None, 1), (None, 1, 1), (None, 0, 0), (None, None, None)]
)
def test_disease_is_the_finding_else_a_drawn_lesion(finding, drawn, known):
    mask = None if drawn is None else lambda: np.full((4, 4), bool(drawn))
    case = Case(id="a", patient="a", dataset="d", targets=Targets(finding=finding, lesion_mask=mask))
    value = read_targets(case, ("diseased",), View.whole((4, 4)), 4)["diseased"]
    assert value.shape == ()
    assert np.isnan(value) if known is None else value == known


def test_the_threshold_is_chosen_on_scored_radiographs_if_any(small, monkeypatch):
    shares = {"a": [0.1] * 6, "b": [0.4, 0.4, 0, 0, 0, 0]}
    cases = [
        Case(id=key, patient=key, dataset="d", targets=Targets(zone_severity=score), load=lambda key=key: key)
        for key, score in (("a", 0.0), ("b", 2.0))
    ]
    monkeypatch.setattr(small, "predict", lambda images: [{"_shares": np.array(shares[image])} for image in images])
    monkeypatch.setattr(small, "settings", dict(small.settings))
    small.choose_settings([], lambda *_: None)
    assert small.settings["segment_share"] == 0.01
    small.choose_settings(cases, lambda *_: None)
    assert small.settings["segment_share"] == 0.4


def test_an_unknown_setting_of_the_prediction_is_an_error():
    with pytest.raises(UsageError, match=r"predict\.refine"):
        system_of(changes=(*SMALL, "predict.refine=0.5"))


def test_a_batch_is_overfitted(small):
    losses = fitted(system_of(), batch_of(64), 12)
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("decoder", NINE)
def test_each_of_the_nine_overfits_a_batch(decoder):
    size = 128 if decoder == "pan" else 64
    changes = (*SMALL, f"input.size={size}", "network.encoder=efficientnet-b0")
    losses = fitted(system_of(f"mtl-{decoder}", changes), batch_of(size), 25)
    assert losses[-1] < 0.6 * losses[0]


PHANTOM = ("--track", "opacity-segmentation/phantom/train")
TRAINED = (
    *SMALL,
    "stages.lungs.epochs=2",
    "stages.lungs.batch=8",
    "stages.lungs.optimizer.lr=0.003",
    "stages.lungs.augmentation=[]",
    "stages.disease.epochs=5",
    "stages.disease.batch=8",
    "stages.disease.optimizer.lr=0.001",
    "stages.disease.augmentation=[]",
)


def first(out):
    """The metrics of a result."""
    return {key: figure["value"] for key, figure in json.loads(out)["metrics"].items()}


def test_the_workflow_beats_the_floors_on_the_phantom(command, tmp_path):
    settings = [word for change in TRAINED for word in ("--set", change)]
    done = command("train", "mtl-unet", *PHANTOM, *settings, "--out", tmp_path / "own")
    assert done.code == 0, done.err
    story = json.loads((tmp_path / "own" / "training.json").read_text())
    assert [stage["stage"] for stage in story["stages"]] == ["lungs", "disease"]
    assert all(stage["epochs"][-1]["loss"] < stage["epochs"][0]["loss"] for stage in story["stages"])
    figures = {}
    for task in ("opacity-segmentation", "zone-severity", "detection"):
        done = command("evaluate", tmp_path / "own", "--track", f"{task}/phantom/test", "--sandbox", "off", "--json")
        assert done.code == 0, done.err
        figures[task] = first(done.out)
    assert (
        figures["opacity-segmentation"]["dice"] > 0.4
    )  # an empty mask has 1/3: a third of the radiographs have no opacity
    assert figures["zone-severity"]["mae"] < 2  # the constant median has 2.6
    assert figures["detection"]["roc_auc"] > 0.6


def test_trained_lungs_are_reused_with_their_training_data(tmp_path):
    changes = ("input.size=32", "network.encoder=mobilenet_v2", "network.pretrained=none", "stages.lungs.epochs=1")
    settings = TrainingSettings(data=None, out=tmp_path / "lungs", tracks=("lung-segmentation/phantom/train",))
    lungs = train_recipe(load_recipe("lung-unet", changes), settings, lambda *_: None)
    from cxrbench_baselines.saved import save_system

    story = {"command": "c", "seed": 0, "seconds": 1, "hardware": "h", "learnt_from": ["cohen/train"], "stages": []}
    save_system(lungs.system, tmp_path / "lungs", "lungs", lungs.parts, story)
    start = {"lungs": tmp_path / "lungs" / "weights.safetensors"}
    again = TrainingSettings(data=None, out=tmp_path, tracks=("opacity-segmentation/phantom/train",), start=start)
    outcome = train_recipe(load_recipe("mtl-unet", (*TRAINED, "stages.disease.epochs=1")), again, lambda *_: None)
    assert [stage["stage"] for stage in outcome.stages] == ["disease"]
    assert outcome.parts == ("cohen/train", "phantom/train", "phantom/val")
    theirs = lungs.system.state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in outcome.system.lungs.state_dict().items())
