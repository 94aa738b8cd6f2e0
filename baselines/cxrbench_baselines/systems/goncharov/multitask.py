"""The multitask network: one 2-D U-Net over slices, a lesion map and the series' probability (sections 2.3, 4.5)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import Case
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.ct.prepare import Series
from cxrbench_baselines.nets.losses import compute_map_loss, compute_number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, StageSpec, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.blocks import MapHead, PyramidPooling, UnetBackbone
from cxrbench_baselines.systems.goncharov.series import SeriesOptions, compute_agreement, make_windows, pad_series
from cxrbench_baselines.systems.goncharov.streaming import Bytes, iterate_batches, quantise_pixels, to_probability
from cxrbench_baselines.systems.goncharov.triage import Floats, TriageSystem, compute_dice
from cxrbench_baselines.systems.goncharov.windows import Volume

Tensor = torch.Tensor


class MultitaskOptions(SeriesOptions):
    """Channels of the U-Net's levels, levels of the pyramid, width of the hidden dense layer."""

    channels: tuple[int, ...] = (32, 64, 128, 256, 512)
    pyramid: tuple[int, ...] = (1, 2, 4)
    hidden: int = 128


@systems.register("goncharov-multitask-2d-unet")
class Multitask(TriageSystem):
    """Both rankings from one backbone: the map's affected share, and the probability of the second head (section 2.3).

    Lesions are trained on the series that have them drawn, COVID-19 on all: L = BCE(map) + 0.1 BCE(label)
    (section 4.5). The second head: pyramid pooling, a dense layer of `hidden` neurons with ReLU, one neuron.
    """

    options = MultitaskOptions
    stages = {"both": StageSpec(("ct-triage", "opacity-segmentation"), ("lesions", "covid"))}

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.network_options = parse_section(MultitaskOptions, recipe)
        width = self.network_options.channels[0]
        self.backbone, self.map_head = UnetBackbone(2, self.network_options.channels), MapHead(2, width)
        self.pyramid = PyramidPooling(self.network_options.pyramid)
        first = nn.Linear(self.pyramid.vector_length(width), self.network_options.hidden)
        self.dense = nn.Sequential(first, nn.ReLU(inplace=True), nn.Linear(self.network_options.hidden, 1))

    def accepts(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """Whether a case is a CT of known category.

        Args:
            stage: Not used.
            case: The case.

        Returns:
            True for a CT of known category.
        """
        return case.modality == "ct" and case.targets.category is not None

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Make examples: slices spread over each series.

        Args:
            volumes: Prepared series.
            seed: Seed of the draws.
            learning: Draw at random (training), or take the middle (validation).

        Returns:
            The windows.
        """
        return make_windows(volumes, self.input, self.network_options, seed, learning=learning)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Compute both heads.

        Args:
            image: Series `[n, 1, d, h, w]`.

        Returns:
            Logits of the lesion map `[n, 1, d, h, w]` and of COVID-19 `[n]`.
        """
        n, _, d = image.shape[:3]
        features = self.backbone(image.transpose(1, 2).flatten(0, 1))
        maps = self.map_head(features).unflatten(0, (n, d)).transpose(1, 2)
        covid = self.dense(self.pyramid(features.unflatten(0, (n, d))))
        return maps, covid[:, 0]

    def losses(self, stage: Stage, batch: Batch) -> dict[str, Tensor]:
        """Compute the losses of both heads (section 4.5).

        Args:
            stage: The stage, with `seg`, `cls` and `cls_weight` (0.1 in the paper) under `loss`.
            batch: Windows with `image`, `labels` and `covid`.

        Returns:
            `seg`, and `cls` times its weight, scalars.
        """
        maps, covid = self(batch["image"])
        weight = float(stage.loss["cls_weight"])
        return {
            "seg": compute_map_loss(stage.loss["seg"], maps, batch["labels"]),
            "cls": weight * compute_number_loss(stage.loss["cls"], covid, batch["covid"]),
        }

    def quality(self, stage: Stage, batch: Batch) -> Tensor:  # noqa: ARG002
        """Compute the mean of the map's Dice, where lesions are drawn, and the probability of the true class.

        Args:
            stage: Not used.
            batch: Windows with `image`, `labels` and `covid`.

        Returns:
            `[n]`, higher is better; NaN where neither is known.
        """
        maps, covid = self(batch["image"])
        parts = [compute_dice(maps, batch["labels"]), compute_agreement(covid, batch["covid"])]
        return torch.stack(parts).nanmean(0)

    def predict_series(self, series: Series) -> dict[str, Any]:
        """Predict a prepared series.

        Args:
            series: The series, cropped to its lungs.

        Returns:
            `affected_fraction` and `mask` of the lesion map, `covid` of the second head.
        """
        volume, place = pad_series(quantise_pixels(series.pixels), self.input.size)
        lesions, covid = self.predict_lesions_and_covid(volume)
        return {**self.rank_by_share(series, lesions[:, *place]), "covid": covid}

    def predict_lesions_and_covid(self, volume: Bytes) -> tuple[Floats, float]:
        """Run both heads slice by slice; only pooled features are kept in memory.

        Args:
            volume: Series uint8 `[d, h, w]`.

        Returns:
            The lesion probabilities `[d, h, w]` and the probability of COVID-19.
        """
        maps, pooled = [], []
        for slices in iterate_batches(volume, self.input, self.device):
            features = self.backbone(slices)
            maps.append(to_probability(self.map_head(features)))
            pooled.append(self.pyramid.pool_in_plane(features))
        covid = self.dense(self.pyramid.pool_along(torch.cat(pooled)[None]))
        return np.concatenate(maps), float(covid.sigmoid())
