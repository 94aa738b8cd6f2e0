"""BS-Net as a trainable system: lungs, alignment, scoring head, all weights (Signoroni et al. 2020, section 5.2)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from cxrbench.case import IGNORE, Case, Image
from cxrbench.errors import UsageError
from pydantic import Field
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.examples.radiographs import read_examples
from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import build_segmenter
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss
from cxrbench_baselines.recipe import Fraction, Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet.alignment import DisturbedMasks, compute_soft_dice, warp_maps
from cxrbench_baselines.systems.bsnet.heads import HeadKind
from cxrbench_baselines.systems.bsnet.losses import compute_score_loss, to_scores
from cxrbench_baselines.systems.bsnet.network import Attention, BSNetNetwork


class BSNetOptions(Options):
    """`attention` is hard (HA) or soft (SA); `head` and `extra_level` are the ablations of Table 10.

    `lung_levels` are the levels of U-Net++ (5 in the paper; fewer are cheaper and coarser), `width` the channels of
    the head, `dropout` the share of its channels that is dropped before the last convolution.
    """

    encoder: str = "resnet18"
    attention: Attention = "hard"
    head: HeadKind = "fpn"
    extra_level: bool = False
    lung_levels: Annotated[int, Field(ge=2, le=5)] = 5
    width: Annotated[int, Field(ge=8)] = 192
    dropout: Fraction = 0.0


def build_network(options: BSNetOptions, size: int, channels: int) -> tuple[BSNetNetwork, str]:
    """Build the network of these options.

    Args:
        options: The recipe's `network` section.
        size: Side of the input square in pixels.
        channels: Channels of the input.

    Returns:
        The network, and where its backbone's first weights came from.

    Raises:
        UsageError: The backbone cannot halve the size five times, or the encoder does not exist.
    """
    if size % 32:
        raise UsageError("BS-Net takes squares of a multiple of 32", f"input.size {size}", "change input.size")
    segmenter, origin = build_segmenter("unetplusplus", options.encoder, channels, options.pretrained)
    scoring = {"kind": options.head, "attention": options.attention, "width": options.width, "drop": options.dropout}
    encoder = segmenter.get_submodule("encoder")
    return BSNetNetwork(encoder, options.lung_levels, size=size, extra=options.extra_level, **scoring), origin


@systems.register("bs-net")
class BSNet(System):
    """Six Brixia zone scores of a radiograph.

    `predict.score` turns class probabilities into scores: "class" (the most probable, as in the paper; the prediction
    then consists of the probabilities), "mean" or "median". With `predict.flip` the probabilities are averaged with
    those of the mirror image, its left and right zones exchanged.
    """

    tasks = ("brixia-severity",)
    stages = {
        "lungs": StageSpec(("lung-segmentation",), ("lungs",)),
        "alignment": StageSpec(("lung-segmentation",), ("lungs",)),
        "scoring": StageSpec(("brixia-severity",), ("brixia",)),
        "all": StageSpec(("brixia-severity",), ("brixia",)),
    }
    options: ClassVar[type[BSNetOptions]] = BSNetOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self._build(parse_section(self.options, recipe))

    def _build(self, options: BSNetOptions) -> None:
        self.network, self.origin = build_network(options, self.input.size, self.input.channels)

    def trained_modules(self, stage: str) -> Sequence[nn.Module]:
        """Select what a stage trains, from the parts to the whole (section 5.2).

        Args:
            stage: Name of the stage.

        Returns:
            The modules whose weights the stage changes.
        """
        net = self.network
        trained: dict[str, list[nn.Module]] = {
            "lungs": [net.backbone, net.lungs],
            "alignment": [net.aligner],
            "scoring": [net.scorer],
        }
        return trained.get(stage, [net])

    def make_examples(
        self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool
    ) -> Dataset[Batch]:
        """Make the examples of a stage: radiographs, and disturbed lung masks for the alignment.

        Args:
            stage: The stage.
            cases: Cases with the stage's truth.
            seed: Seed of the augmentation.
            done: Called with the number of prepared cases and their total.
            learning: Augment (training) or not (validation).

        Returns:
            The examples of the stage.
        """
        if stage.name != "alignment":
            return super().make_examples(stage, cases, seed, done, learning=learning)
        squares = read_examples(cases, self.input, ("lungs",), None, done, source=self.pixel_source)
        masks = [np.where(square["lungs"] == IGNORE, np.uint8(0), square["lungs"]) for square in squares]
        return DisturbedMasks(masks, stage.augmentation, seed, learning=learning)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Predict the class probabilities of the zones.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `brixia`: class probabilities `[n, 6, 4]`.
        """
        return {"brixia": self.network.predict_probabilities(image, flip=bool(self.settings.get("flip")))}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the loss of a stage: `seg` of the lungs, `overlap` of the alignment or `score` (Eq. 1).

        Args:
            stage: The stage, with `seg`, or with `alpha` and `beta`, under `loss`.
            batch: Examples of the stage.

        Returns:
            One scalar by name.
        """
        if stage.name == "lungs":
            return {
                "seg": compute_map_loss(stage.loss["seg"], self.network.segment_lungs(batch["image"]), batch["lungs"])
            }
        if stage.name == "alignment":
            return {"overlap": 1 - compute_soft_dice(self._align_masks(batch), batch["aligned"]).mean()}
        logits = self.network(batch["image"])["zones"]
        return {"score": compute_score_loss(logits, batch["brixia"], stage.loss["alpha"], stage.loss["beta"])}

    def _align_masks(self, batch: Batch) -> torch.Tensor:
        """The disturbed masks after alignment, `[n, 1, S, S]`."""
        return warp_maps(batch["disturbed"], self.network.aligner(batch["disturbed"]))

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """Measure each case: Dice of the lungs, Dice after alignment, or minus the mean absolute zone error.

        Args:
            stage: The stage.
            batch: Examples of the stage.

        Returns:
            `[n]`, higher is better; NaN where a zone has no truth.
        """
        if stage.name == "lungs":
            return compute_cut_dice(self.network.segment_lungs(batch["image"])[:, 0].sigmoid(), batch["lungs"])
        if stage.name == "alignment":
            return compute_cut_dice(self._align_masks(batch)[:, 0], batch["aligned"][:, 0])
        scores = to_scores(self(batch["image"])["brixia"], self.settings.get("score", "class"))
        error = (scores - batch["brixia"]).abs().mean(1)
        return torch.where((batch["brixia"] >= 0).all(1), -error, torch.nan)

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the outputs for one radiograph into its prediction.

        Args:
            outputs: `brixia`: class probabilities `[6, 4]`.
            view: Not used.
            image: Not used.

        Returns:
            `brixia`: class probabilities `[6, 4]`, or scores `[6]` where the recipe asks for their mean or median.
        """
        how = self.settings.get("score", "class")
        zones = outputs["brixia"] if how == "class" else to_scores(outputs["brixia"], how)
        return {"brixia": zones.double().cpu().numpy()}
