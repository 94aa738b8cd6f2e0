"""The single ResNet50 that DLNet is compared with: detection alone (Amer et al. 2020, Table II row 5).

The row's figures are quoted from the COVID-Net paper, without a recipe: it is the backbone with one dense layer.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from cxrbench.case import Image
from torch.nn import functional

from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import classifier
from cxrbench_baselines.nets.losses import number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Learns, Options, System, checked
from cxrbench_baselines.systems import systems


class DetectorOptions(Options):
    """`backbone` by timm's name."""

    backbone: str = "resnet50"


@systems.register("resnet50-detector")
class ResNetDetector(System):
    """The probability of pneumonia in one radiograph."""

    tasks = ("detection",)
    stages: ClassVar = {"finding": Learns(("detection",), ("finding",))}
    options = DetectorOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(DetectorOptions, recipe)
        self.network, self.origin = classifier(own.backbone, self.given.channels, 1, own.pretrained)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `finding`: logits `[n]`."""
        return {"finding": self.network(image)[:, 0]}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:  # noqa: ARG002
        """Cross-entropy of the label."""
        return {"detection": number_loss("bce", self(batch["image"])["finding"], batch["finding"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """The cross-entropy of each image with the sign turned."""
        known = batch["finding"]
        logit = self(batch["image"])["finding"]
        entropy = functional.binary_cross_entropy_with_logits(logit, known.nan_to_num(), reduction="none")
        return torch.where(known.isnan(), torch.nan, -entropy)

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """The probability."""
        return {"probability": float(outputs["finding"].float().sigmoid())}
