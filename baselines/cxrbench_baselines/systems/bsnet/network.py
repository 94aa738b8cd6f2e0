"""BS-Net's network: one backbone, lungs on it, their alignment, scores of zones (Signoroni et al. 2020, Fig. 3)."""

from typing import Any, Literal

import torch
from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.decoders.unetplusplus.decoder import UnetPlusPlusDecoder
from torch import nn
from torch.nn import functional

from cxrbench_baselines.systems.bsnet.alignment import Aligner, warped
from cxrbench_baselines.systems.bsnet.heads import Head, ScoringHead, block
from cxrbench_baselines.systems.bsnet.zones import zones_of

Tensor = torch.Tensor
Attention = Literal["hard", "soft"]
DECODER = (256, 128, 64, 32, 16)


class LungBranch(nn.Module):
    """U-Net++ on the features of a shared backbone; logits at the size of the image.

    With `levels` 5 it is the whole U-Net++; fewer leave out the finest levels and enlarge the map at the end.
    """

    def __init__(self, channels: list[int], levels: int) -> None:
        super().__init__()
        self.levels = levels
        used = [channels[0], *channels[-levels:]]
        self.decoder = UnetPlusPlusDecoder(used, DECODER[-levels:], n_blocks=levels)
        self.last = SegmentationHead(DECODER[-1], 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        """The backbone's features, the image first, to logits `[n, 1, S, S]`."""
        logits = self.last(self.decoder([features[0], *features[-self.levels :]]))
        return functional.interpolate(logits, features[0].shape[-2:], mode="bilinear")


class ExtraLevel(nn.Module):
    """One level more than the backbone has, of half the size (Table 10, "FPN 1024")."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = block(channels, channels, stride=2)

    def forward(self, level: Tensor) -> Tensor:
        """The coarsest level to the one below."""
        found: Tensor = self.block(level)
        return found


class Scorer(nn.Module):
    """Backbone features, lung map and matrix to logits of six zones: warp, attention, ROI pooling, head."""

    def __init__(
        self, kind: Head, channels: list[int], attention: Attention, size: int, *, width: int, extra: bool, drop: float
    ) -> None:
        super().__init__()
        own = channels[2:] + channels[-1:] * extra
        self.attention = attention
        self.coarser = ExtraLevel(channels[-1]) if extra else None
        self.sides = [max(1, size // 2 ** (i + 3)) for i in range(len(own))]
        self.head = ScoringHead(kind, own, width, drop)

    def forward(self, features: list[Tensor], aligned: Tensor, theta: Tensor) -> Tensor:
        """Features (the image and stride 2 are not used), aligned lung map and matrix to logits `[n, 6, 4]`."""
        levels = features[2:]
        if self.coarser is not None:
            levels = [*levels, self.coarser(levels[-1])]
        seen = [self.attended(warped(level, theta), aligned) for level in levels]
        found: Tensor = self.head([zones_of(level, side) for level, side in zip(seen, self.sides, strict=True)])
        return found

    def attended(self, level: Tensor, aligned: Tensor) -> Tensor:
        """An aligned level `[n, C, h, w]`; under hard attention times the aligned lung map `[n, 1, S, S]`."""
        if self.attention == "soft":
            return level
        return level * functional.adaptive_avg_pool2d(aligned, (level.shape[-2], level.shape[-1]))


class Network(nn.Module):
    """All of BS-Net: parts `backbone`, `lungs`, `aligner` and `scorer`."""

    def __init__(self, backbone: nn.Module, levels: int, **scoring: Any) -> None:
        super().__init__()
        channels = list(backbone.out_channels)  # type: ignore[arg-type]
        self.backbone, self.lungs, self.aligner = backbone, LungBranch(channels, levels), Aligner()
        self.scorer = Scorer(channels=channels, **scoring)

    def lung_logits(self, image: Tensor) -> Tensor:
        """Radiographs `[n, C, S, S]` to lung logits `[n, 1, S, S]`."""
        found: Tensor = self.lungs(self.backbone(image))
        return found

    def probabilities(self, image: Tensor, *, flip: bool) -> Tensor:
        """`[n, C, S, S]` to class probabilities `[n, 6, 4]`.

        `flip` means them with those of the mirror image, sides exchanged back.
        """
        found: Tensor = self(image)["zones"].float().softmax(-1)
        if flip:
            mirrored: Tensor = self(image.flip(-1))["zones"].float().softmax(-1)
            return (found + mirrored.roll(3, 1)) / 2
        return found

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """`[n, C, S, S]` to `lungs` logits, `theta`, `aligned` probabilities and `zones` logits `[n, 6, 4]`."""
        features = self.backbone(image)
        lungs = self.lungs(features)
        theta = self.aligner(lungs.sigmoid())
        aligned = warped(lungs.sigmoid(), theta)
        return {
            "lungs": lungs,
            "theta": theta,
            "aligned": aligned,
            "zones": self.scorer(features, aligned, theta),
        }
