"""Opacities by a U-Net with ResNet-18 on the lungs cut out, and their share of the lungs as the index of the outcome.

Tang et al. 2020, sections 2.4-2.7. The paper cuts the lungs out along hand-drawn contours, in training and in testing.
Here training uses the drawn contours where the source has them. A submission sees none, so a network of the system
(`lungs`) segments them, in training too where none are drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, from_square
from cxrbench_baselines.lungs_first import LungFinder, LungFinderOptions, LungsFirst, MaskThreshold, read_drawn_lungs
from cxrbench_baselines.nets.encoders import build_segmenter
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Options, StageSpec, parse_section
from cxrbench_baselines.systems import systems

Bools = NDArray[np.bool_]


class RuralOptions(Options):
    """`encoder` of the opacity network (the paper's is resnet18), and the network that segments the lungs."""

    encoder: str = "resnet18"
    lungs: LungFinderOptions


@systems.register("rural-opacity")
class RuralOpacity(LungsFirst):
    """A mask of opacities in the lungs, and their share as the index of ICU admission and of death.

    `predict.threshold` in [0, 1] cuts the probability of an opacity.
    """

    tasks = ("opacity-segmentation", "outcome")
    stages: ClassVar = {"lungs": LungsFirst.LUNGS, "opacity": StageSpec(("opacity-segmentation",), ("lesions",))}
    options = RuralOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(RuralOptions, recipe)
        self.settings = parse_section(MaskThreshold, recipe, "predict").model_dump()
        self.lungs = LungFinder(options.lungs, options.pretrained)
        self.network, self.origin = build_segmenter("unet", options.encoder, self.input.channels, options.pretrained)

    def view(self, stage: str | None, pixels: NDArray[np.float32]) -> View:  # noqa: ARG002
        """Crop a radiograph to its predicted lungs (section 2.4).

        Args:
            stage: Not used.
            pixels: Radiograph `[H, W]` in [0, 1].

        Returns:
            The box around the lungs with black pixels around them; the whole radiograph where no lungs are found.
        """
        return View.around(self.lungs.find(pixels), masked=True)

    def make_examples(
        self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool
    ) -> Dataset[Batch]:
        """Make the examples of a stage: lungs cut out along drawn contours where there are any, else as predicted.

        Args:
            stage: The stage.
            cases: Cases with the stage's truth.
            seed: Seed of the augmentation.
            done: Called with the number of prepared cases and their total.
            learning: Augment (training) or not (validation).

        Returns:
            The examples of the stage.
        """
        from cxrbench_baselines.examples.radiographs import RadiographDataset, read_examples

        if stage.name == "lungs":
            return super().make_examples(stage, cases, seed, done, learning=learning)
        squares = []
        for i, case in enumerate(cases):
            drawn = read_drawn_lungs(case)
            find_view = self._find_view if drawn is None else _make_view_finder(drawn)
            squares += read_examples([case], self.input, ("lesions",), find_view, lambda *_: None)
            done(i + 1, len(cases))
        return RadiographDataset(squares, self.input, stage.augmentation if learning else (), seed)

    def _find_view(self, pixels: NDArray[np.float32]) -> View:
        self.eval()
        return self.view(None, pixels)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Segment opacities.

        Args:
            image: Lungs cut out `[n, C, S, S]`.

        Returns:
            `opacity`: logits `[n, 1, S, S]`.
        """
        return {"opacity": self.network(image)}

    def own_losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss of the mask: Dice plus focal loss (section 2.5).

        Args:
            stage: The stage, with `seg` under `loss`.
            batch: Examples with `image` and `lesions`.

        Returns:
            `seg`, a scalar.
        """
        return {"seg": compute_map_loss(stage.loss_of("seg"), self.network(batch["image"]), batch["lesions"])}

    def own_quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute the Dice coefficient in the network's square.

        Args:
            stage: Not used.
            batch: Examples with `image` and `lesions`.

        Returns:
            `[n]`, higher is better; 1 where both masks are empty, NaN where none is drawn.
        """
        return compute_cut_dice(self.network(batch["image"])[:, 0].sigmoid(), batch["lesions"], self._threshold)

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the output for one radiograph into its predictions.

        Args:
            outputs: `opacity`: logits `[1, S, S]`.
            view: The crop, with the lung mask.
            image: Not used.

        Returns:
            One prediction per task: `mask` `[H, W]`, empty outside the lungs, and its share of them as `icu` and
            `death`.
        """
        lungs = np.ones(view.shape, np.bool_) if view.keep is None else view.keep
        mask = (from_square(outputs["opacity"][0].sigmoid().float().cpu().numpy(), view) > self._threshold) & lungs
        index = compute_share(mask, lungs)
        return {"opacity-segmentation": {"mask": mask}, "outcome": {"icu": index, "death": index}}

    @property
    def _threshold(self) -> float:
        return float(self.settings["threshold"])


def _make_view_finder(lungs: Bools) -> Any:
    """The crop of a radiograph whose lungs are known."""
    return lambda pixels: View.around(lungs, masked=True)  # noqa: ARG005


def compute_share(opacity: Bools, lungs: Bools) -> float:
    """Compute the area of the opacities in the lungs over the area of the lungs.

    Tang et al. 2020, section 2.7, which states the quotient upside down; the abstract has it this way.

    Args:
        opacity: Opacity mask `[H, W]`.
        lungs: Lung mask `[H, W]`.

    Returns:
        The share in [0, 1]; 0 where there are no lungs.

    Example:
        >>> compute_share(np.array([[True, True, False]]), np.array([[True, False, True]]))
        0.5
    """
    return float((opacity & lungs).sum() / max(lungs.sum(), 1))
