"""The network of DLNet: ResNet50, a detection head and a localisation head (Amer et al. 2020, III-A, Fig. 2).

At 448 x 448 the backbone's last three levels are Act-56 (512 channels), Act-28 (1024) and Act-14 (2048).
"""

from typing import Any, NamedTuple

import timm
import torch
from torch import nn

from cxrbench_baselines.nets.encoders import build_pretrained

Tensor = torch.Tensor
MAPS = 128
"""Maps of the localisation head."""


class DLNetOutput(NamedTuple):
    """The outputs for a batch: logit `[n]`, maps `[n, 128, S / 8, S / 8]`, Act-28 and Act-14 (strides 16 and 32)."""

    logit: Tensor
    maps: Tensor
    act28: Tensor
    act14: Tensor


class DetectionHead(nn.Sequential):
    """Pooled features `[n, channels]` to a logit `[n, 1]`: dense layers of 1024, 256 and 1 neurons (III-A).

    Dropout is between the first two. ReLU between the layers is our choice: the paper names only the final sigmoid.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        first, second, last = nn.Linear(channels, 1024), nn.Linear(1024, 256), nn.Linear(256, 1)
        super().__init__(first, nn.ReLU(), nn.Dropout(dropout), second, nn.ReLU(), last)


class LocalizationHead(nn.Module):
    """From Act-14 up to 128 maps of Act-56's size (III-A, Fig. 2c).

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
        """Localise pneumonia.

        Args:
            act56: Features of stride 8, `[n, fine, S / 8, S / 8]`.
            act28: Features of stride 16, `[n, middle, S / 16, S / 16]`.
            act14: Features of stride 32, `[n, coarse, S / 32, S / 32]`.

        Returns:
            Maps `[n, 128, S / 8, S / 8]`, not negative.
        """
        middle = self.to_middle(self.up(act14)) + act28
        maps: Tensor = self.last(self.to_fine(self.up(middle)) + act56).relu()
        return maps


class DLNet(nn.Module):
    """Backbone and both heads. `backbone` is a name of timm whose last three levels have strides 8, 16 and 32."""

    def __init__(self, backbone: str, channels: int, dropout: float, pretrained: str) -> None:
        super().__init__()

        def build(fetched: bool) -> nn.Module:
            network: nn.Module = timm.create_model(
                backbone, pretrained=fetched, in_chans=channels, features_only=True, out_indices=(2, 3, 4)
            )
            return network

        self.backbone, self.origin = build_pretrained(build, pretrained)
        levels: Any = self.backbone.feature_info
        fine, middle, coarse = levels.channels()
        self.detector = DetectionHead(coarse, dropout)
        self.localizer = LocalizationHead((fine, middle, coarse))

    def forward(self, image: Tensor) -> DLNetOutput:
        """Detect and localise pneumonia.

        Args:
            image: Radiographs `[n, C, S, S]`, S a multiple of 32.

        Returns:
            The logits, the maps, and the two activations that Grad-CAM needs.
        """
        act56, act28, act14 = self.backbone(image)
        logit = self.detector(act14.mean((2, 3)))[:, 0]
        return DLNetOutput(logit, self.localizer(act56, act28, act14), act28, act14)


def scale_to_unit(maps: Tensor) -> Tensor:
    """Scale the maps of each image together to [0, 1] by their smallest and largest value.

    The paper (III-B): "the localization prediction maps are normalized between 0 to 1".

    Args:
        maps: Maps `[n, k, h, w]`.

    Returns:
        Maps of the same shape; 0 for an image whose values are all equal.
    """
    low, high = maps.amin((1, 2, 3), keepdim=True), maps.amax((1, 2, 3), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-6)


def merge_maps(maps: Tensor) -> Tensor:
    """Merge the 128 maps of each image into the localisation map of the inference: the pixelwise maximum (III-A).

    Args:
        maps: Maps `[n, 128, h, w]`.

    Returns:
        Maps `[n, h, w]`, scaled to [0, 1].
    """
    return scale_to_unit(maps).amax(1)
