"""The eighteen networks at full size on the meta device: parameters and multiply-accumulates as measured elsewhere.

The table was measured independently of this code (torch's flop counter over plain segmentation-models-pytorch
networks). Two printed values are known to differ: the paper counted PSPNet's encoder whole (29.7 M), and its
multiply-accumulates come from a tool that left out or repeated some layers.
"""

from importlib.resources import files

import pytest
import torch
import yaml
from cxrbench.runner.isolation.counter import count_macs, count_parameters
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems

MEASURED = {
    "lung-unet": (55.92, 35.33),
    "lung-unetplusplus": (9.08, 12.95),
    "lung-deeplabv3": (7.30, 25.49),
    "lung-deeplabv3plus": (7.41, 7.93),
    "lung-fpn": (5.76, 11.15),
    "lung-linknet": (29.30, 33.31),
    "lung-pspnet": (3.41, 14.38),
    "lung-pan": (4.10, 3.77),
    "lung-manet": (13.43, 13.03),
    "mtl-unet": (71.34, 99.20),
    "mtl-unetplusplus": (27.19, 54.35),
    "mtl-deeplabv3": (11.24, 33.74),
    "mtl-deeplabv3plus": (16.09, 20.06),
    "mtl-fpn": (5.76, 5.55),
    "mtl-linknet": (4.17, 1.43),
    "mtl-pspnet": (4.06, 0.63),
    "mtl-pan": (26.79, 22.34),
    "mtl-manet": (103.91, 79.65),
}
"""Parameters in millions, multiply-accumulates of one image in thousand millions."""
PUBLISHED = yaml.safe_load((files("cxrbench.reported") / "published.yaml").read_text("utf-8"))["recipes"]


def on_meta(name: str) -> tuple[torch.nn.Module, torch.Tensor]:
    """The network of a recipe on the meta device, and an image of its size."""
    recipe = load_recipe(name, ["network.pretrained=none"])
    with torch.device("meta"):
        system = systems[recipe.system](recipe)
        return system.network.eval(), torch.empty(1, recipe.input.channels, recipe.input.size, recipe.input.size)


@pytest.mark.parametrize("name", MEASURED)
def test_size_and_cost_are_those_of_the_table(name):
    network, image = on_meta(name)
    millions, billions = MEASURED[name]
    assert count_parameters(network) / 1e6 == pytest.approx(millions, abs=0.0051)
    assert count_macs(lambda: network(image)) / 1e9 == pytest.approx(billions, abs=0.0051)


@pytest.mark.parametrize("name", MEASURED)
def test_parameters_are_the_printed_ones_but_for_pspnets_encoder(name):
    stage = PUBLISHED["danilov-stage-1" if name.startswith("lung") else "danilov-stage-2"]
    printed = stage["networks"][name]["parameters_m"]
    assert (round(MEASURED[name][0], 1) == pytest.approx(printed, abs=0.051)) == (name != "lung-pspnet")
