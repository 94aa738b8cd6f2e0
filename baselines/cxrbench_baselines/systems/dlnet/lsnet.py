"""LSNet and LSNet-Aug: a U-Net whose contracting path is VGG-16 finds both lungs (Amer et al. 2020, IV-A).

The two differ in data and augmentation, that is in their recipes. VGG-16 is the one without batch normalisation; the
expanding path, which the paper leaves open, is that of segmentation-models-pytorch.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from cxrbench.case import Image

from cxrbench_baselines.framing import View, unsquare
from cxrbench_baselines.lungs_first import MaskCut
from cxrbench_baselines.nets.encoders import segmenter
from cxrbench_baselines.nets.losses import cut_dice, map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Learns, Options, System, checked
from cxrbench_baselines.systems import systems


class LSNetOptions(Options):
    """`encoder` by its name in segmentation-models-pytorch: another than the paper's for a quick run alone."""

    encoder: str = "vgg16"


@systems.register("lsnet")
class LSNet(System):
    """A lung mask of one radiograph; `predict.threshold` cuts its score map, in [0, 1]."""

    tasks = ("lung-segmentation",)
    stages: ClassVar = {"lungs": Learns(("lung-segmentation",), ("lungs",))}
    options = LSNetOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(LSNetOptions, recipe)
        self.settings = checked(MaskCut, recipe, "predict").model_dump()
        self.network, self.origin = segmenter("unet", own.encoder, self.given.channels, own.pretrained)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `lungs`: logits `[n, 1, S, S]`."""
        return {"lungs": self.network(image)}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg`."""
        return {"seg": map_loss(stage.loss_of("seg"), self(batch["image"])["lungs"], batch["lungs"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Dice in the network's square."""
        return cut_dice(self(batch["image"])["lungs"][:, 0].sigmoid(), batch["lungs"], self._threshold)

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """The mask at the image's own size."""
        return {"mask": unsquare(outputs["lungs"][0].sigmoid().float().cpu().numpy(), view) > self._threshold}

    @property
    def _threshold(self) -> float:
        return float(self.settings["threshold"])
