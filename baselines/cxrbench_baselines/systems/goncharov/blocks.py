"""Building blocks of Goncharov et al. 2020: residual U-Nets in 2-D and 3-D, a map head, pyramid pooling.

The paper (section 2.1.2) takes the U-Net of Ronneberger et al. 2015 with residual blocks (He et al. 2016) in place of
plain convolutions. Channels, depth and normalisation are not stated; here each level halves the resolution by maximum
pooling and doubles it again by an up-convolution, and every convolution has batch normalisation.
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


def _make_convolution(dims: Dims, inputs: int, outputs: int, width: int = 3) -> list[nn.Module]:
    """A convolution that keeps the size, and its normalisation."""
    return [CONVOLUTION[dims](inputs, outputs, width, padding=width // 2, bias=False), NORM[dims](outputs)]


class PlainBlock(nn.Sequential):
    """Two convolutions of width 3 (Ronneberger et al. 2015), each followed by normalisation and ReLU.

    From `[n, inputs, ...]` to `[n, outputs, ...]` of the same size.
    """

    def __init__(self, dims: Dims, inputs: int, outputs: int) -> None:
        first, second = _make_convolution(dims, inputs, outputs), _make_convolution(dims, outputs, outputs)
        super().__init__(*first, nn.ReLU(inplace=True), *second, nn.ReLU(inplace=True))


class ResidualBlock(nn.Module):
    """Two convolutions of width 3 with a shortcut (He et al. 2016, Eqs. 1 and 2): ReLU(F(x) + x).

    The shortcut is the identity where the number of channels stays, else a convolution of width 1.
    """

    def __init__(self, dims: Dims, inputs: int, outputs: int) -> None:
        super().__init__()
        first, second = _make_convolution(dims, inputs, outputs), _make_convolution(dims, outputs, outputs)
        self.body = nn.Sequential(*first, nn.ReLU(inplace=True), *second)
        same = inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(*_make_convolution(dims, inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x: `[n, inputs, ...]`.

        Returns:
            `[n, outputs, ...]` of the same size.
        """
        return functional.relu(self.body(x) + self.shortcut(x))


class UnetBackbone(nn.Module):
    """A U-Net without its last layer (sections 2.1.2 and 2.3).

    `channels` are those of the levels, from full resolution down. An odd length is rounded up on the way down and cut
    on the way up, so that any size is accepted.
    """

    def __init__(
        self, dims: Dims, channels: Sequence[int], block: type[PlainBlock] | type[ResidualBlock] = ResidualBlock
    ) -> None:
        super().__init__()
        pairs = list(pairwise(channels))
        self.first = block(dims, 1, channels[0])
        self.pool = POOL[dims](2, ceil_mode=True)
        self.down = nn.ModuleList(block(dims, above, below) for above, below in pairs)
        self.up = nn.ModuleList(UP[dims](below, above, 2, stride=2) for above, below in pairs)
        self.joined = nn.ModuleList(block(dims, 2 * above, above) for above, _ in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """Compute features at full resolution.

        Args:
            x: Slices `[n, 1, h, w]` or series `[n, 1, d, h, w]`, in [0, 1] before normalisation.

        Returns:
            Features `[n, channels[0], ...]` of the same size.
        """
        levels = [self.first(x)]
        for block in self.down:
            levels.append(block(self.pool(levels[-1])))
        x = levels.pop()
        for up, block in zip(reversed(self.up), reversed(self.joined), strict=True):
            lateral = levels.pop()
            x = block(torch.cat([lateral, _crop_to_size(up(x), lateral.shape[2:])], 1))
        return x


def _crop_to_size(x: Tensor, size: Sequence[int]) -> Tensor:
    for axis, length in enumerate(size, 2):
        x = x.narrow(axis, 0, length)
    return x


class MapHead(nn.Sequential):
    """The first head (section 2.3): one residual block and a convolution of width 1, to logits `[n, 1, ...]`.

    After a `UnetBackbone` it completes the paper's U-Net.
    """

    def __init__(self, dims: Dims, channels: int) -> None:
        super().__init__(ResidualBlock(dims, channels, channels), CONVOLUTION[dims](channels, 1, 1))


def make_unet(dims: Dims, channels: Sequence[int]) -> nn.Sequential:
    """Make the whole U-Net of residual blocks (section 2.1.2).

    Args:
        dims: 2 for slices, 3 for series.
        channels: Channels of the levels, from full resolution down.

    Returns:
        A network from `[n, 1, ...]` to logits of the same shape.
    """
    return nn.Sequential(UnetBackbone(dims, channels), MapHead(dims, channels[0]))


def make_plain_unet(channels: Sequence[int]) -> nn.Sequential:
    """Make the basic 2-D U-Net of Ronneberger et al. 2015 (section 4.2).

    Args:
        channels: Channels of the levels, from full resolution down.

    Returns:
        A network from slices `[n, 1, h, w]` to logits of the same shape.
    """
    return nn.Sequential(UnetBackbone(2, channels, PlainBlock), nn.Conv2d(channels[0], 1, 1))


class PyramidPooling(nn.Module):
    """Maximum pooling of a 3-D feature map over pyramids of boxes (section 2.3; He et al. 2014).

    Level l cuts each axis into l parts, part i from floor(i * n / l) to ceil((i + 1) * n / l), and takes the maximum of
    each of the l^3 boxes. The maximum is taken in plane first and along the slices afterwards, which is equivalent and
    lets a series be pooled slice by slice: `pool_in_plane` for each slice, `pool_along` for the series.
    """

    def __init__(self, levels: Sequence[int] = (1, 2, 4)) -> None:
        super().__init__()
        self.levels = tuple(levels)

    def vector_length(self, channels: int) -> int:
        """Length of the pooled vector.

        Args:
            channels: Channels of the feature map.

        Returns:
            Channels times the sum of l^3 over the levels.
        """
        return channels * sum(level**3 for level in self.levels)

    def pool_in_plane(self, features: Tensor) -> Tensor:
        """Pool each slice.

        Args:
            features: Features of slices `[d, C, h, w]`.

        Returns:
            `[d, C, sum of l^2]`.
        """
        return torch.cat([functional.adaptive_max_pool2d(features, level).flatten(2) for level in self.levels], 2)

    def pool_along(self, pooled: Tensor) -> Tensor:
        """Pool along the slices.

        Args:
            pooled: Series of pooled slices `[n, d, C, sum of l^2]`.

        Returns:
            Vectors `[n, C * sum of l^3]`.
        """
        parts = torch.split(pooled, [level**2 for level in self.levels], 3)
        lines = [part.permute(0, 2, 3, 1).flatten(1, 2) for part in parts]
        maxima = [functional.adaptive_max_pool1d(line, level) for line, level in zip(lines, self.levels, strict=True)]
        return torch.cat([level.flatten(1) for level in maxima], 1)

    def forward(self, features: Tensor) -> Tensor:
        """Pool whole series.

        Args:
            features: Feature maps `[n, d, C, h, w]`.

        Returns:
            Vectors `[n, C * sum of l^3]`.
        """
        n, d = features.shape[:2]
        return self.pool_along(torch.unflatten(self.pool_in_plane(features.flatten(0, 1)), 0, (n, d)))
