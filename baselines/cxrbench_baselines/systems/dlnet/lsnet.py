"""LSNet and LSNet-Aug: a U-Net whose contracting path is VGG-16 segments both lungs (Amer et al. 2020, IV-A).

The two differ in data and augmentation, that is in their recipes. VGG-16 is the one without batch normalisation; the
expanding path, which the paper leaves open, is that of segmentation-models-pytorch.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from cxrbench.case import Image

from cxrbench_baselines.framing import View, from_square
from cxrbench_baselines.lungs_first import MaskThreshold
from cxrbench_baselines.nets.encoders import build_segmenter
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems


class LSNetOptions(Options):
    """`encoder` by its name in segmentation-models-pytorch; only a quick run takes another than the paper's."""

    encoder: str = "vgg16"


@systems.register("lsnet")
class LSNet(System):
    """A lung mask of one radiograph; `predict.threshold` in [0, 1] cuts its probability."""

    tasks = ("lung-segmentation",)
    stages: ClassVar = {"lungs": StageSpec(("lung-segmentation",), ("lungs",))}
    options = LSNetOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(LSNetOptions, recipe)
        self.settings = parse_section(MaskThreshold, recipe, "predict").model_dump()
        self.network, self.origin = build_segmenter("unet", options.encoder, self.input.channels, options.pretrained)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Segment the lungs.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `lungs`: logits `[n, 1, S, S]`.
        """
        return {"lungs": self.network(image)}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss of the mask; the paper's is the Dice loss.

        Args:
            stage: The stage, with `seg` under `loss`.
            batch: Examples with `image` and `lungs`.

        Returns:
            `seg`, a scalar.
        """
        return {"seg": compute_map_loss(stage.loss_of("seg"), self(batch["image"])["lungs"], batch["lungs"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute the Dice coefficient in the network's square.

        Args:
            stage: Not used.
            batch: Examples with `image` and `lungs`.

        Returns:
            `[n]`, higher is better; NaN where no mask is drawn.
        """
        return compute_cut_dice(self(batch["image"])["lungs"][:, 0].sigmoid(), batch["lungs"], self._threshold)

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the outputs for one radiograph into its prediction.

        Args:
            outputs: `lungs`: logits `[1, S, S]`.
            view: What of the radiograph the network saw.
            image: Not used.

        Returns:
            `mask` `[H, W]` at the radiograph's own size.
        """
        return {"mask": from_square(outputs["lungs"][0].sigmoid().float().cpu().numpy(), view) > self._threshold}

    @property
    def _threshold(self) -> float:
        return float(self.settings["threshold"])
