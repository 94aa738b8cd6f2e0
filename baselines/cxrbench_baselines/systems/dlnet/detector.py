"""The single ResNet50 that DLNet is compared with: detection alone (Amer et al. 2020, Table II row 5).

The row's figures are quoted from the COVID-Net paper, without a recipe: it is the backbone with one dense layer.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from cxrbench.case import Image
from torch.nn import functional

from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import build_classifier
from cxrbench_baselines.nets.losses import compute_number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems


class DetectorOptions(Options):
    """`backbone` by timm's name."""

    backbone: str = "resnet50"


@systems.register("resnet50-detector")
class ResNetDetector(System):
    """The probability of pneumonia in one radiograph."""

    tasks = ("detection",)
    stages: ClassVar = {"finding": StageSpec(("detection",), ("finding",))}
    options = DetectorOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(DetectorOptions, recipe)
        self.network, self.origin = build_classifier(options.backbone, self.input.channels, 1, options.pretrained)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Detect pneumonia.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `finding`: logits `[n]`.
        """
        return {"finding": self.network(image)[:, 0]}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:  # noqa: ARG002
        """Compute the cross-entropy of the label.

        Args:
            stage: Not used.
            batch: Examples with `image` and `finding`.

        Returns:
            `detection`, a scalar.
        """
        return {"detection": compute_number_loss("bce", self(batch["image"])["finding"], batch["finding"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute minus the cross-entropy of each radiograph.

        Args:
            stage: Not used.
            batch: Examples with `image` and `finding`.

        Returns:
            `[n]`, higher is better; NaN where the label is unknown.
        """
        truth = batch["finding"]
        logit = self(batch["image"])["finding"]
        entropy = functional.binary_cross_entropy_with_logits(logit, truth.nan_to_num(), reduction="none")
        return torch.where(truth.isnan(), torch.nan, -entropy)

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the output for one radiograph into its prediction.

        Args:
            outputs: `finding`: a logit.
            view: Not used.
            image: Not used.

        Returns:
            `probability` of pneumonia.
        """
        return {"probability": float(outputs["finding"].float().sigmoid())}
