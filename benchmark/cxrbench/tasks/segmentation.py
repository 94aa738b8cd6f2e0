"""lung-segmentation and opacity-segmentation: a mask of the image's size, scored by Dice.

Truth is `targets.lung_mask` (every label but background and `IGNORE` is lung) or `targets.lesion_mask`. Pixels that
the source marks `IGNORE` are background on both sides.

Empty masks: where truth and prediction are both empty, Dice and IoU are 1 and HD95 is 0; where one is empty, Dice and
IoU are 0 and HD95 is undefined: such cases are left out of its mean, and its note says how many. Every metric stands
once more as `..._nonempty`, without the cases that are empty in truth. `..._pooled` is of all pixels of all cases.

`hd95_mm` needs the spacing of the file: of a CT from its image, of a radiograph from `meta["spacing"]` where the
dataset vouches for it. `hd95_px` is in pixels of the image, for radiographs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import IGNORE, Case
from cxrbench.errors import SubmissionError
from cxrbench.metrics.masks import Overlap, dice, gathered, iou, labelled, overlap
from cxrbench.metrics.surface import hausdorff
from cxrbench.tasks import Arrays, Measured, Row, tasks
from cxrbench.tasks.casewise import case_mean, ratio
from cxrbench.tasks.masks import rle
from cxrbench.tasks.masks.mask_files import read_mask_file
from cxrbench.tasks.scalars import expect

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def check_mask(prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
    """A mask as run lengths: `runs` `[k]` and `shape`; raises `ValueError` with the broken rule.

    Accepts `mask`, `[H, W]` or `[D, H, W]` of booleans or of integers, where every label but 0 belongs to it, or what
    it returned before. `shape` is the image's, where known.
    """
    if set(prediction) != {"runs", "shape"}:
        expect({"mask"}, prediction)
        return check_mask(_encoded(np.asarray(prediction["mask"])), shape)
    runs = np.asarray(prediction["runs"], np.int64)
    own = tuple(int(side) for side in np.asarray(prediction["shape"]).ravel())
    rle.check(runs, own)
    if shape is not None and own != shape:
        raise ValueError(f"mask has shape {own}, the image {shape}")
    return {"runs": runs, "shape": np.array(own)}


def _encoded(mask: NDArray[np.generic]) -> Arrays:
    if mask.dtype.kind not in "biu":
        raise ValueError(f"mask must be boolean or integer, got {mask.dtype}: cut a probability map at a threshold")
    if mask.dtype.kind == "i" and mask.size and mask.min() < 0:
        raise ValueError("the labels of a mask must be at least 0")
    return {"runs": rle.encode(mask), "shape": np.array(mask.shape)}


def mask_to_row(prediction: Arrays) -> Row:
    """Column `rle`: the run lengths as text (see `cxrbench.tasks.masks.rle`)."""
    return {"rle": rle.to_text(np.asarray(prediction["runs"], np.int64), shape_of(prediction))}


def mask_from_row(row: Mapping[str, object]) -> Arrays:
    """Column `rle`, or `mask`: the path of a PNG or NIfTI file; raises `ValueError` for other columns."""
    if set(row) == {"mask"}:
        if not isinstance(row["mask"], str):
            raise ValueError("the path in column mask is missing")
        return check_mask({"mask": read_mask_file(Path(str(row["mask"])))})
    expect({"rle"}, row, "column")
    runs, shape = rle.from_text(str(row["rle"]))
    return {"runs": runs, "shape": np.array(shape)}


def mask_of(prediction: Arrays) -> Bools:
    """The mask of a checked prediction, decoded."""
    return rle.decode(np.asarray(prediction["runs"], np.int64), shape_of(prediction))


def shape_of(prediction: Arrays) -> tuple[int, ...]:
    """The shape of the mask of a checked prediction, not decoded."""
    return tuple(np.asarray(prediction["shape"]).tolist())


@dataclass(frozen=True, slots=True)
class Compared:
    """Masks of n cases compared: pixel counts, and HD95 `[n]` in mm and in pixels (NaN where undefined)."""

    counts: Overlap
    hd95_mm: Floats
    hd95_px: Floats
    has_mm: Bools
    has_px: Bools


def compare_masks(cases: Sequence[Case], predictions: Sequence[Arrays], target: str, *, surface: bool) -> Compared:
    """Truth and prediction of each case, decoded one at a time; `surface` asks for HD95 too.

    Raises `SubmissionError` for a mask that is not of the truth's size, `DataError` for a truth that is unreadable.
    """
    rows = [_compared(case, prediction, target, surface) for case, prediction in zip(cases, predictions, strict=True)]
    mm, px, has_mm, has_px = np.array([row[1:] for row in rows], np.float64).reshape(-1, 4).T
    return Compared(gathered(row[0] for row in rows), mm, px, has_mm > 0, has_px > 0)


def _compared(case: Case, prediction: Arrays, target: str, surface: bool) -> tuple[Overlap, float, float, bool, bool]:
    truth, ignored = truth_mask(case, target)
    if shape_of(prediction) != truth.shape:
        what = f"mask has shape {shape_of(prediction)}, the image {truth.shape}"
        raise SubmissionError(what, f"case {case.id}", "predict at the image's own size")
    pred = mask_of(prediction)
    counts = overlap(truth, pred, ignored if ignored.any() else None)
    if not surface:
        return counts, np.nan, np.nan, False, False
    spacing, kept, flat = _spacing(case), pred & ~ignored, case.modality == "cxr"
    mm = np.nan if spacing is None else hausdorff(truth, kept, spacing)
    return counts, mm, hausdorff(truth, kept) if flat else np.nan, spacing is not None, flat


def truth_mask(case: Case, target: str) -> tuple[Bools, Bools]:
    """The case's mask and the pixels to leave out, `[H, W]` or `[D, H, W]` both."""
    drawn = getattr(case.targets, target)()
    if drawn.dtype == bool:
        return drawn, np.zeros_like(drawn)
    return labelled(drawn, IGNORE)


def _spacing(case: Case) -> tuple[float, ...] | None:
    """Millimetres an axis of the mask: what the dataset vouches for, of a CT what its image says."""
    told = case.meta.get("spacing")
    if isinstance(told, tuple):
        return tuple(map(float, told))
    return case.image().spacing if case.modality == "ct" and case.available else None


class Segmentation:
    """The two tasks; see the module's docstring."""

    prediction = "mask: [H, W] or [D, H, W] of the image's size, booleans or labels (0 is background)"
    primary = "dice"
    several_rows = False

    def __init__(self, name: str, title: str, target: Literal["lung_mask", "lesion_mask"]) -> None:
        self.name, self.title, self.target = name, title, target

    def has_truth(self, case: Case) -> bool:
        """Whether the case has the mask."""
        return getattr(case.targets, self.target) is not None

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
        """The mask as run lengths; see `check_mask`."""
        return check_mask(prediction, shape)

    def to_row(self, prediction: Arrays) -> Row:
        """Column `rle`."""
        return mask_to_row(prediction)

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """From column `rle` or `mask`."""
        return mask_from_row(row)

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """Dice, IoU and HD95 a case, the same without cases that are empty in truth, and pooled."""
        found = compare_masks(cases, predictions, self.target, surface=True)
        everything = np.ones(len(cases), bool)
        plain = _per_case(found, everything, patients)
        drawn = _per_case(found, found.counts.truth > 0, patients)
        return {**plain, **{f"{key}_nonempty": one for key, one in drawn.items()}, **_pooled(found, patients)}


def _per_case(found: Compared, chosen: Bools, patients: Sequence[str]) -> dict[str, Measured]:
    """Means over the chosen cases."""
    overlaps = {
        key: case_mean(fn(found.counts), patients, better="higher", undefined="no case has a mask", counted=chosen)
        for key, fn in (("dice", dice), ("iou", iou))
    }
    mm = _surface(found.hd95_mm, chosen & found.has_mm, patients, "no case has a spacing and two masks")
    px = _surface(found.hd95_px, chosen & found.has_px, patients, "no radiograph has two masks")
    return overlaps | {"hd95_mm": mm, "hd95_px": px}


def _surface(values: Floats, asked: Bools, patients: Sequence[str], undefined: str) -> Measured:
    """The mean of HD95 over the cases asked for, with a note on those that have none."""
    one = case_mean(values, patients, better="lower", undefined=undefined, counted=asked)
    missed = int((asked & np.isnan(values)).sum())
    return replace(one, note=f"left out: {missed}, where one of the two masks is empty") if missed else one


def _pooled(found: Compared, patients: Sequence[str]) -> dict[str, Measured]:
    counts = found.counts
    sides = {"dice": (2 * counts.both, counts.truth + counts.pred)}
    sides["iou"] = (counts.both, counts.truth + counts.pred - counts.both)
    return {
        f"{key}_pooled": ratio(part, whole, patients, better="higher", undefined="all masks are empty")
        for key, (part, whole) in sides.items()
    }


tasks.register("lung-segmentation")(Segmentation("lung-segmentation", "Masks of the lungs", "lung_mask"))
tasks.register("opacity-segmentation")(
    Segmentation("opacity-segmentation", "Masks of opacities and lesions", "lesion_mask")
)
