"""The packaged recipes of Amer et al. and Tang et al. against the papers' settings in `published.yaml`."""

from importlib.resources import files

import pytest
import yaml
from cxrbench_baselines.recipe import load_recipe

PUBLISHED = yaml.safe_load((files("cxrbench.reported") / "published.yaml").read_text("utf-8"))["recipes"]
DLNET = PUBLISHED["dlnet-1"]


@pytest.mark.parametrize(("name", "stages"), [("dlnet-1", ("dlnet",)), ("dlnet-2", ("dlnet", "proposals"))])
def test_both_stages_of_dlnet_are_trained_as_printed(name, stages):
    recipe = load_recipe(name)
    assert [stage.name for stage in recipe.stages] == ["lungs", *stages]
    for stage in map(recipe.stage, stages):
        assert (stage.batch, stage.epochs) == (DLNET["batch"], DLNET["epochs_max"])
        assert (stage.optimizer.name, stage.optimizer.lr) == (DLNET["optimizer"], DLNET["lr"])
        assert (stage.schedule.name, stage.schedule.factor) == ("plateau", DLNET["schedule"]["factor"])
        assert stage.schedule.patience == DLNET["schedule"]["patience_epochs"]
        assert stage.loss["lambda"] == DLNET["loss"]["lambda"]
        assert stage.augmentation == ()


@pytest.mark.parametrize("name", ["dlnet-1", "dlnet-2"])
def test_dlnet_sees_and_cuts_as_printed(name):
    recipe, printed = load_recipe(name), PUBLISHED["dlnet-evaluation"]
    assert recipe.input.size == DLNET["input"]["size"]
    assert [step.op for step in recipe.input.preprocessing] == DLNET["preprocessing"]
    assert recipe.input.normalise == "imagenet"
    assert (recipe.network["backbone"], recipe.network["pretrained"]) == ("resnet50", "imagenet")
    assert recipe.predict["operating_point"] == printed["detection_threshold"]
    assert recipe.predict["map_threshold"] == printed["localization_threshold"]


def test_the_second_stage_makes_proposals_as_printed():
    options, printed = load_recipe("dlnet-2").network["proposals"], PUBLISHED["dlnet-2"]["proposals"]
    assert options["threshold"] == printed["threshold"]
    assert options["certain"] == 0.8
    assert options["share"] == 0.5
    assert "half of the positive training images whose detection output passes 0.8" in printed["used_for"]
    assert load_recipe("dlnet-2").stage("proposals").epochs == PUBLISHED["dlnet-2"]["epochs"]


def test_dlnet_has_the_lungs_of_lsnet():
    lsnet, dlnet = load_recipe("lsnet"), load_recipe("dlnet-1")
    assert dlnet.stage("lungs") == lsnet.stage("lungs")
    lungs = dlnet.network["lungs"]
    assert (lungs["decoder"], lungs["encoder"]) == ("unet", lsnet.network["encoder"])
    assert lungs["input"] == lsnet.input.model_dump(exclude_defaults=True) | {"channels": 3}


def test_lsnet_is_as_printed():
    recipe, printed = load_recipe("lsnet"), PUBLISHED["lsnet"]
    assert recipe.input.size == printed["input"]["size"]
    assert recipe.input.normalise == "image"
    assert (recipe.network["encoder"], recipe.network["pretrained"]) == ("vgg16", "imagenet")
    stage = recipe.stage("lungs")
    assert (stage.loss["seg"], stage.optimizer.name) == (printed["loss"], printed["optimizer"])
    words = {"scale": "zoom", "shift": "translation"}
    assert [words.get(step.op, step.op) for step in stage.augmentation] == printed["augmentation"]
    assert stage.data == ("lung-segmentation/jsrt/train",)
    assert set(printed["not_stated"]) <= {"lr", "epochs", "batch", "augmentation ranges"}


def test_lsnet_aug_is_lsnet_with_more_data_and_two_augmentations():
    base, augmented, printed = load_recipe("lsnet"), load_recipe("lsnet-aug"), PUBLISHED["lsnet-aug"]
    assert (augmented.input, augmented.network) == (base.input, base.network)
    steps = augmented.stage("lungs").augmentation
    assert steps[:4] == base.stage("lungs").augmentation
    words = {"gamma": "gamma-correction", "blobs": "blob-implanting"}
    assert [words[step.op] for step in steps[4:]] == printed["extra_augmentation"]
    assert [track.split("/")[1] for track in augmented.stage("lungs").data] == ["jsrt", "montgomery", "xlsor"]


def test_the_detector_is_a_resnet50():
    recipe = load_recipe("resnet50-detector")
    assert recipe.where == PUBLISHED["resnet50-detector"]["where"]
    assert recipe.network["backbone"] == "resnet50"


def test_the_rural_network_is_as_printed():
    recipe, printed = load_recipe("unet-resnet18-rural"), PUBLISHED["unet-resnet18-rural"]
    stage = recipe.stage("opacity")
    assert recipe.input.size == printed["input"]["size"]
    assert recipe.network["encoder"] == "resnet18"
    assert stage.loss["seg"] == "dice+focal"
    assert printed["loss"]["total"] == "dice + focal"
    words = {"brightness-contrast": "brightness-contrast-colour", "random-sized-crop": "random-crop"}
    steps = [words.get(step.op, step.op) for step in stage.augmentation]
    assert [name for name in steps if name in printed["augmentation"]] == printed["augmentation"]
    assert stage.epochs == 50
    assert "about 50" in printed["epochs"]


@pytest.mark.parametrize("name", ["dlnet-1", "dlnet-2", "lsnet", "lsnet-aug", "resnet50-detector"])
def test_unstated_settings_are_listed(name):
    assert load_recipe(name).not_stated
    assert load_recipe(name).paper == "amer2020-dlnet"
