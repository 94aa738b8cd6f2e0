"""What the networks of Goncharov et al. 2020 are made of: residual U-Nets in 2-D and 3-D, a map head, pyramid pooling.

The paper (section 2.1.2) takes the U-Net of Ronneberger et al. 2015 and puts residual blocks (He et al. 2016) where it
has plain convolutions. Channels, depth and normalisation are not stated; here each level halves the resolution by
maximum pooling and doubles it again by an up-convolution, and every convolution has batch normalisation.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor
Dims = Literal[2, 3]
CONVOLUTION: dict[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}
UP: dict[int, Any] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORM: dict[int, Any] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL: dict[int, Any] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}


def _convolved(dims: Dims, inputs: int, outputs: int, width: int = 3) -> list[nn.Module]:
    """A convolution that keeps the size, and its normalisation."""
    return [CONVOLUTION[dims](inputs, outputs, width, padding=width // 2, bias=False), NORM[dims](outputs)]


class Plain(nn.Sequential):
    """Two convolutions of width 3 (Ronneberger et al. 2015), each followed by normalisation and ReLU."""

    def __init__(self, dims: Dims, inputs: int, outputs: int) -> None:
        first, second = _convolved(dims, inputs, outputs), _convolved(dims, outputs, outputs)
        super().__init__(*first, nn.ReLU(inplace=True), *second, nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions of width 3 beside a shortcut (He et al. 2016, Eqs. 1 and 2): ReLU(F(x) + x).

    The shortcut is the identity where channels stay, else a convolution of width 1.
    """

    def __init__(self, dims: Dims, inputs: int, outputs: int) -> None:
        super().__init__()
        first, second = _convolved(dims, inputs, outputs), _convolved(dims, outputs, outputs)
        self.body = nn.Sequential(*first, nn.ReLU(inplace=True), *second)
        same = inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(*_convolved(dims, inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`[n, inputs, ...]` to `[n, outputs, ...]` of the same size."""
        return functional.relu(self.body(x) + self.shortcut(x))


class Backbone(nn.Module):
    """A U-Net without its last layer: `[n, 1, ...]` to features `[n, channels[0], ...]` of the same size, any size.

    `channels` are those of the levels, from full resolution down. A length that is odd is rounded up on the way down
    and cut on the way up.
    """

    def __init__(self, dims: Dims, channels: Sequence[int], block: type[Plain] | type[Residual] = Residual) -> None:
        super().__init__()
        pairs = list(pairwise(channels))
        self.first = block(dims, 1, channels[0])
        self.pool = POOL[dims](2, ceil_mode=True)
        self.down = nn.ModuleList(block(dims, above, below) for above, below in pairs)
        self.up = nn.ModuleList(UP[dims](below, above, 2, stride=2) for above, below in pairs)
        self.joined = nn.ModuleList(block(dims, 2 * above, above) for above, _ in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        levels = [self.first(x)]
        for block in self.down:
            levels.append(block(self.pool(levels[-1])))
        x = levels.pop()
        for up, block in zip(reversed(self.up), reversed(self.joined), strict=True):
            beside = levels.pop()
            x = block(torch.cat([beside, _cut(up(x), beside.shape[2:])], 1))
        return x


def _cut(x: Tensor, size: Sequence[int]) -> Tensor:
    for axis, length in enumerate(size, 2):
        x = x.narrow(axis, 0, length)
    return x


class MapHead(nn.Sequential):
    """Head 1 (section 2.3): one residual block and a convolution of width 1, to logits `[n, 1, ...]`.

    After a `Backbone` it makes up the paper's U-Net whole.
    """

    def __init__(self, dims: Dims, channels: int) -> None:
        super().__init__(Residual(dims, channels, channels), CONVOLUTION[dims](channels, 1, 1))


def unet(dims: Dims, channels: Sequence[int]) -> nn.Sequential:
    """The whole U-Net of residual blocks: `[n, 1, ...]` to logits of the same shape."""
    return nn.Sequential(Backbone(dims, channels), MapHead(dims, channels[0]))


def plain_unet(channels: Sequence[int]) -> nn.Sequential:
    """The basic 2-D U-Net (Ronneberger et al. 2015): `[n, 1, h, w]` to logits of the same shape."""
    return nn.Sequential(Backbone(2, channels, Plain), nn.Conv2d(channels[0], 1, 1))


class Pyramid(nn.Module):
    """Maximum pooling of a 3-D feature map over pyramids of boxes (He et al. 2014): a vector of fixed length.

    Level l cuts each axis into l parts, part i from floor(i * n / l) to ceil((i + 1) * n / l), and takes the maximum of
    each of the l^3 boxes. The maximum is taken in plane first and along the slices afterwards, which is the same and
    lets a series be pooled slice by slice: `in_plane` of each, `along` all of them.
    """

    def __init__(self, levels: Sequence[int] = (1, 2, 4)) -> None:
        super().__init__()
        self.levels = tuple(levels)

    def length(self, channels: int) -> int:
        """How long the vector is."""
        return channels * sum(level**3 for level in self.levels)

    def in_plane(self, features: Tensor) -> Tensor:
        """Slices `[d, C, h, w]` to `[d, C, sum of l^2]`."""
        return torch.cat([functional.adaptive_max_pool2d(features, level).flatten(2) for level in self.levels], 2)

    def along(self, pooled: Tensor) -> Tensor:
        """Series of pooled slices `[n, d, C, sum of l^2]` to vectors `[n, C * sum of l^3]`."""
        parts = torch.split(pooled, [level**2 for level in self.levels], 3)
        lines = [part.permute(0, 2, 3, 1).flatten(1, 2) for part in parts]
        found = [functional.adaptive_max_pool1d(x, level) for x, level in zip(lines, self.levels, strict=True)]
        return torch.cat([x.flatten(1) for x in found], 1)

    def forward(self, features: Tensor) -> Tensor:
        """Feature maps `[n, d, C, h, w]` to vectors `[n, C * sum of l^3]`."""
        n, d = features.shape[:2]
        return self.along(torch.unflatten(self.in_plane(features.flatten(0, 1)), 0, (n, d)))
