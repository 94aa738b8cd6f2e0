"""Scoring heads: from the zones of several feature levels to four class logits per zone.

Signoroni et al. 2020, section 5.1 ("Scoring head": FPN, convolutional blocks, global average pooling) and section 6.8,
Table 10, where the FPN is replaced by the backbone's last level alone or by one BiFPN block (EfficientDet, Tan et al.
2020). Widths and the number of blocks are not stated. The authors' public code has an FPN of width 64 and one separate
head per zone, three layers deep and 8 channels wide; here all zones share the convolutions.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor
Levels = list[Tensor]
HeadKind = Literal["fpn", "backbone", "bifpn"]
ZONES, CLASSES = 6, 4


def make_block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Make a convolution with batch normalisation and Swish (section 5.3).

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Width of the convolution in pixels, odd.
        stride: Stride in pixels.

    Returns:
        A module from `[n, inputs, h, w]` to `[n, outputs, h / stride, w / stride]`.
    """
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.SiLU())


def resize_level(level: Tensor, like: Tensor) -> Tensor:
    """Bring a level to the size of another: nearest pixel upwards, maximum of each area downwards.

    Args:
        level: Features `[n, C, h, w]`.
        like: Features of the wanted height and width.

    Returns:
        The features `[n, C, h', w']`.
    """
    if level.shape[-1] > like.shape[-1]:
        return functional.adaptive_max_pool2d(level, like.shape[-2:])
    return functional.interpolate(level, like.shape[-2:], mode="nearest")


class Fpn(nn.Module):
    """Feature pyramid (Lin et al. 2017): lateral 1 x 1 convolutions, top-down sums, a 3 x 3 convolution per level."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(make_block(inputs, width, 1) for inputs in channels)
        self.smooth = nn.ModuleList(make_block(width, width) for _ in channels)
        self.channels: list[int] = [width] * len(channels)

    def forward(self, levels: Levels) -> Levels:
        """Combine the levels.

        Args:
            levels: Features `[n, channels[i], h_i, w_i]`, finest first.

        Returns:
            As many levels of the same sizes, each of `width` channels.
        """
        merged = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            merged[i - 1] = merged[i - 1] + resize_level(merged[i], merged[i - 1])
        return [smooth(level) for smooth, level in zip(self.smooth, merged, strict=True)]


class CoarsestLevel(nn.Module):
    """The backbone's last level alone (Table 10, "backbone head")."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral = make_block(channels[-1], width, 1)
        self.channels = [width]

    def forward(self, levels: Levels) -> Levels:
        """Keep the coarsest level.

        Args:
            levels: Features `[n, channels[i], h_i, w_i]`, finest first.

        Returns:
            One level of `width` channels.
        """
        return [self.lateral(levels[-1])]


class BiFpn(nn.Module):
    """One BiFPN block (Tan et al. 2020): sums downwards and upwards with learnt, normalised, non-negative weights."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        count = len(channels)
        self.lateral = nn.ModuleList(make_block(count_in, width, 1) for count_in in channels)
        self.down = nn.ModuleList(make_block(width, width) for _ in range(count - 1))
        self.up = nn.ModuleList(make_block(width, width) for _ in range(count - 1))
        self.down_weight = nn.Parameter(torch.ones(count - 1, 2))
        self.up_weight = nn.Parameter(torch.ones(count - 1, 3))
        self.channels = [width] * count

    def forward(self, levels: Levels) -> Levels:
        """Combine the levels.

        Args:
            levels: Features `[n, channels[i], h_i, w_i]`, finest first.

        Returns:
            As many levels of the same sizes, each of `width` channels.
        """
        inputs = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        middle = list(inputs)
        for i in range(len(inputs) - 2, -1, -1):
            middle[i] = self.down[i](fuse_levels(self.down_weight[i], [inputs[i], middle[i + 1]]))
        outputs = middle[:1]
        for i in range(1, len(inputs)):
            outputs.append(self.up[i - 1](fuse_levels(self.up_weight[i - 1], [inputs[i], middle[i], outputs[-1]])))
        return outputs


def fuse_levels(weights: Tensor, levels: Levels) -> Tensor:
    """Compute the weighted mean of levels (fast normalised fusion, Tan et al. 2020).

    Args:
        weights: One number per level, `[k]`; negative ones count as 0.
        levels: Features `[n, C, h_i, w_i]`, k of them.

    Returns:
        The mean at the size of the first level.
    """
    shares = weights.relu() / (weights.relu().sum() + 1e-4)
    return torch.stack(
        [share * resize_level(level, levels[0]) for share, level in zip(shares, levels, strict=True)]
    ).sum(0)


PYRAMIDS: dict[HeadKind, type[Fpn | CoarsestLevel | BiFpn]] = {"fpn": Fpn, "backbone": CoarsestLevel, "bifpn": BiFpn}


class ScoringHead(nn.Module):
    """The scoring head of section 5.1: a pyramid, two convolutional blocks, one last convolution, global mean.

    The levels are joined at the size of the coarsest one. All zones share the convolutions but the last.
    """

    def __init__(self, kind: HeadKind, channels: Sequence[int], width: int, dropout: float) -> None:
        super().__init__()
        self.pyramid = PYRAMIDS[kind](channels, width)
        self.blocks = nn.Sequential(make_block(sum(self.pyramid.channels), width), make_block(width, width))
        self.dropout = nn.Dropout2d(dropout)
        self.last = nn.Conv2d(width, ZONES * CLASSES, 1)

    def forward(self, levels: Levels) -> Tensor:
        """Score the zones.

        Args:
            levels: Zones of every level `[n * 6, channels[i], s_i, s_i]`, finest level first.

        Returns:
            Class logits `[n, 6, 4]`, zones A to F.
        """
        pyramid = self.pyramid(levels)
        joined = torch.cat([resize_level(level, levels[-1]) for level in pyramid], 1)
        maps = self.last(self.dropout(self.blocks(joined)))
        every: Tensor = maps.mean((2, 3)).view(-1, ZONES, ZONES, CLASSES)
        return every.diagonal(dim1=1, dim2=2).movedim(-1, 1)
