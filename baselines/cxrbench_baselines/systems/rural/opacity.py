"""Opacities by a U-Net with ResNet-18 on the lungs cut out, and the share of the lungs as the outcome's index.

Tang et al. 2020, sections 2.4-2.7. The paper cuts the lungs out along contours drawn by hand, in training and in
testing. Here training takes the drawn contours where the source has them; a submission sees none, so a network of its
own (`lungs`) finds them, in training too where none are drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, unsquare
from cxrbench_baselines.lungs_first import Finder, LungFinder, LungsFirst, MaskCut, drawn_lungs
from cxrbench_baselines.nets.encoders import segmenter
from cxrbench_baselines.nets.losses import cut_dice, map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Learns, Options, checked
from cxrbench_baselines.systems import systems

Bools = NDArray[np.bool_]


class RuralOptions(Options):
    """`encoder` of the opacity network (the paper's is resnet18), and the network that finds the lungs."""

    encoder: str = "resnet18"
    lungs: Finder


@systems.register("rural-opacity")
class Rural(LungsFirst):
    """A mask of opacities in the lungs, and their share as the index of intensive care and of death.

    `predict.threshold` cuts the probability of an opacity.
    """

    tasks = ("opacity-segmentation", "outcome")
    stages: ClassVar = {"lungs": LungsFirst.LUNGS, "opacity": Learns(("opacity-segmentation",), ("lesions",))}
    options = RuralOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(RuralOptions, recipe)
        self.settings = checked(MaskCut, recipe, "predict").model_dump()
        self.lungs = LungFinder(own.lungs, own.pretrained)
        self.network, self.origin = segmenter("unet", own.encoder, self.given.channels, own.pretrained)

    def view(self, stage: str | None, pixels: NDArray[np.float32]) -> View:  # noqa: ARG002
        """The lungs that its network finds, black around them; the whole radiograph where it finds none."""
        return View.around(self.lungs.find(pixels), masked=True)

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:
        """Lungs cut out along their drawn contours where there are any, else along those found."""
        from cxrbench_baselines.training.examples import Radiographs, decoded

        if stage.name == "lungs":
            return super().examples(stage, cases, seed, done, learning=learning)
        found = []
        for i, case in enumerate(cases):
            drawn = drawn_lungs(case)
            look = self._look if drawn is None else _along(drawn)
            found += decoded([case], self.given, ("lesions",), look, lambda *_: None)
            done(i + 1, len(cases))
        return Radiographs(found, self.given, stage.augmentation if learning else (), seed)

    def _look(self, pixels: NDArray[np.float32]) -> View:
        self.eval()
        return self.view(None, pixels)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Lungs cut out `[n, C, S, S]` to `opacity`: logits `[n, 1, S, S]`."""
        return {"opacity": self.network(image)}

    def own_losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg`: Dice + focal."""
        return {"seg": map_loss(stage.loss_of("seg"), self.network(batch["image"]), batch["lesions"])}

    def own_quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Dice in the network's square; 1 where drawn and found are both empty."""
        return cut_dice(self.network(batch["image"])[:, 0].sigmoid(), batch["lesions"], self._threshold)

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """The mask at the image's own size, nothing outside the lungs; its share of them as `icu` and `death`."""
        lungs = np.ones(view.shape, np.bool_) if view.keep is None else view.keep
        mask = (unsquare(outputs["opacity"][0].sigmoid().float().cpu().numpy(), view) > self._threshold) & lungs
        index = share(mask, lungs)
        return {"opacity-segmentation": {"mask": mask}, "outcome": {"icu": index, "death": index}}

    @property
    def _threshold(self) -> float:
        return float(self.settings["threshold"])


def _along(lungs: Bools) -> Any:
    """What of a radiograph is seen when the lungs are known."""
    return lambda pixels: View.around(lungs, masked=True)  # noqa: ARG005


def share(opacity: Bools, lungs: Bools) -> float:
    """Area of the opacities in the lungs over area of the lungs, in [0, 1]; 0 where there are no lungs.

    Tang et al. 2020, section 2.7, which states the quotient upside down; the abstract has it this way.

    >>> share(np.array([[True, True, False]]), np.array([[True, False, True]]))
    0.5
    """
    return float((opacity & lungs).sum() / max(lungs.sum(), 1))
