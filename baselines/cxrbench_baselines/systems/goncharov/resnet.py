"""ResNet50 over slices with a maximum over the series: identification from labels alone (sections 2.2 and 4.4)."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from cxrbench.case import Case
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.ct.prepare import Series as Prepared
from cxrbench_baselines.nets.encoders import classifier
from cxrbench_baselines.nets.losses import number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Learns, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.series import SeriesOptions, agreement, padded, windows_of
from cxrbench_baselines.systems.goncharov.streaming import grey, steps
from cxrbench_baselines.systems.goncharov.triage import Triage
from cxrbench_baselines.systems.goncharov.windows import Volume


class ResnetOptions(SeriesOptions):
    """The encoder by its timm name; its ResNet50 is torchvision's."""

    encoder: str = "resnet50"


@systems.register("goncharov-resnet50-2.5d")
class Resnet(Triage):
    """Features of each slice, their maximum over all slices, a dense layer, a sigmoid; no map.

    The probability stands for the affected fraction too, as in the paper's Table 2.
    """

    options = ResnetOptions
    stages = {"covid": Learns(("ct-triage",), ("covid",))}

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.own = checked(ResnetOptions, recipe)
        self.encoder, self.origin = classifier(self.own.encoder, 1, 0, self.own.pretrained)
        self.dense = nn.Linear(cast("int", self.encoder.num_features), 1)

    def takes(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """CT whose category is known."""
        return case.modality == "ct" and case.targets.category is not None

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Slices spread over the series."""
        return windows_of(volumes, self.given, self.own, seed, learning=learning)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Series `[n, 1, d, h, w]` to logits `[n]`."""
        n, _, d = image.shape[:3]
        features = self.encoder(image.transpose(1, 2).flatten(0, 1)).unflatten(0, (n, d))
        found: torch.Tensor = self.dense(features.amax(1))[:, 0]
        return found

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `cls`."""
        return {"cls": number_loss(stage.loss["cls"], self(batch["image"]), batch["covid"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """The probability given to what is true."""
        return agreement(self(batch["image"]), batch["covid"])

    def told(self, series: Prepared) -> dict[str, Any]:
        """Slice after slice: only the maximum is kept."""
        volume, _ = padded(grey(series.pixels), self.given.size)
        best = torch.stack([self.encoder(one).amax(0) for one in steps(volume, self.given, self.device)]).amax(0)
        covid = float(self.dense(best).sigmoid())
        return {"covid": covid, "affected_fraction": covid}
