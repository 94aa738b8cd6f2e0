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

from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import segmenter
from cxrbench_baselines.nets.losses import cut_dice, map_loss
from cxrbench_baselines.recipe import Recipe, Share, Stage
from cxrbench_baselines.system import Batch, Done, Learns, Options, System, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.bsnet.alignment import Misaligned, overlap, warped
from cxrbench_baselines.systems.bsnet.heads import Head
from cxrbench_baselines.systems.bsnet.losses import score_loss, scores
from cxrbench_baselines.systems.bsnet.network import Attention, Network
from cxrbench_baselines.training.examples import decoded as examples_of


class BSNetOptions(Options):
    """`attention` is hard (HA) or soft (SA); `head` and `extra_level` are the ablations of Table 10.

    `lung_levels` are the levels of U-Net++ (5 in the paper; fewer are cheaper and coarser), `width` the channels of
    the head, `dropout` of its channels before the last convolution.
    """

    encoder: str = "resnet18"
    attention: Attention = "hard"
    head: Head = "fpn"
    extra_level: bool = False
    lung_levels: Annotated[int, Field(ge=2, le=5)] = 5
    width: Annotated[int, Field(ge=8)] = 192
    dropout: Share = 0.0


def built(own: BSNetOptions, size: int, channels: int) -> tuple[Network, str]:
    """The network of these options for squares of `size`, and where its backbone's weights came from.

    Raises `UsageError` for a size that the backbone cannot halve five times.
    """
    if size % 32:
        raise UsageError("BS-Net takes squares of a multiple of 32", f"input.size {size}", "change input.size")
    given, origin = segmenter("unetplusplus", own.encoder, channels, own.pretrained)
    scoring = {"kind": own.head, "attention": own.attention, "width": own.width, "drop": own.dropout}
    network = Network(given.get_submodule("encoder"), own.lung_levels, size=size, extra=own.extra_level, **scoring)
    return network, origin


@systems.register("bs-net")
class BSNet(System):
    """Six zone scores of a radiograph.

    `predict.score` turns class probabilities into scores: "class" (the most probable, as the paper does; the
    prediction are the probabilities), "mean" or "median". With `predict.flip` the probabilities are the mean of the
    radiograph's and, sides exchanged back, its mirror image's.
    """

    tasks = ("brixia-severity",)
    stages = {
        "lungs": Learns(("lung-segmentation",), ("lungs",)),
        "alignment": Learns(("lung-segmentation",), ("lungs",)),
        "scoring": Learns(("brixia-severity",), ("brixia",)),
        "all": Learns(("brixia-severity",), ("brixia",)),
    }
    options: ClassVar[type[BSNetOptions]] = BSNetOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self._build(checked(self.options, recipe))

    def _build(self, own: BSNetOptions) -> None:
        self.network, self.origin = built(own, self.given.size, self.given.channels)

    def parts(self, stage: str) -> Sequence[nn.Module]:
        """From the part to the whole."""
        net = self.network
        moved: dict[str, list[nn.Module]] = {
            "lungs": [net.backbone, net.lungs],
            "alignment": [net.aligner],
            "scoring": [net.scorer],
        }
        return moved.get(stage, [net])

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:
        """Radiographs; for the alignment, disturbed lung masks."""
        if stage.name != "alignment":
            return super().examples(stage, cases, seed, done, learning=learning)
        found = examples_of(cases, self.given, ("lungs",), lambda pixels: View.whole(pixels.shape), done)
        masks = [np.where(one["lungs"] == IGNORE, np.uint8(0), one["lungs"]) for one in found]
        return Misaligned(masks, stage.augmentation, seed, learning=learning)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `brixia`: class probabilities `[n, 6, 4]`."""
        return {"brixia": self.network.probabilities(image, flip=bool(self.settings.get("flip")))}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """`seg` of the lungs, `overlap` of the alignment, `alpha` and `beta` of the scores."""
        if stage.name == "lungs":
            return {"seg": map_loss(stage.loss["seg"], self.network.lung_logits(batch["image"]), batch["lungs"])}
        if stage.name == "alignment":
            return {"overlap": 1 - overlap(self._aligned(batch), batch["aligned"]).mean()}
        logits = self.network(batch["image"])["zones"]
        return {"score": score_loss(logits, batch["brixia"], stage.loss["alpha"], stage.loss["beta"])}

    def _aligned(self, batch: Batch) -> torch.Tensor:
        """The disturbed masks after alignment."""
        return warped(batch["disturbed"], self.network.aligner(batch["disturbed"]))

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """Dice of the lungs, Dice after alignment, or the zones' mean absolute error with a minus."""
        if stage.name == "lungs":
            return cut_dice(self.network.lung_logits(batch["image"])[:, 0].sigmoid(), batch["lungs"])
        if stage.name == "alignment":
            return cut_dice(self._aligned(batch)[:, 0], batch["aligned"][:, 0])
        found = scores(self(batch["image"])["brixia"], self.settings.get("score", "class"))
        error = (found - batch["brixia"]).abs().mean(1)
        return torch.where((batch["brixia"] >= 0).all(1), -error, torch.nan)

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Class probabilities, or scores where the recipe asks for their mean or median."""
        how = self.settings.get("score", "class")
        found = outputs["brixia"] if how == "class" else scores(outputs["brixia"], how)
        return {"brixia": found.double().cpu().numpy()}
