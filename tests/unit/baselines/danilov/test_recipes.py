"""The eighteen packaged recipes against the paper's tables in `published.yaml`."""

from importlib.resources import files

import pytest
import yaml
from cxrbench_baselines.recipe import Optimizer, Recipe, Stage, load_recipe

PUBLISHED = yaml.safe_load((files("cxrbench.reported") / "published.yaml").read_text("utf-8"))["recipes"]
STAGE_1, STAGE_2 = (PUBLISHED[f"danilov-stage-{n}"]["networks"] for n in (1, 2))
ENCODERS = {
    "SE-ResNeXt-101": "se_resnext101_32x4d",
    "SE-ResNet-50": "se_resnet50",
    "EfficientNet B0": "efficientnet-b0",
    "EfficientNet B1": "efficientnet-b1",
    "EfficientNet B2": "efficientnet-b2",
    "DPN-98": "dpn98",
    "RegNetX-64": "tu-regnetx_064",
    "RegNetY-64": "tu-regnety_064",
    "RegNetX-32": "tu-regnetx_032",
    "RegNetY-32": "tu-regnety_032",
}
LOSSES = {"BCE": "bce", "Dice": "dice", "Jaccard": "jaccard", "Lovász": "lovasz", "SL1": "smooth-l1", "L1": "l1"}


def optimizer(printed: dict) -> Optimizer:
    """The optimizer of the table in the terms of a recipe."""
    name, _, variant = printed["optimizer"].partition(" ")
    return Optimizer(name=name.lower(), lr=printed["lr"], amsgrad=variant == "(AMSGrad)")


def check_training(stage: Stage, printed: dict) -> None:
    common = PUBLISHED["danilov-common"]
    assert stage.batch == printed["batch"]
    assert stage.optimizer == optimizer(printed)
    assert stage.loss["seg"] == LOSSES[printed["loss_seg"]]
    assert [(step.op, step.p) for step in stage.augmentation] == [(s["op"], s["p"]) for s in common["augmentation"]]
    assert stage.stopping.patience == common["early_stopping"]["patience_epochs"]
    assert stage.stopping.min_delta == common["early_stopping"]["min_delta"]


def check_network(recipe: Recipe, name: str, printed: dict) -> None:
    assert recipe.input.size == printed["input_size"]
    assert recipe.network["decoder"] == name.partition("-")[2]
    assert recipe.network["encoder"] == ENCODERS[printed["encoder"]]


def test_there_are_eighteen_recipes():
    assert len(STAGE_1) == len(STAGE_2) == 9


@pytest.mark.parametrize("name", STAGE_1)
def test_stage_1_is_as_printed(name):
    recipe = load_recipe(name)
    check_network(recipe, name, STAGE_1[name])
    check_training(recipe.stage("lungs"), STAGE_1[name])


@pytest.mark.parametrize("name", STAGE_2)
def test_stage_2_is_as_printed(name):
    recipe, printed = load_recipe(name), PUBLISHED["danilov-stage-2"]
    check_network(recipe, name, STAGE_2[name])
    check_training(recipe.stage("disease"), STAGE_2[name])
    assert recipe.stage("disease").loss["cls"] == LOSSES[STAGE_2[name]["loss_cls"]]
    assert recipe.stage("disease").loss["dynamic_alpha"] == printed["dynamic_loss_weighting"]["alpha"]
    assert recipe.network["dropout"] == printed["classifier_head"]["dropout"]
    assert recipe.predict["refine_at"] == printed["refinement"]["t"]


@pytest.mark.parametrize("name", STAGE_2)
def test_stage_2_takes_the_lungs_that_the_paper_chose(name):
    recipe, chosen = load_recipe(name), load_recipe(PUBLISHED["danilov-stage-1"]["chosen"])
    assert recipe.stage("lungs") == chosen.stage("lungs")
    expected = {"decoder": chosen.network["decoder"], "encoder": chosen.network["encoder"], "size": chosen.input.size}
    assert recipe.network["lungs"] == expected


def test_the_augmentation_has_the_printed_ranges():
    printed = {step["op"]: step for step in PUBLISHED["danilov-common"]["augmentation"]}
    ours = {step.op: step.settings for step in load_recipe("mtl-unet").stage("disease").augmentation}
    assert [-ours["rotation"]["degrees"], ours["rotation"]["degrees"]] == printed["rotation"]["degrees"]
    crop = ours["random-sized-crop"]
    assert crop == {key: printed["random-sized-crop"][key] for key in ("height_from", "height_to")}
    light = ours["brightness-contrast"]
    assert [-light["brightness"], light["brightness"]] == printed["brightness-contrast"]["brightness"]
    assert [-light["contrast"], light["contrast"]] == printed["brightness-contrast"]["contrast"]
