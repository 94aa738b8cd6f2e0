"""BS-Net's network: one backbone, lung segmentation, alignment and zone scores (Signoroni et al. 2020, Fig. 3)."""

from typing import Any, Literal

import torch
from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.decoders.unetplusplus.decoder import UnetPlusPlusDecoder
from torch import nn
from torch.nn import functional

from cxrbench_baselines.systems.bsnet.alignment import Aligner, warp_maps
from cxrbench_baselines.systems.bsnet.heads import HeadKind, ScoringHead, make_block
from cxrbench_baselines.systems.bsnet.zones import pool_zones

Tensor = torch.Tensor
Attention = Literal["hard", "soft"]
DECODER = (256, 128, 64, 32, 16)
"""Channels of the U-Net++ decoder, coarsest level first."""


class LungBranch(nn.Module):
    """U-Net++ on the features of the shared backbone (section 5.1, "Segmentation").

    With `levels` 5 it is the whole U-Net++; fewer leave out the finest levels and enlarge the map at the end.
    """

    def __init__(self, channels: list[int], levels: int) -> None:
        super().__init__()
        self.levels = levels
        used = [channels[0], *channels[-levels:]]
        self.decoder = UnetPlusPlusDecoder(used, DECODER[-levels:], n_blocks=levels)
        self.last = SegmentationHead(DECODER[-1], 1)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Segment the lungs.

        Args:
            features: Levels of the backbone `[n, channels[i], S / 2^i, S / 2^i]`, the image first.

        Returns:
            Lung logits `[n, 1, S, S]`.
        """
        logits = self.last(self.decoder([features[0], *features[-self.levels :]]))
        return functional.interpolate(logits, features[0].shape[-2:], mode="bilinear")


class ExtraLevel(nn.Module):
    """One level more than the backbone has, of half the size (Table 10, "FPN 1024")."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = make_block(channels, channels, stride=2)

    def forward(self, level: Tensor) -> Tensor:
        """Halve the coarsest level.

        Args:
            level: Features `[n, channels, h, w]`.

        Returns:
            Features `[n, channels, h / 2, w / 2]`.
        """
        coarser: Tensor = self.block(level)
        return coarser


class Scorer(nn.Module):
    """From backbone features to zone logits: warp, attention, ROI pooling and scoring head (section 5.1, Fig. 4)."""

    def __init__(
        self,
        kind: HeadKind,
        channels: list[int],
        attention: Attention,
        size: int,
        *,
        width: int,
        extra: bool,
        drop: float,
    ) -> None:
        super().__init__()
        pooled = channels[2:] + channels[-1:] * extra
        self.attention = attention
        self.coarser = ExtraLevel(channels[-1]) if extra else None
        self.sides = [max(1, size // 2 ** (i + 3)) for i in range(len(pooled))]
        self.head = ScoringHead(kind, pooled, width, drop)

    def forward(self, features: list[Tensor], aligned: Tensor, theta: Tensor) -> Tensor:
        """Score the zones of aligned features.

        Args:
            features: Levels of the backbone, the image first; the image and the level of stride 2 are not used.
            aligned: Aligned lung probabilities `[n, 1, S, S]`.
            theta: Affine matrices `[n, 2, 3]`.

        Returns:
            Class logits `[n, 6, 4]`, zones A to F.
        """
        levels = features[2:]
        if self.coarser is not None:
            levels = [*levels, self.coarser(levels[-1])]
        attended = [self.apply_attention(warp_maps(level, theta), aligned) for level in levels]
        zones = [pool_zones(level, side) for level, side in zip(attended, self.sides, strict=True)]
        logits: Tensor = self.head(zones)
        return logits

    def apply_attention(self, level: Tensor, aligned: Tensor) -> Tensor:
        """Multiply features by the lung probability under hard attention (section 5.1, "Hard vs. soft").

        Args:
            level: Aligned features `[n, C, h, w]`.
            aligned: Aligned lung probabilities `[n, 1, S, S]`.

        Returns:
            The features `[n, C, h, w]`; unchanged under soft attention.
        """
        if self.attention == "soft":
            return level
        return level * functional.adaptive_avg_pool2d(aligned, (level.shape[-2], level.shape[-1]))


class BSNetNetwork(nn.Module):
    """All of BS-Net: the parts `backbone`, `lungs`, `aligner` and `scorer` (section 5.1, Fig. 3)."""

    def __init__(self, backbone: nn.Module, levels: int, **scoring: Any) -> None:
        super().__init__()
        channels = list(backbone.out_channels)  # type: ignore[arg-type]
        self.backbone, self.lungs, self.aligner = backbone, LungBranch(channels, levels), Aligner()
        self.scorer = Scorer(channels=channels, **scoring)

    def segment_lungs(self, image: Tensor) -> Tensor:
        """Segment the lungs alone.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            Lung logits `[n, 1, S, S]`.
        """
        logits: Tensor = self.lungs(self.backbone(image))
        return logits

    def predict_probabilities(self, image: Tensor, *, flip: bool) -> Tensor:
        """Predict the class probabilities of the zones.

        Args:
            image: Radiographs `[n, C, S, S]`.
            flip: Average with the prediction for the mirror image, its left and right zones exchanged.

        Returns:
            Class probabilities `[n, 6, 4]`, zones A to F.
        """
        straight: Tensor = self(image)["zones"].float().softmax(-1)
        if flip:
            mirrored: Tensor = self(image.flip(-1))["zones"].float().softmax(-1)
            return (straight + mirrored.roll(3, 1)) / 2
        return straight

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Segment, align and score.

        Args:
            image: Radiographs `[n, C, S, S]`, S a multiple of 32.

        Returns:
            `lungs` logits `[n, 1, S, S]`, `theta` `[n, 2, 3]`, `aligned` lung probabilities `[n, 1, S, S]` and `zones`
            logits `[n, 6, 4]`.
        """
        features = self.backbone(image)
        lungs = self.lungs(features)
        theta = self.aligner(lungs.sigmoid())
        aligned = warp_maps(lungs.sigmoid(), theta)
        return {
            "lungs": lungs,
            "theta": theta,
            "aligned": aligned,
            "zones": self.scorer(features, aligned, theta),
        }
