"""The base of the CT triage systems of Goncharov et al. 2020: a series cropped to its lungs in, two rankings out.

Lungs come from the classical extractor, or from a lung network (`network.lungs: unet`) whose weights are given with
`--start lungs=FOLDER`; in training and in prediction alike.
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
from cxrbench_baselines.ct.prepare import Series, crop_to_lungs
from cxrbench_baselines.ct.rescaling import read_shape, rescale_ct
from cxrbench_baselines.ct.severity import affected_fraction
from cxrbench_baselines.nets.losses import compute_cut_dice
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Options, System, parse_section
from cxrbench_baselines.systems.goncharov.ct_input import check_input, read_spacing_mm
from cxrbench_baselines.systems.goncharov.lungs import CHANNELS, CtLungNetwork
from cxrbench_baselines.systems.goncharov.streaming import quantise_pixels
from cxrbench_baselines.systems.goncharov.windows import Volume

Floats = NDArray[np.float32]


class TriageOptions(Options):
    """Where lungs come from, and the channels of the lung network if they come from one."""

    lungs: Literal["classical", "unet"] = "classical"
    lungs_channels: tuple[int, ...] = CHANNELS


class TriageSystem(System):
    """Predicts `ct-triage`. A system defines `windows`, `losses`, `quality` and `predict_series`.

    With `negatives`, series without COVID-19 are training examples without lesions; else their map is unknown.
    """

    tasks = ("ct-triage",)
    options: ClassVar[type[TriageOptions]] = TriageOptions
    batch_size = 1
    negatives = False

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        check_input(recipe)
        options = parse_section(type(self).options, recipe)
        self.lungs = CtLungNetwork(options.lungs_channels, self.input) if options.lungs == "unet" else None

    def trained_modules(self, stage: str) -> Sequence[nn.Module]:  # noqa: ARG002
        """Select all but the lung network.

        Args:
            stage: Not used.

        Returns:
            The modules whose weights the stage changes.
        """
        return [module for name, module in self.named_children() if name != "lungs"]

    # Training

    def make_examples(
        self,
        stage: Stage,  # noqa: ARG002
        cases: Sequence[Case],
        seed: int,
        done: Done,
        *,
        learning: bool,
    ) -> Dataset[Batch]:
        """Make the examples of a stage: windows of the prepared series.

        Args:
            stage: Not used.
            cases: CT series.
            seed: Seed of the draws.
            done: Called with the number of prepared series and their total.
            learning: Training, not validation.

        Returns:
            The windows.
        """
        volumes = []
        for i, case in enumerate(cases):
            volumes.append(self._make_volume(case))
            done(i + 1, len(cases))
        return self.windows(volumes, seed, learning=learning)

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Make the examples of a stage from its prepared series.

        Args:
            volumes: Prepared series.
            seed: Seed of the draws.
            learning: Draw at random (training), or take the middle (validation).

        Returns:
            Examples with `image`, `labels` and `covid`.
        """
        raise NotImplementedError

    def _make_volume(self, case: Case) -> Volume:
        series = self.prepare(case.image(), f"{case.dataset}/{case.id}")
        category = case.targets.category
        return Volume(
            quantise_pixels(series.pixels),
            self._read_lesions(case, series),
            np.nan if category is None else float(category == "covid"),
        )

    def _read_lesions(self, case: Case, series: Series) -> NDArray[np.uint8] | None:
        """Drawn lesions of COVID-19 on the series' grid; see `negatives` for the other categories."""
        if case.targets.category in ("other", "healthy"):
            return np.zeros(series.hu.shape, np.uint8) if self.negatives else None
        return None if case.targets.lesion_mask is None else series.cropped(case.targets.lesion_mask())

    # Prediction

    def prepare(self, image: Image, where: str) -> Series:
        """Rescale a series to the recipe's spacing and crop it to its lungs (section 4.1).

        Args:
            image: The CT series.
            where: Its name for errors.

        Returns:
            The prepared series.

        Raises:
            DataError: No lungs are found.
        """
        small = rescale_ct(image, to=read_spacing_mm(self.input), where=where)
        find = find_lungs if self.lungs is None else self.lungs.find
        return crop_to_lungs(small, find(small, where=where), read_shape(image), where=where)

    def predict(self, images: Sequence[Image]) -> list[dict[str, Any]]:
        """Predict CT series.

        Args:
            images: CT series.

        Returns:
            One dict per series, see `predict_series`.

        Raises:
            DataError: No lungs are found in a series.
        """
        with torch.inference_mode():
            return [self.predict_series(self.prepare(image, f"image {image.id}")) for image in images]

    def predict_series(self, series: Series) -> dict[str, Any]:
        """Predict a prepared series.

        Args:
            series: The series, cropped to its lungs.

        Returns:
            `covid`, `affected_fraction` and, with a lesion map, `mask` `[D, H, W]`.
        """
        raise NotImplementedError

    def rank_by_share(self, series: Series, lesions: Floats) -> dict[str, Any]:
        """Rank a series by a lesion map: both rankings are the affected share of the worse lung (sections 2.1, 2.2).

        Args:
            series: The prepared series.
            lesions: Lesion probabilities `[d, h, w]`, cut at `predict.threshold`.

        Returns:
            `covid` and `affected_fraction` in [0, 1], and `mask` `[D, H, W]`.
        """
        threshold = float(self.settings.get("threshold", 0.5))
        share = affected_fraction(lesions > threshold, series.lungs)["larger"]
        return {"covid": share, "affected_fraction": share, "mask": series.restored(lesions, threshold)}


def compute_dice(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Compute the Dice coefficient of lesion maps, cut at one half.

    Args:
        logits: `[n, 1, ...]`.
        labels: `[n, ...]` of 0, 1 and `IGNORE`.

    Returns:
        Coefficients `[n]`; 1 where both are empty, NaN where nothing is drawn.
    """
    return compute_cut_dice(logits[:, 0].sigmoid().flatten(2), labels.flatten(2))
