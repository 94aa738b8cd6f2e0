"""Scoring heads: from the zones of several feature levels to four class logits a zone.

Signoroni et al. 2020, section 5.1 (FPN, convolutional blocks, global average pooling) and section 6.8, Table 10, where
the FPN gives way to the backbone's last level alone or to one BiFPN block (EfficientDet, Tan et al. 2020). Widths and
the number of blocks are not stated.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor
Levels = list[Tensor]
Head = Literal["fpn", "backbone", "bifpn"]
ZONES, CLASSES = 6, 4


def block(inside: int, outside: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, Swish."""
    convolution = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outside), nn.SiLU())


def resized(levels: Tensor, like: Tensor) -> Tensor:
    """A level at another's size: nearest upwards, the maximum of each area downwards."""
    if levels.shape[-1] > like.shape[-1]:
        return functional.adaptive_max_pool2d(levels, like.shape[-2:])
    return functional.interpolate(levels, like.shape[-2:], mode="nearest")


class Fpn(nn.Module):
    """Lin et al. 2017: lateral 1 x 1 convolutions, sums from the coarsest level down, a 3 x 3 convolution each."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(block(inside, width, 1) for inside in channels)
        self.smooth = nn.ModuleList(block(width, width) for _ in channels)
        self.channels: list[int] = [width] * len(channels)

    def forward(self, levels: Levels) -> Levels:
        """Levels, finest first, to as many of one width."""
        found = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        for i in range(len(found) - 1, 0, -1):
            found[i - 1] = found[i - 1] + resized(found[i], found[i - 1])
        return [smooth(level) for smooth, level in zip(self.smooth, found, strict=True)]


class Coarsest(nn.Module):
    """The backbone's last level alone."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral = block(channels[-1], width, 1)
        self.channels = [width]

    def forward(self, levels: Levels) -> Levels:
        """Levels, finest first, to one."""
        return [self.lateral(levels[-1])]


class BiFpn(nn.Module):
    """One BiFPN block: sums down and up again, each weighed by learnt numbers of at least 0 that are normalised."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        count = len(channels)
        self.lateral = nn.ModuleList(block(inside, width, 1) for inside in channels)
        self.down = nn.ModuleList(block(width, width) for _ in range(count - 1))
        self.up = nn.ModuleList(block(width, width) for _ in range(count - 1))
        self.down_weight = nn.Parameter(torch.ones(count - 1, 2))
        self.up_weight = nn.Parameter(torch.ones(count - 1, 3))
        self.channels = [width] * count

    def forward(self, levels: Levels) -> Levels:
        """Levels, finest first, to as many of one width."""
        given = [lateral(level) for lateral, level in zip(self.lateral, levels, strict=True)]
        middle = list(given)
        for i in range(len(given) - 2, -1, -1):
            middle[i] = self.down[i](fused(self.down_weight[i], [given[i], middle[i + 1]]))
        found = middle[:1]
        for i in range(1, len(given)):
            found.append(self.up[i - 1](fused(self.up_weight[i - 1], [given[i], middle[i], found[-1]])))
        return found


def fused(weights: Tensor, levels: Levels) -> Tensor:
    """The weighted mean of levels at the size of the first (fast normalised fusion)."""
    share = weights.relu() / (weights.relu().sum() + 1e-4)
    return torch.stack([one * resized(level, levels[0]) for one, level in zip(share, levels, strict=True)]).sum(0)


KINDS: dict[Head, type[Fpn | Coarsest | BiFpn]] = {"fpn": Fpn, "backbone": Coarsest, "bifpn": BiFpn}


class ScoringHead(nn.Module):
    """Zones of every level, finest first, to logits `[n, 6, 4]`.

    The levels meet at the coarsest one's size; all zones share the convolutions, each has its own last one.
    """

    def __init__(self, kind: Head, channels: Sequence[int], width: int, dropout: float) -> None:
        super().__init__()
        self.pyramid = KINDS[kind](channels, width)
        self.blocks = nn.Sequential(block(sum(self.pyramid.channels), width), block(width, width))
        self.dropout = nn.Dropout2d(dropout)
        self.last = nn.Conv2d(width, ZONES * CLASSES, 1)

    def forward(self, levels: Levels) -> Tensor:
        """Levels `[n * 6, C, s, s]` to logits `[n, 6, 4]`."""
        found = self.pyramid(levels)
        joined = torch.cat([resized(level, levels[-1]) for level in found], 1)
        maps = self.last(self.dropout(self.blocks(joined)))
        every: Tensor = maps.mean((2, 3)).view(-1, ZONES, ZONES, CLASSES)
        return every.diagonal(dim1=1, dim2=2).movedim(-1, 1)
