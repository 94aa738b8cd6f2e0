"""ResNet50 over slices with a maximum over the series: identification from labels alone (sections 2.2 and 4.4)."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from cxrbench.case import Case
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.ct.prepare import Series
from cxrbench_baselines.nets.encoders import build_classifier
from cxrbench_baselines.nets.losses import compute_number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, StageSpec, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.series import SeriesOptions, compute_agreement, make_windows, pad_series
from cxrbench_baselines.systems.goncharov.streaming import iterate_batches, quantise_pixels
from cxrbench_baselines.systems.goncharov.triage import TriageSystem
from cxrbench_baselines.systems.goncharov.windows import Volume


class SliceResNetOptions(SeriesOptions):
    """The encoder by its timm name; its ResNet50 is torchvision's."""

    encoder: str = "resnet50"


@systems.register("goncharov-resnet50-2.5d")
class SliceResNet(TriageSystem):
    """Features of each slice, their maximum over all slices, a dense layer, a sigmoid (section 2.2); no map.

    The probability also serves as the affected fraction, as in the paper's Table 2.
    """

    options = SliceResNetOptions
    stages = {"covid": StageSpec(("ct-triage",), ("covid",))}

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.network_options = parse_section(SliceResNetOptions, recipe)
        self.encoder, self.origin = build_classifier(
            self.network_options.encoder, 1, 0, self.network_options.pretrained
        )
        self.dense = nn.Linear(cast("int", self.encoder.num_features), 1)

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

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Classify series.

        Args:
            image: Series `[n, 1, d, h, w]`.

        Returns:
            Logits of COVID-19 `[n]`.
        """
        n, _, d = image.shape[:3]
        features = self.encoder(image.transpose(1, 2).flatten(0, 1)).unflatten(0, (n, d))
        logits: torch.Tensor = self.dense(features.amax(1))[:, 0]
        return logits

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss of the label.

        Args:
            stage: The stage, with `cls` under `loss`.
            batch: Windows with `image` and `covid`.

        Returns:
            `cls`, a scalar.
        """
        return {"cls": compute_number_loss(stage.loss["cls"], self(batch["image"]), batch["covid"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute the probability of the true class.

        Args:
            stage: Not used.
            batch: Windows with `image` and `covid`.

        Returns:
            `[n]` in [0, 1], higher is better; NaN where the category is unknown.
        """
        return compute_agreement(self(batch["image"]), batch["covid"])

    def predict_series(self, series: Series) -> dict[str, Any]:
        """Predict a prepared series slice by slice; only the maximum of the features is kept in memory.

        Args:
            series: The series, cropped to its lungs.

        Returns:
            The probability as `covid` and as `affected_fraction`.
        """
        volume, _ = pad_series(quantise_pixels(series.pixels), self.input.size)
        maxima = [self.encoder(slices).amax(0) for slices in iterate_batches(volume, self.input, self.device)]
        covid = float(self.dense(torch.stack(maxima).amax(0)).sigmoid())
        return {"covid": covid, "affected_fraction": covid}
