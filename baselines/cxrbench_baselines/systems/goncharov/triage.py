"""What the CT triage systems of Goncharov et al. 2020 share: a series cropped to its lungs in, two rankings out.

Lungs come from the classical extractor, or from a lung network (`network.lungs: unet`) whose weights are given with
`--start lungs=FOLDER`. Both while learning and while predicting.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.ct.lungs import find_lungs
from cxrbench_baselines.ct.prepare import Series as Prepared
from cxrbench_baselines.ct.prepare import cropped, rescaled, shape_of
from cxrbench_baselines.ct.severity import affected_fraction
from cxrbench_baselines.nets.losses import cut_dice
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Options, System, checked
from cxrbench_baselines.systems.goncharov.ct_input import checked_input, spacing_mm
from cxrbench_baselines.systems.goncharov.lungs import CHANNELS, LungNetwork
from cxrbench_baselines.systems.goncharov.streaming import grey
from cxrbench_baselines.systems.goncharov.windows import Volume

Floats = NDArray[np.float32]


class TriageOptions(Options):
    """Where lungs come from, and the channels of the lung network if they come from one."""

    lungs: Literal["classical", "unet"] = "classical"
    lungs_channels: tuple[int, ...] = CHANNELS


class Triage(System):
    """Predicts `ct-triage`. A system gives `windows`, `losses`, `quality` and `told`.

    `negatives` says whether series without COVID-19 teach that they have no lesions; without it their map is unknown.
    """

    tasks = ("ct-triage",)
    options: ClassVar[type[TriageOptions]] = TriageOptions
    batch_size = 1
    negatives = False

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        checked_input(recipe)
        own = checked(type(self).options, recipe)
        self.lungs = LungNetwork(own.lungs_channels, self.given) if own.lungs == "unet" else None

    def parts(self, stage: str) -> Sequence[nn.Module]:  # noqa: ARG002
        """All but the lung network."""
        return [module for name, module in self.named_children() if name != "lungs"]

    # Training

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:  # noqa: ARG002
        """Windows of the prepared series."""
        volumes = []
        for i, case in enumerate(cases):
            volumes.append(self._volume(case))
            done(i + 1, len(cases))
        return self.windows(volumes, seed, learning=learning)

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """The examples of a stage from its prepared series."""
        raise NotImplementedError

    def _volume(self, case: Case) -> Volume:
        series = self.prepared(case.image(), f"{case.dataset}/{case.id}")
        category = case.targets.category
        return Volume(
            grey(series.pixels),
            self._lesions(case, series),
            np.nan if category is None else float(category == "covid"),
        )

    def _lesions(self, case: Case, series: Prepared) -> NDArray[np.uint8] | None:
        """Drawn lesions of COVID-19 on the series' grid; see `negatives` for the others."""
        if case.targets.category in ("other", "healthy"):
            return np.zeros(series.hu.shape, np.uint8) if self.negatives else None
        return None if case.targets.lesion_mask is None else series.cropped(case.targets.lesion_mask())

    # Prediction

    def prepared(self, image: Image, where: str) -> Prepared:
        """A series at the recipe's spacing, cropped to its lungs. Raises `DataError` where there are none."""
        small = rescaled(image, to=spacing_mm(self.given), where=where)
        find = find_lungs if self.lungs is None else self.lungs.find
        return cropped(small, find(small, where=where), shape_of(image), where=where)

    def predict(self, images: Sequence[Image]) -> list[dict[str, Any]]:
        """One dict an image. Raises `DataError` for a series without lungs."""
        with torch.inference_mode():
            return [self.told(self.prepared(image, f"image {image.id}")) for image in images]

    def told(self, series: Prepared) -> dict[str, Any]:
        """`covid`, `affected_fraction` and, with a lesion map, `mask` of a prepared series."""
        raise NotImplementedError

    def by_share(self, series: Prepared, lesions: Floats) -> dict[str, Any]:
        """What a lesion map `[d, h, w]` (probabilities) says: the affected share of the worse lung is both rankings."""
        threshold = float(self.settings.get("threshold", 0.5))
        share = affected_fraction(lesions > threshold, series.lungs)["larger"]
        return {"covid": share, "affected_fraction": share, "mask": series.restored(lesions, threshold)}


def dice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The Dice of logits `[n, 1, ...]` against labels `[n, ...]`, cut at one half, for each of the batch `[n]`."""
    return cut_dice(logits[:, 0].sigmoid().flatten(2), labels.flatten(2))
