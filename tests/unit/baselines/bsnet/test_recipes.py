"""The packaged recipes against the paper's settings in `published.yaml`; every ablation builds and runs."""

from importlib.resources import files

import pytest
import torch
import yaml
from cxrbench.errors import UsageError
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems

PRINTED = yaml.safe_load((files("cxrbench.reported") / "published.yaml").read_text("utf-8"))["recipes"]["bs-net"]
SMALL = ("input.size=32", "network.lung_levels=2", "network.width=8")
ABLATIONS = {
    "bs-net-ha-backbone-head": ("network", "head", "backbone"),
    "bs-net-ha-bifpn": ("network", "head", "bifpn"),
    "bs-net-ha-fpn-1024": ("network", "extra_level", True),
}


@pytest.mark.parametrize("name", ["bs-net-ha", "bs-net-sa"])
def test_the_full_recipe_is_as_printed(name):
    recipe = load_recipe(name)
    assert recipe.input.size == PRINTED["input"]["size"]
    assert [step.op for step in recipe.input.preprocessing] == [step["step"] for step in PRINTED["preprocessing"]]
    stage = recipe.stage("all")
    assert (stage.epochs, stage.batch) == (PRINTED["epochs"], PRINTED["batch"])
    assert (stage.optimizer.name, stage.optimizer.lr) == (PRINTED["optimizer"], PRINTED["lr"])
    assert stage.loss["alpha"] == PRINTED["loss"]["alpha"]
    printed = [(step["op"], step["p"]) for step in PRINTED["augmentation"]["geometric"]]
    assert [(step.op, step.p) for step in recipe.stage("alignment").augmentation] == printed
    assert [(step.op, step.p) for step in stage.augmentation[:6]] == printed


@pytest.mark.parametrize("name", [*ABLATIONS, "bs-net-sa"])
def test_a_variant_of_the_network_runs_and_learns(name):
    recipe = load_recipe(name, SMALL)
    system = systems[recipe.system](recipe).train()
    batch = {"image": torch.rand(2, 1, 32, 32), "brixia": torch.ones(2, 6, dtype=torch.long)}
    system.losses(recipe.stage("all"), batch)["score"].backward()
    assert all(weights.grad is not None for weights in system.network.scorer.parameters())
    if name in ABLATIONS:
        section, key, value = ABLATIONS[name]
        assert getattr(recipe, section)[key] == value
        assert load_recipe("bs-net-ha").model_copy(update={"network": recipe.network}).stages == recipe.stages


def test_variants_of_the_augmentation_and_of_the_preprocessing():
    every = [step.op for step in load_recipe("bs-net-ha").stage("all").augmentation]
    kept = {
        name: [step.op for step in load_recipe(f"bs-net-ha-{name}").stage("all").augmentation]
        for name in ("no-augmentation", "brightness-contrast", "geometric")
    }
    assert kept["no-augmentation"] == []
    assert kept["brightness-contrast"] == ["brightness-contrast"]
    assert kept["geometric"] == [op for op in every if op != "brightness-contrast"]
    assert load_recipe("bs-net-ha-geometric").stage("lungs") == load_recipe("bs-net-ha").stage("lungs")
    assert load_recipe("bs-net-ha-no-preprocessing").input.preprocessing == ()


def test_one_more_level_sees_zones_of_1024_pixels():
    """At stride s a zone is half the map's width: side / (2 s) pixels."""
    recipes = [load_recipe(name, SMALL[1:]) for name in ("bs-net-ha", "bs-net-ha-fpn-1024")]
    sides = [systems["bs-net"](recipe).network.scorer.sides for recipe in recipes]
    assert sides == [[64, 32, 16, 8], [128, 64, 32, 16, 8]]


def test_a_size_that_does_not_fit_is_an_error():
    with pytest.raises(UsageError, match="multiple of 32"):
        systems["bs-net"](load_recipe("bs-net-ha", ("input.size=48",)))
