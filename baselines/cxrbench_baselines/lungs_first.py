"""Systems that segment the lungs before their own task: the lung network, and the stage that trains it."""

from collections.abc import Sequence
from typing import ClassVar

import cv2
import numpy as np
import torch
from cxrbench.case import IGNORE, Case
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, from_square, normalise_square, to_square
from cxrbench_baselines.nets.encoders import build_segmenter
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss
from cxrbench_baselines.recipe import Fraction, InputSpec, Stage, StrictModel
from cxrbench_baselines.system import Batch, Done, StageSpec, System

Bools = NDArray[np.bool_]


class LungFinderOptions(StrictModel):
    """The lung network: decoder and encoder as segmentation-models-pytorch names them, and what it sees.

    Its encoder starts from the weights that the recipe names under `network.pretrained`.
    """

    decoder: str = "unet"
    encoder: str
    input: InputSpec
    threshold: Fraction = 0.5


class LungFinder(nn.Module):
    """Segments the lungs of a radiograph. `network` has the weights, under the names that lung systems give them."""

    def __init__(self, options: LungFinderOptions, pretrained: str) -> None:
        super().__init__()
        self.input, self.threshold = options.input, options.threshold
        self.network, self.origin = build_segmenter(
            options.decoder, options.encoder, options.input.channels, pretrained
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Segment squares.

        Args:
            image: `[n, C, S, S]`.

        Returns:
            Logits `[n, 1, S, S]`.
        """
        logits: torch.Tensor = self.network(image)
        return logits

    def find(self, pixels: NDArray[np.float32]) -> Bools:
        """The lungs of a radiograph: the two largest regions above the threshold.

        Args:
            pixels: Radiograph `[H, W]` in [0, 1].

        Returns:
            Mask `[H, W]`; may be empty.
        """
        view = View.whole(pixels.shape)
        seen = torch.from_numpy(normalise_square(to_square(pixels, view, self.input), self.input))[None]
        with torch.inference_mode():
            logits = self(seen.to(next(self.parameters()).device))[0, 0]
        return keep_largest(from_square(logits.sigmoid().float().cpu().numpy(), view) > self.threshold, 2)


class MaskThreshold(StrictModel):
    """The `predict` section of a system with one mask: the threshold of its probability."""

    threshold: Fraction = 0.5


def keep_largest(mask: Bools, count: int) -> Bools:
    """The largest 8-connected regions of a mask.

    Args:
        mask: Mask `[H, W]`.
        count: How many regions are kept.

    Returns:
        Mask `[H, W]`; all of the mask where it has no more regions.

    Example:
        >>> keep_largest(np.array([[True, True, False, True]]), 1).tolist()
        [[True, True, False, False]]
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:count] + 1
    return np.isin(labels, order)


def read_drawn_lungs(case: Case) -> Bools | None:
    """The lungs that the source draws on a case.

    Args:
        case: The case.

    Returns:
        Mask `[H, W]`; None where the source draws none.

    Raises:
        DataError: The mask is unreadable.
    """
    if case.targets.lung_mask is None:
        return None
    drawn = case.targets.lung_mask()
    mask = (drawn > 0) & (drawn != IGNORE)
    return mask if mask.any() else None


class LungsFirst(System):
    """A system with a stage `lungs` that trains its submodule `lungs`; the other stages train its other submodules.

    A derived class builds the modules and has `own_losses` and `own_quality` for its other stages. The stage is not run
    where `--start lungs=FOLDER` gives the weights.
    """

    LUNGS: ClassVar = StageSpec(("lung-segmentation",), ("lungs",))
    lungs: LungFinder

    def trained_modules(self, stage: str) -> Sequence[nn.Module]:
        """The lungs alone in their stage, the rest without them in any other.

        Args:
            stage: Name of the stage.

        Returns:
            The modules whose weights the stage moves.
        """
        return [part for name, part in self.named_children() if (name == "lungs") == (stage == "lungs")]

    def make_examples(
        self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool
    ) -> Dataset[Batch]:
        """Whole radiographs as the lung network sees them, in its stage.

        Args:
            stage: The recipe's stage.
            cases: What it learns from, or is validated on.
            seed: Of the augmentation.
            done: Called with the number of cases read and the number of cases.
            learning: Whether the stage's augmentation is applied.

        Returns:
            One example per case.

        Raises:
            DataError: A file is unreadable.
        """
        from cxrbench_baselines.examples.radiographs import RadiographDataset, read_examples

        if stage.name != "lungs":
            return super().make_examples(stage, cases, seed, done, learning=learning)
        examples = read_examples(cases, self.lungs.input, ("lungs",), None, done, source=self.pixel_source)
        return RadiographDataset(examples, self.lungs.input, stage.augmentation if learning else (), seed)

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg` of the lungs in their stage.

        Args:
            stage: The recipe's stage.
            batch: Images and targets.

        Returns:
            Scalars by task.
        """
        if stage.name != "lungs":
            return self.own_losses(stage, batch)
        return {"seg": compute_map_loss(stage.loss_of("seg"), self.lungs(batch["image"]), batch["lungs"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """The Dice of the lungs in their stage.

        Args:
            stage: The recipe's stage.
            batch: `n` images and their targets.

        Returns:
            `[n]`; NaN where a case lacks the target.
        """
        if stage.name != "lungs":
            return self.own_quality(stage, batch)
        return compute_cut_dice(self.lungs(batch["image"])[:, 0].sigmoid(), batch["lungs"], self.lungs.threshold)

    def own_losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """`losses` of the other stages.

        Args:
            stage: The recipe's stage.
            batch: Images and targets.

        Returns:
            Scalars by task.
        """
        raise NotImplementedError

    def own_quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """`quality` in the other stages.

        Args:
            stage: The recipe's stage.
            batch: `n` images and their targets.

        Returns:
            `[n]`; NaN where a case lacks the target.
        """
        raise NotImplementedError
