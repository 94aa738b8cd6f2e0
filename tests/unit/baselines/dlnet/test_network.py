"""The network of DLNet against its description: shapes, parameters, the heads by hand."""

import pytest
import torch
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.dlnet.network import (
    MAPS,
    DetectionHead,
    DLNet,
    LocalizationHead,
    merge_maps,
    scale_to_unit,
)
from torch import nn


@pytest.fixture(scope="module")
def full():
    """The paper's network on the meta device."""
    with torch.device("meta"):
        return DLNet("resnet50", 3, 0.5, "none").eval()


def test_448_pixels_give_the_printed_maps_and_activations(full):
    outputs = full(torch.zeros(2, 3, 448, 448, device="meta"))
    assert outputs.logit.shape == (2,)
    assert outputs.maps.shape == (2, 128, 56, 56)
    assert outputs.act28.shape == (2, 1024, 28, 28)
    assert outputs.act14.shape == (2, 2048, 14, 14)


def test_the_heads_have_the_parameters_of_their_description(full):
    def count(module):
        return sum(weights.numel() for weights in module.parameters())

    dense = 2048 * 1024 + 1024 + 1024 * 256 + 256 + 256 + 1
    up = 2048 * 1024 + 1024 + 1024 * 512 + 512
    last = 512 * 9 * 128 + 128
    assert count(full.detector) == dense
    assert count(full.localizer) == up + last
    assert count(full.backbone) == 25_557_032 - (2048 * 1000 + 1000)  # ResNet50 of torchvision without its dense layer


def test_dropout_stands_between_the_first_two_dense_layers():
    kinds = [type(layer) for layer in DetectionHead(8, 0.3)]
    assert kinds == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Linear]


def test_the_localisation_head_by_hand():
    head = LocalizationHead((2, 2, 2))
    for layer in (head.to_middle, head.to_fine):
        nn.init.zeros_(layer.bias)
        layer.weight.data = torch.eye(2)[:, :, None, None]
    nn.init.zeros_(head.last.bias)
    nn.init.zeros_(head.last.weight)
    head.last.weight.data[0, 0, 1, 1], head.last.weight.data[1, 1, 1, 1] = 1, -1
    act14 = torch.tensor([[[[1.0]], [[10.0]]]])
    act28 = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0] * 2] * 2]])
    act56 = torch.zeros(1, 2, 4, 4)
    act56[0, 0, 0, 0] = 5
    maps = head(act56, act28, act14)
    expected = (1 + act28[0, 0]).repeat_interleave(2, 0).repeat_interleave(2, 1)
    expected[0, 0] += 5
    assert torch.equal(maps[0, 0], expected)
    assert not maps[0, 1:].any()  # -10 is cut off by ReLU, the other 126 maps have no weights


def test_the_inference_map_is_the_pixelwise_maximum_scaled_to_one():
    maps = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])
    assert torch.allclose(merge_maps(maps), torch.tensor([[[2 / 3, 1.0]]]))
    assert torch.equal(scale_to_unit(torch.full((1, 2, 3, 3), 7.0)), torch.zeros(1, 2, 3, 3))


def test_images_of_a_batch_are_scaled_apart():
    scaled = scale_to_unit(torch.stack([torch.arange(4.0).reshape(1, 2, 2), 10 * torch.arange(4.0).reshape(1, 2, 2)]))
    assert torch.equal(scaled[0], scaled[1])


def test_lsnet_contracts_as_vgg16_does():
    from torchvision.models import vgg16

    recipe = load_recipe("lsnet", ("network.pretrained=none",))
    with torch.device("meta"):
        encoder, reference = systems["lsnet"](recipe).network.encoder, vgg16().features
        shapes = [tuple(weights.shape) for weights in encoder.parameters()]
        assert shapes == [tuple(weights.shape) for weights in reference.parameters()]


@pytest.mark.parametrize("name", ["dlnet-1", "dlnet-2", "lsnet-aug", "resnet50-detector"])
def test_every_recipe_builds_its_system(name):
    recipe = load_recipe(name, ("network.pretrained=none",))
    with torch.device("meta"):
        system = systems[recipe.system](recipe).eval()
        outputs = system(torch.zeros(1, 3, 448, 448, device="meta"))
    assert {stage.name for stage in recipe.stages} <= set(system.stages)
    assert "map" not in outputs or outputs["map"].shape == (1, 56, 56)
    assert MAPS == 128
