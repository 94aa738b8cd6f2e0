"""lung-segmentation and opacity-segmentation: a mask of the image's size, scored by Dice.

Truth is `targets.lung_mask` (every label but background and `IGNORE` is lung) or `targets.lesion_mask`. Pixels that
the source marks `IGNORE` are background on both sides.

Empty masks: where truth and prediction are both empty, Dice and IoU are 1 and HD95 is 0; where one is empty, Dice and
IoU are 0 and HD95 is undefined: such cases are left out of its mean, and its note says how many. Every metric is given
again as `..._nonempty`, without the cases that are empty in truth. `..._pooled` is of all pixels of all cases.

`hd95_mm` needs the spacing of the file: of a CT from its image, of a radiograph from `meta["spacing"]` where the
dataset vouches for it. `hd95_px` is in pixels of the image, for radiographs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import Direction
from cxrbench.metrics.masks import dice, iou
from cxrbench.tasks import Arrays, MeasuredMetric, Row, tasks
from cxrbench.tasks.casewise import measure_mean, measure_ratio
from cxrbench.tasks.masks.comparison import MaskComparison, compare_masks
from cxrbench.tasks.masks.prediction import check_mask, make_mask_row, read_mask_row

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Segmentation:
    """The two tasks; see the module's docstring."""

    prediction = "mask: [H, W] or [D, H, W] of the image's size, booleans or labels (0 is background)"
    primary = "dice"
    several_rows = False

    def __init__(self, name: str, title: str, target: Literal["lung_mask", "lesion_mask"]) -> None:
        self.name, self.title, self.target = name, title, target

    def has_truth(self, case: Case) -> bool:
        """Whether the case has the mask.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return getattr(case.targets, self.target) is not None

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
        """The mask as run lengths; see `check_mask`.

        Args:
            prediction: What a submission returned for one image.
            shape: The shape of the image, where known.

        Returns:
            The prediction in its canonical form.

        Raises:
            ValueError: With the rule that the prediction breaks.
        """
        return check_mask(prediction, shape)

    def to_row(self, prediction: Arrays) -> Row:
        """Column `rle`.

        Args:
            prediction: A checked prediction.

        Returns:
            The columns.
        """
        return make_mask_row(prediction)

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """From column `rle` or `mask`.

        Args:
            row: The columns of one case.

        Returns:
            The prediction, not yet checked.

        Raises:
            ValueError: For other columns or text that is no number.
        """
        return read_mask_row(row)

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """Dice, IoU and HD95 per case, the same without cases that are empty in truth, and pooled.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        comparison = compare_masks(cases, predictions, self.target, surface=True)
        every = _measure_per_case(comparison, np.ones(len(cases), bool), patients)
        nonempty = _measure_per_case(comparison, comparison.counts.truth > 0, patients)
        renamed = {f"{key}_nonempty": metric for key, metric in nonempty.items()}
        return {**every, **renamed, **_measure_pooled(comparison, patients)}


def _measure_per_case(comparison: MaskComparison, chosen: Bools, patients: Sequence[str]) -> dict[str, MeasuredMetric]:
    """Means over the chosen cases."""
    overlaps = {
        key: measure_mean(
            fn(comparison.counts), patients, direction=Direction.HIGHER, undefined="no case has a mask", counted=chosen
        )
        for key, fn in (("dice", dice), ("iou", iou))
    }
    mm = _measure_surface(
        comparison.hd95_mm, chosen & comparison.has_mm, patients, "no case has a spacing and two masks"
    )
    px = _measure_surface(comparison.hd95_px, chosen & comparison.has_px, patients, "no radiograph has two masks")
    return overlaps | {"hd95_mm": mm, "hd95_px": px}


def _measure_surface(values: Floats, counted: Bools, patients: Sequence[str], undefined: str) -> MeasuredMetric:
    """The mean of HD95 over the counted cases, with a note on those that have none."""
    metric = measure_mean(values, patients, direction=Direction.LOWER, undefined=undefined, counted=counted)
    missed = int((counted & np.isnan(values)).sum())
    note = f"left out: {missed}, where one of the two masks is empty"
    return replace(metric, note=note) if missed else metric


def _measure_pooled(comparison: MaskComparison, patients: Sequence[str]) -> dict[str, MeasuredMetric]:
    counts = comparison.counts
    sides = {"dice": (2 * counts.both, counts.truth + counts.pred)}
    sides["iou"] = (counts.both, counts.truth + counts.pred - counts.both)
    return {
        f"{key}_pooled": measure_ratio(
            part, whole, patients, direction=Direction.HIGHER, undefined="all masks are empty"
        )
        for key, (part, whole) in sides.items()
    }


tasks.register("lung-segmentation")(Segmentation("lung-segmentation", "Masks of the lungs", "lung_mask"))
tasks.register("opacity-segmentation")(
    Segmentation("opacity-segmentation", "Masks of opacities and lesions", "lesion_mask")
)
