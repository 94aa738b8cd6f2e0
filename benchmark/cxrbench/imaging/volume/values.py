"""Stored voxel values to Hounsfield units or labels, one slice at a time: no float copy of a volume is made."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError

HU_LOW, HU_HIGH = -1024, 3071
"""The range of a 12-bit scanner; padding (-2048, -3024) falls on its lower end, metal on the upper."""
GREY_WHITE = 200
"""A volume of whole numbers 0...255 whose maximum is above this is an 8-bit picture, not Hounsfield units."""
WHOLE_SHIFT = 8192
"""Intercepts up to here keep the clipped stored values within int16."""

Array = NDArray[np.generic]


def hounsfield(
    stored: Array,
    slope: float,
    intercept: float,
    where: str,
    grey_range: tuple[float, float] | None = None,
) -> NDArray[np.int16]:
    """HU = round(stored x slope + intercept), clipped to -1024...3071; int16, C-contiguous, same axes.

    An 8-bit picture is refused, unless `grey_range` = (HU of 0, HU of 255) asks for a linear mapping; a volume in
    HU is never mapped. Raises `DataError` for it, for values that are not finite and for colour.
    """
    volume = np.empty(stored.shape, np.int16)
    for index, plane in enumerate(hounsfield_planes(stored, slope, intercept, where, grey_range)):
        volume[index] = plane
    return volume


def hounsfield_planes(
    stored: Array,
    slope: float,
    intercept: float,
    where: str,
    grey_range: tuple[float, float] | None = None,
) -> Iterator[NDArray[np.int16]]:
    """The same, one slice `[H, W]` at a time, C-contiguous; what `hounsfield` raises comes before the first slice."""
    low, high = _extremes(stored, slope, intercept, where)
    if is_grey(stored, slope, intercept, low, high):
        slope, intercept = _grey_map(slope, intercept, where, grey_range)
    return (_plane(plane, slope, intercept) for plane in stored)


def _plane(stored: Array, slope: float, intercept: float) -> NDArray[np.int16]:
    """One slice; whole numbers that are only shifted need no float, and give the same."""
    limits = _whole_limits(stored.dtype, intercept) if slope == 1 else None
    if limits is not None:
        return np.clip(stored, *limits, order="C").astype(np.int16, copy=False) + np.int16(intercept)
    values = stored.astype(np.float32, order="C") * np.float32(slope) + np.float32(intercept)
    return np.asarray(np.clip(np.rint(values), HU_LOW, HU_HIGH), np.int16)


def _whole_limits(dtype: np.dtype[Any], intercept: float) -> tuple[int, int] | None:
    """The stored whole numbers that become the ends of HU, or the type's own ends within; None where floats serve."""
    if dtype.kind not in "iu" or intercept != round(intercept) or abs(intercept) > WHOLE_SHIFT:
        return None
    ends, low, high = np.iinfo(dtype), HU_LOW - int(intercept), HU_HIGH - int(intercept)
    return (max(low, ends.min), min(high, ends.max)) if low <= ends.max and high >= ends.min else None


def is_grey(stored: Array, slope: float, intercept: float, low: float, high: float) -> bool:
    """Whether the scaled values, of range `low`...`high`, equal their uint8 cast and reach above `GREY_WHITE`.

    The rule follows the published reader of the radiopaedia volumes (neuro-ml/COVID-19-Triage). A CT of a chest
    holds air (negative) and so is never taken for one.
    """
    if low < 0 or not GREY_WHITE < high <= 255:
        return False
    scaled = (plane.astype(np.float32) * np.float32(slope) + np.float32(intercept) for plane in stored)
    return all(bool((plane == np.rint(plane)).all()) for plane in scaled)


def _grey_map(
    slope: float, intercept: float, where: str, grey_range: tuple[float, float] | None
) -> tuple[float, float]:
    if grey_range is None:
        raise DataError(
            "8-bit volume (0-255, as radiopaedia's are), not Hounsfield units",
            where,
            "use it for masks only, or ask for a mapping: grey_range=(HU of 0, HU of 255)",
        )
    black, white = grey_range
    step = (white - black) / 255
    return slope * step, intercept * step + black


def labels(stored: Array, slope: float, intercept: float, where: str) -> NDArray[np.uint8]:
    """A label volume as uint8, C-contiguous, same axes. Raises `DataError` unless all values are whole, 0...255."""
    low, high = _extremes(stored, slope, intercept, where)
    if low < 0 or high > 255:
        raise DataError(f"mask values out of 0-255 ({low:g} to {high:g})", where, "use the official mask")
    mask = np.empty(stored.shape, np.uint8)
    for index, plane in enumerate(stored):
        values = plane.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        mask[index] = np.rint(values)
        if not np.array_equal(mask[index], values):
            raise DataError("mask values are not whole numbers", where, "use the official mask, not a resampled one")
    return mask


def _extremes(stored: Array, slope: float, intercept: float, where: str) -> tuple[float, float]:
    """The least and the greatest scaled value."""
    if stored.dtype.kind not in "iuf" or not stored.size:
        raise DataError(f"voxels are not numbers ({stored.dtype})", where, "use a scalar volume")
    ends = sorted(float(end) * slope + intercept for end in (stored.min(), stored.max()))
    if not np.isfinite(ends).all():
        raise DataError("voxels that are not finite", where, "fetch the file again")
    return ends[0], ends[1]
