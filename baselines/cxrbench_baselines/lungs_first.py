"""Systems that need the lungs before their own work: a network that finds them, and the stage that trains it."""

from collections.abc import Sequence
from typing import ClassVar

import cv2
import numpy as np
import torch
from cxrbench.case import IGNORE, Case
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, normalised, square, unsquare
from cxrbench_baselines.nets.encoders import segmenter
from cxrbench_baselines.nets.losses import cut_dice, map_loss
from cxrbench_baselines.recipe import Input, Share, Stage, Strict
from cxrbench_baselines.system import Batch, Done, Learns, System

Bools = NDArray[np.bool_]


class Finder(Strict):
    """The network that finds the lungs: decoder and encoder as segmentation-models-pytorch names them, what it sees.

    Its encoder starts from the weights that the recipe names under `network.pretrained`.
    """

    decoder: str = "unet"
    encoder: str
    input: Input
    threshold: Share = 0.5


class LungFinder(nn.Module):
    """Where the lungs of a radiograph are. `network` has the weights, under the names that lung systems give them."""

    def __init__(self, own: Finder, pretrained: str) -> None:
        super().__init__()
        self.given, self.threshold = own.input, own.threshold
        self.network, self.origin = segmenter(own.decoder, own.encoder, own.input.channels, pretrained)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """`[n, C, S, S]` to logits `[n, 1, S, S]`."""
        logits: torch.Tensor = self.network(image)
        return logits

    def find(self, pixels: NDArray[np.float32]) -> Bools:
        """The lungs `[H, W]` of a radiograph in [0, 1]: the two largest regions above the threshold; may be empty."""
        view = View.whole(pixels.shape)
        seen = torch.from_numpy(normalised(square(pixels, view, self.given), self.given))[None]
        with torch.inference_mode():
            logits = self(seen.to(next(self.parameters()).device))[0, 0]
        return largest(unsquare(logits.sigmoid().float().cpu().numpy(), view) > self.threshold, 2)


class MaskCut(Strict):
    """The `predict` section of a system with one mask: where its probability is cut."""

    threshold: Share = 0.5


def largest(mask: Bools, count: int) -> Bools:
    """The `count` largest 8-connected regions of a mask `[H, W]`; all of it where it has fewer."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:count] + 1
    return np.isin(labels, order)


def drawn_lungs(case: Case) -> Bools | None:
    """The lungs that the source draws on a case, `[H, W]`; None where it draws none."""
    if case.targets.lung_mask is None:
        return None
    drawn = case.targets.lung_mask()
    mask = (drawn > 0) & (drawn != IGNORE)
    return mask if mask.any() else None


class LungsFirst(System):
    """A system with a stage `lungs` that trains its submodule `lungs`; the other stages train its other submodules.

    Derive from it, make the modules, and write `own_losses` and `own_quality` for the other stages. The stage falls
    away where `--start lungs=FOLDER` gives the weights.
    """

    LUNGS: ClassVar = Learns(("lung-segmentation",), ("lungs",))
    lungs: LungFinder

    def parts(self, stage: str) -> Sequence[nn.Module]:
        """The lungs alone in their stage, the rest without them in any other."""
        return [part for name, part in self.named_children() if (name == "lungs") == (stage == "lungs")]

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:
        """Whole radiographs as the lung network sees them, in its stage."""
        from cxrbench_baselines.training.examples import Radiographs, decoded

        if stage.name != "lungs":
            return super().examples(stage, cases, seed, done, learning=learning)
        found = decoded(cases, self.lungs.given, ("lungs",), lambda pixels: View.whole(pixels.shape), done)
        return Radiographs(found, self.lungs.given, stage.augmentation if learning else (), seed)

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg` of the lungs in their stage."""
        if stage.name != "lungs":
            return self.own_losses(stage, batch)
        return {"seg": map_loss(stage.loss_of("seg"), self.lungs(batch["image"]), batch["lungs"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """The Dice of the lungs in their stage."""
        if stage.name != "lungs":
            return self.own_quality(stage, batch)
        return cut_dice(self.lungs(batch["image"])[:, 0].sigmoid(), batch["lungs"], self.lungs.threshold)

    def own_losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """`losses` of the other stages."""
        raise NotImplementedError

    def own_quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """`quality` in the other stages."""
        raise NotImplementedError
