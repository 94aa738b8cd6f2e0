"""The packaged recipes against the paper's settings in `published.yaml`."""

from importlib.resources import files

import pytest
import yaml
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.training.data import choose_tracks

PUBLISHED = yaml.safe_load((files("cxrbench.reported") / "published.yaml").read_text("utf-8"))["recipes"]
COMMON = PUBLISHED["goncharov-common"]
NAMES = ("lungs-unet", "2d-unet", "2d-unet-plus", "3d-unet", "resnet50-2.5d", "multitask-2d-unet")
OPTIMIZERS = {"adam": "adam", "plain sgd": "sgd"}


def printed(name):
    recipe = PUBLISHED[name]
    return {**PUBLISHED[recipe["base"]], **recipe} if "base" in recipe else recipe


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_as_printed(name):
    recipe, paper = load_recipe(name), printed(name)
    (stage,) = recipe.stages
    assert stage.steps == paper["steps"]
    assert stage.batch == paper["batch"]
    assert stage.optimizer.name == OPTIMIZERS[paper["optimizer"]]
    assert stage.optimizer.lr == paper["lr"]
    assert (stage.optimizer.momentum, stage.optimizer.weight_decay) == (0, 0)
    assert recipe.input.spacing == COMMON["preprocessing"]["pixel_spacing_mm"]
    assert recipe.not_stated
    assert recipe.paper == paper["paper"]


def test_the_lungs_learning_rate_falls_after_8000_steps():
    (stage,) = load_recipe("lungs-unet").stages
    later = printed("lungs-unet")["schedule"]
    assert stage.schedule.name == "step"
    assert stage.schedule.at_step == later["at_step"]
    assert stage.optimizer.lr * stage.schedule.factor == pytest.approx(later["lr"])


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_other_learning_rates_are_constant(name):
    assert load_recipe(name).stages[0].schedule.name == "constant"


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_binary_cross_entropy(name):
    loss = dict(load_recipe(name).stages[0].loss)
    weight = loss.pop("cls_weight", None)
    assert set(loss.values()) == {"bce"}
    assert weight == (printed(name)["loss"]["w"] if name == "multitask-2d-unet" else None)


def test_only_the_plus_learns_from_series_without_covid():
    assert load_recipe("2d-unet-plus").network["negatives"] is True
    assert load_recipe("2d-unet-plus").system == load_recipe("2d-unet").system
    assert "negatives" not in load_recipe("2d-unet").network
    for name in ("luna16", "nsclc", "mosmed-1110"):
        assert any(name in track for track in load_recipe("2d-unet-plus").stages[0].data)


@pytest.mark.parametrize("name", NAMES)
def test_the_training_tracks_exist(name):
    recipe = load_recipe(name)
    stage = recipe.stages[0]
    tracks = choose_tracks(stage, systems[recipe.system].stages[stage.name].tasks, ())
    assert [str(track) for track in tracks] == list(stage.data)
