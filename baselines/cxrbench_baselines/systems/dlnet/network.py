"""The network of DLNet: ResNet50, a head that detects, and a head that localises (Amer et al. 2020, III-A, Fig. 2).

At 448 x 448 the backbone's last three levels are Act-56 (512 channels), Act-28 (1024) and Act-14 (2048).
"""

from typing import Any, NamedTuple

import timm
import torch
from torch import nn

from cxrbench_baselines.nets.encoders import started

Tensor = torch.Tensor
MAPS = 128
"""Maps that the localisation head ends in."""


class Seen(NamedTuple):
    """What the network makes of a batch: logit `[n]`, maps `[n, 128, s, s]`, and two activations behind them."""

    logit: Tensor
    maps: Tensor
    act28: Tensor
    act14: Tensor


class Detector(nn.Sequential):
    """Pooled features to a logit: dense layers of 1024, 256 and 1 neurons, dropout between the first two.

    ReLU between the layers is our choice: the paper names the sigmoid at the end alone.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        first, second, last = nn.Linear(channels, 1024), nn.Linear(1024, 256), nn.Linear(256, 1)
        super().__init__(first, nn.ReLU(), nn.Dropout(dropout), second, nn.ReLU(), last)


class Localizer(nn.Module):
    """From Act-14 up to 128 maps of Act-56's size.

    Twice: nearest-neighbour upsampling by 2, a 1 x 1 convolution down to the channels of the lateral activation, and
    its addition. At the end a 3 x 3 convolution and ReLU. `channels` are those of Act-56, Act-28 and Act-14.
    """

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        fine, middle, coarse = channels
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.to_middle = nn.Conv2d(coarse, middle, 1)
        self.to_fine = nn.Conv2d(middle, fine, 1)
        self.last = nn.Conv2d(fine, MAPS, 3, padding=1)

    def forward(self, act56: Tensor, act28: Tensor, act14: Tensor) -> Tensor:
        """The maps, not negative."""
        middle = self.to_middle(self.up(act14)) + act28
        maps: Tensor = self.last(self.to_fine(self.up(middle)) + act56).relu()
        return maps


class DLNet(nn.Module):
    """Backbone and both heads. `backbone` is a name of timm whose last three levels have strides 8, 16 and 32."""

    def __init__(self, backbone: str, channels: int, dropout: float, pretrained: str) -> None:
        super().__init__()

        def build(fetched: bool) -> nn.Module:
            found: nn.Module = timm.create_model(
                backbone, pretrained=fetched, in_chans=channels, features_only=True, out_indices=(2, 3, 4)
            )
            return found

        self.backbone, self.origin = started(build, pretrained)
        levels: Any = self.backbone.feature_info
        fine, middle, coarse = levels.channels()
        self.detector = Detector(coarse, dropout)
        self.localizer = Localizer((fine, middle, coarse))

    def forward(self, image: Tensor) -> Seen:
        """`[n, C, S, S]`, S a multiple of 32, to what is seen; the maps have side S / 8."""
        act56, act28, act14 = self.backbone(image)
        logit = self.detector(act14.mean((2, 3)))[:, 0]
        return Seen(logit, self.localizer(act56, act28, act14), act28, act14)


def to_unit(maps: Tensor) -> Tensor:
    """Maps `[n, k, h, w]` of an image scaled together to [0, 1] by their smallest and largest value; 0 if all are one.

    The paper: "the localization prediction maps are normalized between 0 to 1".
    """
    low, high = maps.amin((1, 2, 3), keepdim=True), maps.amax((1, 2, 3), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-6)


def one_map(maps: Tensor) -> Tensor:
    """The map of the inference `[n, h, w]`: the largest of the 128 at each pixel, scaled to [0, 1]."""
    return to_unit(maps).amax(1)
