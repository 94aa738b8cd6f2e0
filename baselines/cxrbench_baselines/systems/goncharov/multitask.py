"""The multitask network: one 2-D U-Net over slices, a lesion map and the series' probability (sections 2.3, 4.5)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import Case
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.ct.prepare import Series as Prepared
from cxrbench_baselines.nets.losses import map_loss, number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Learns, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.blocks import Backbone, MapHead, Pyramid
from cxrbench_baselines.systems.goncharov.series import SeriesOptions, agreement, padded, windows_of
from cxrbench_baselines.systems.goncharov.streaming import Bytes, grey, probability, steps
from cxrbench_baselines.systems.goncharov.triage import Floats, Triage, dice
from cxrbench_baselines.systems.goncharov.windows import Volume

Tensor = torch.Tensor


class MultitaskOptions(SeriesOptions):
    """Channels of the U-Net's levels, levels of the pyramid, width of the hidden dense layer."""

    channels: tuple[int, ...] = (32, 64, 128, 256, 512)
    pyramid: tuple[int, ...] = (1, 2, 4)
    hidden: int = 128


@systems.register("goncharov-multitask-2d-unet")
class Multitask(Triage):
    """Both rankings from one backbone: the map's affected share, and the probability of the second head.

    Lesions are learnt from the series that have them drawn, COVID-19 from all: L = BCE(map) + 0.1 BCE(label).
    """

    options = MultitaskOptions
    stages = {"both": Learns(("ct-triage", "opacity-segmentation"), ("lesions", "covid"))}

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.own = checked(MultitaskOptions, recipe)
        width = self.own.channels[0]
        self.backbone, self.map_head = Backbone(2, self.own.channels), MapHead(2, width)
        self.pyramid = Pyramid(self.own.pyramid)
        first = nn.Linear(self.pyramid.length(width), self.own.hidden)
        self.dense = nn.Sequential(first, nn.ReLU(inplace=True), nn.Linear(self.own.hidden, 1))

    def takes(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """CT of which the category is known."""
        return case.modality == "ct" and case.targets.category is not None

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Slices spread over the series."""
        return windows_of(volumes, self.given, self.own, seed, learning=learning)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Series `[n, 1, d, h, w]` to logits of the map `[n, 1, d, h, w]` and of COVID-19 `[n]`."""
        n, _, d = image.shape[:3]
        features = self.backbone(image.transpose(1, 2).flatten(0, 1))
        maps = self.map_head(features).unflatten(0, (n, d)).transpose(1, 2)
        covid = self.dense(self.pyramid(features.unflatten(0, (n, d))))
        return maps, covid[:, 0]

    def losses(self, stage: Stage, batch: Batch) -> dict[str, Tensor]:
        """The recipe's losses `seg` and `cls`, the second times `cls_weight`."""
        maps, covid = self(batch["image"])
        weight = float(stage.loss["cls_weight"])
        return {
            "seg": map_loss(stage.loss["seg"], maps, batch["labels"]),
            "cls": weight * number_loss(stage.loss["cls"], covid, batch["covid"]),
        }

    def quality(self, stage: Stage, batch: Batch) -> Tensor:  # noqa: ARG002
        """The mean of the map's Dice, where lesions are drawn, and the probability given to what is true."""
        maps, covid = self(batch["image"])
        return torch.stack([dice(maps, batch["labels"]), agreement(covid, batch["covid"])]).nanmean(0)

    def told(self, series: Prepared) -> dict[str, Any]:
        """The map's share and mask, and the second head's probability."""
        volume, place = padded(grey(series.pixels), self.given.size)
        lesions, covid = self.lesions_and_covid(volume)
        return {**self.by_share(series, lesions[:, *place]), "covid": covid}

    def lesions_and_covid(self, volume: Bytes) -> tuple[Floats, float]:
        """Map `[d, h, w]` and probability of a series, slice after slice: of features only the pooled ones are kept."""
        maps, pooled = [], []
        for one in steps(volume, self.given, self.device):
            features = self.backbone(one)
            maps.append(probability(self.map_head(features)))
            pooled.append(self.pyramid.in_plane(features))
        covid = self.dense(self.pyramid.along(torch.cat(pooled)[None]))
        return np.concatenate(maps), float(covid.sigmoid())
