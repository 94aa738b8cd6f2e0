"""The blocks: shapes, the residual equation, and pyramid pooling against single boxes."""

import math

import pytest
import torch
from cxrbench_baselines.systems.goncharov.blocks import (
    MapHead,
    PyramidPooling,
    ResidualBlock,
    UnetBackbone,
    make_plain_unet,
    make_unet,
)
from torch import nn
from torch.nn import functional


@pytest.mark.parametrize("size", [(16, 16), (23, 37), (1, 5)])
def test_a_2d_unet_keeps_any_size(size):
    assert make_unet(2, (4, 8, 16))(torch.zeros(2, 1, *size)).shape == (2, 1, *size)


@pytest.mark.parametrize("size", [(8, 16, 16), (5, 11, 13), (1, 3, 7)])
def test_a_3d_unet_keeps_any_size(size):
    assert make_unet(3, (2, 4, 8))(torch.zeros(2, 1, *size)).shape == (2, 1, *size)


def test_parameters_are_those_of_a_count_by_hand():
    with torch.device("meta"):
        network = make_unet(2, (3, 5))

    def convolved(inputs, outputs, width=3):
        return inputs * outputs * width**2 + 2 * outputs

    def block(inputs, outputs):
        shortcut = 0 if inputs == outputs else convolved(inputs, outputs, 1)
        return convolved(inputs, outputs) + convolved(outputs, outputs) + shortcut

    by_hand = block(1, 3) + block(3, 5) + (5 * 3 * 4 + 3) + block(6, 3) + block(3, 3) + (3 + 1)
    assert sum(weights.numel() for weights in network.parameters()) == by_hand


def test_a_residual_block_is_two_convolutions_and_a_shortcut():
    torch.manual_seed(0)
    block = ResidualBlock(2, 3, 4).eval()
    x = torch.randn(2, 3, 6, 6)
    first, norm_1, _, second, norm_2 = block.body
    shortcut, norm_3 = block.shortcut
    body = norm_2(
        functional.conv2d(norm_1(functional.conv2d(x, first.weight, padding=1)).relu(), second.weight, padding=1)
    )
    expected = (body + norm_3(functional.conv2d(x, shortcut.weight))).relu()
    assert torch.allclose(block(x), expected, atol=1e-6)


def test_the_shortcut_is_the_identity_where_channels_stay():
    block = ResidualBlock(3, 4, 4).eval()
    for weight in block.body.parameters():
        nn.init.zeros_(weight)
    x = torch.randn(1, 4, 3, 3, 3)
    assert torch.equal(block(x), x.relu())


def test_the_lungs_network_has_plain_blocks_of_ronnebergers_channels():
    with torch.device("meta"):
        network = make_plain_unet((64, 128, 256, 512, 1024))
    convolutions = [module.out_channels for module in network.modules() if isinstance(module, nn.Conv2d)]
    down = [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024]
    assert sorted(convolutions) == sorted([*down, 512, 512, 256, 256, 128, 128, 64, 64, 1])
    # the original has biases where ours has batch normalisation: 31,030,593 numbers for one channel and one class
    normalised = sum(module.num_features for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    assert sum(module.numel() for module in network.parameters()) - normalised == 31_030_593
    assert not any(isinstance(module, ResidualBlock) for module in network.modules())


def test_a_backbone_gives_features_of_full_size():
    backbone, head = UnetBackbone(2, (4, 8)), MapHead(2, 4)
    features = backbone(torch.zeros(1, 1, 9, 9))
    assert features.shape == (1, 4, 9, 9)
    assert head(features).shape == (1, 1, 9, 9)


def boxes_by_hand(features, levels):
    """The definition, box by box."""
    maxima = []
    _, *sizes = features.shape
    for level in levels:
        edges = [[(math.floor(i * n / level), math.ceil((i + 1) * n / level)) for i in range(level)] for n in sizes]
        boxes = [
            features[:, a:b, c:d, e:f].amax((1, 2, 3)) for a, b in edges[0] for c, d in edges[1] for e, f in edges[2]
        ]
        maxima.append((level, torch.stack(boxes, 1)))
    return maxima


@pytest.mark.parametrize("shape", [(5, 7, 6), (4, 4, 4), (2, 9, 3)])
def test_pyramid_pooling_is_the_maximum_of_each_box(shape):
    torch.manual_seed(1)
    features = torch.randn(3, *shape)
    pyramid = PyramidPooling((1, 2, 4))
    vector = pyramid(features.transpose(0, 1)[None])[0]
    assert len(vector) == pyramid.vector_length(3) == 3 * (1 + 8 + 64)
    start = 0
    for level, boxes in boxes_by_hand(features, (1, 2, 4)):
        part = vector[start : start + 3 * level**3]
        start += len(part)
        # channel, then rows and columns, then slices
        pooled = part.reshape(3, level, level, level).permute(0, 3, 1, 2)
        assert torch.equal(pooled, boxes.reshape(3, level, level, level))
        assert torch.equal(pooled, functional.adaptive_max_pool3d(features, level))


def test_pooling_slice_by_slice_is_pooling_the_whole():
    torch.manual_seed(2)
    features, pyramid = torch.randn(2, 11, 4, 8, 9), PyramidPooling((1, 2, 3))
    pooled = torch.cat([pyramid.pool_in_plane(features[:, z]).unsqueeze(1) for z in range(11)], 1)
    assert torch.equal(pyramid.pool_along(pooled), pyramid(features))
