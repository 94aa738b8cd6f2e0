"""True and predicted masks of cases compared: pixel counts and surface distances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import IGNORE, Case
from cxrbench.errors import SubmissionError
from cxrbench.metrics.masks import Overlap, count_overlap, separate_ignored, stack_overlaps
from cxrbench.metrics.surface import hausdorff_distance
from cxrbench.tasks import Arrays
from cxrbench.tasks.masks.prediction import decode_prediction, read_shape

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MaskComparison:
    """True and predicted masks of n cases compared.

    Attributes:
        counts: Pixel counts of truth, prediction and both.
        hd95_mm: HD95 in mm `[n]`, NaN where undefined.
        hd95_px: HD95 in pixels `[n]`, NaN where undefined.
        has_mm: Which cases have a spacing `[n]`.
        has_px: Which cases are radiographs `[n]`.
    """

    counts: Overlap
    hd95_mm: Floats
    hd95_px: Floats
    has_mm: Bools
    has_px: Bools


def compare_masks(
    cases: Sequence[Case], predictions: Sequence[Arrays], target: str, *, surface: bool
) -> MaskComparison:
    """Compare the true and the predicted mask of each case, decoded one at a time.

    Args:
        cases: Cases with the target `[n]`.
        predictions: The checked prediction of each case `[n]`.
        target: The target: `lung_mask` or `lesion_mask`.
        surface: Whether HD95 is needed too.

    Returns:
        Counts and distances of all cases.

    Raises:
        SubmissionError: For a mask that is not of the truth's size.
        DataError: For a true mask that is unreadable.
    """
    rows = [
        _compare_case(case, prediction, target, surface) for case, prediction in zip(cases, predictions, strict=True)
    ]
    mm, px, has_mm, has_px = np.array([row[1:] for row in rows], np.float64).reshape(-1, 4).T
    return MaskComparison(stack_overlaps(row[0] for row in rows), mm, px, has_mm > 0, has_px > 0)


def _compare_case(
    case: Case, prediction: Arrays, target: str, surface: bool
) -> tuple[Overlap, float, float, bool, bool]:
    truth, ignored = read_truth_mask(case, target)
    if read_shape(prediction) != truth.shape:
        what = f"mask has shape {read_shape(prediction)}, the image {truth.shape}"
        raise SubmissionError(what, f"case {case.id}", "predict at the image's own size")
    pred = decode_prediction(prediction)
    counts = count_overlap(truth, pred, ignored if ignored.any() else None)
    if not surface:
        return counts, np.nan, np.nan, False, False
    spacing, kept, flat = _find_spacing(case), pred & ~ignored, case.modality == "cxr"
    mm = np.nan if spacing is None else hausdorff_distance(truth, kept, spacing)
    return counts, mm, hausdorff_distance(truth, kept) if flat else np.nan, spacing is not None, flat


def read_truth_mask(case: Case, target: str) -> tuple[Bools, Bools]:
    """Read the true mask of a case.

    Args:
        case: A case with the target.
        target: The target: `lung_mask` or `lesion_mask`.

    Returns:
        The mask and the pixels to leave out, `[H, W]` or `[D, H, W]` both.
    """
    drawn = getattr(case.targets, target)()
    if drawn.dtype == bool:
        return drawn, np.zeros_like(drawn)
    return separate_ignored(drawn, IGNORE)


def _find_spacing(case: Case) -> tuple[float, ...] | None:
    """Millimetres along each axis of the mask: from the dataset where it vouches for them, of a CT from its image."""
    spacing = case.meta.get("spacing")
    if isinstance(spacing, tuple):
        return tuple(map(float, spacing))
    return case.image().spacing if case.modality == "ct" and case.available else None
