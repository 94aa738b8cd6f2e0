"""Stage I of Danilov et al. 2022: one of nine networks segments both lungs as one region (Methods, Tables 5 and 7)."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from cxrbench.case import Image
from cxrbench.errors import UsageError

from cxrbench_baselines.framing import View, from_square
from cxrbench_baselines.nets.encoders import build_segmenter
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems

Decoder = Literal["unet", "unetplusplus", "deeplabv3", "deeplabv3plus", "fpn", "linknet", "pspnet", "pan", "manet"]


class LungOptions(Options):
    """Decoder and encoder by the names of segmentation-models-pytorch."""

    decoder: Decoder
    encoder: str


def check_size(decoder: str, size: int) -> None:
    """Check that a network takes squares of a size.

    Args:
        decoder: Name of the decoder.
        size: Side of the square in pixels.

    Raises:
        UsageError: The square cannot be halved five times, or is too small for PAN's pyramid.
    """
    least = 128 if decoder == "pan" else 32
    if size % 32 or size < least:
        raise UsageError(f"{decoder} needs a multiple of 32 pixels, at least {least}", f"size {size}", "correct it")


@systems.register("danilov-lungs")
class LungSystem(System):
    """A lung mask of one radiograph; `predict.threshold` in [0, 1] cuts its probability."""

    tasks = ("lung-segmentation",)
    stages = {"lungs": StageSpec(("lung-segmentation",), ("lungs",))}
    options = LungOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(LungOptions, recipe)
        check_size(options.decoder, self.input.size)
        self.network, self.origin = build_segmenter(
            options.decoder, options.encoder, self.input.channels, options.pretrained
        )

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Segment the lungs.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `lungs`: logits `[n, 1, S, S]`.
        """
        return {"lungs": self.network(image)}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss of the mask (Table 5).

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
        return compute_cut_dice(self(batch["image"])["lungs"][:, 0].sigmoid(), batch["lungs"])

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the outputs for one radiograph into its prediction.

        Args:
            outputs: `lungs`: logits `[1, S, S]`.
            view: What of the radiograph the network saw.
            image: Not used.

        Returns:
            `mask` `[H, W]` at the radiograph's own size.
        """
        probability = from_square(outputs["lungs"][0].sigmoid().float().cpu().numpy(), view)
        return {"mask": probability > float(self.settings.get("threshold", 0.5))}
