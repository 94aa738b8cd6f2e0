"""Stage I of Danilov et al. 2022: one of nine networks finds both lungs as one region (Methods, Tables 5 and 7)."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from cxrbench.case import Image
from cxrbench.errors import UsageError

from cxrbench_baselines.framing import View, unsquare
from cxrbench_baselines.nets.encoders import segmenter
from cxrbench_baselines.nets.losses import cut_dice, map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Learns, Options, System, checked
from cxrbench_baselines.systems import systems

Decoder = Literal["unet", "unetplusplus", "deeplabv3", "deeplabv3plus", "fpn", "linknet", "pspnet", "pan", "manet"]


class LungOptions(Options):
    """Decoder and encoder by the names of segmentation-models-pytorch."""

    decoder: Decoder
    encoder: str


def check_side(decoder: str, size: int) -> None:
    """Raise `UsageError` for a square that cannot be halved five times, or that is too small for PAN's pyramid."""
    least = 128 if decoder == "pan" else 32
    if size % 32 or size < least:
        raise UsageError(f"{decoder} needs a multiple of 32 pixels, at least {least}", f"size {size}", "correct it")


@systems.register("danilov-lungs")
class Lungs(System):
    """A lung mask of one radiograph; `predict.threshold` cuts its probability."""

    tasks = ("lung-segmentation",)
    stages = {"lungs": Learns(("lung-segmentation",), ("lungs",))}
    options = LungOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(LungOptions, recipe)
        check_side(own.decoder, self.given.size)
        self.network, self.origin = segmenter(own.decoder, own.encoder, self.given.channels, own.pretrained)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `lungs`: logits `[n, 1, S, S]`."""
        return {"lungs": self.network(image)}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg`."""
        return {"seg": map_loss(stage.loss_of("seg"), self(batch["image"])["lungs"], batch["lungs"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Dice in the network's square."""
        return cut_dice(self(batch["image"])["lungs"][:, 0].sigmoid(), batch["lungs"])

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """The mask at the image's own size."""
        probability = unsquare(outputs["lungs"][0].sigmoid().float().cpu().numpy(), view)
        return {"mask": probability > float(self.settings.get("threshold", 0.5))}
