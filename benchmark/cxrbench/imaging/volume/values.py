"""Stored voxel values to Hounsfield units or labels, one slice at a time, without a float copy of the volume."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError

HU_LOW, HU_HIGH = -1024, 3071
"""The range of a 12-bit scanner; padding (-2048, -3024) is clipped to its lower end, metal to its upper."""
GREY_WHITE = 200
"""A volume of whole numbers 0...255 whose maximum is above this is an 8-bit picture, not Hounsfield units."""
WHOLE_SHIFT = 8192
"""Intercepts up to here keep the clipped stored values within int16."""

Array = NDArray[np.generic]


def convert_to_hounsfield(
    stored: Array,
    slope: float,
    intercept: float,
    where: str,
    grey_range: tuple[float, float] | None = None,
) -> NDArray[np.int16]:
    """Convert stored values: HU = round(stored x slope + intercept), clipped to -1024...3071.

    An 8-bit picture is refused, unless `grey_range` requests a linear mapping; a volume in HU is never mapped.

    Args:
        stored: `[D, H, W]`.
        slope: Factor.
        intercept: Offset.
        where: File, for the error.
        grey_range: HU of 0 and of 255.

    Returns:
        Int16 `[D, H, W]`, C-contiguous.

    Raises:
        DataError: An 8-bit picture, values that are not finite, or colour.

    Example:
        >>> convert_to_hounsfield(np.array([[[0, 1000, 9000]]]), 1.0, -1024.0, "ct.nii").tolist()
        [[[-1024, -24, 3071]]]
    """
    volume = np.empty(stored.shape, np.int16)
    for index, plane in enumerate(convert_planes(stored, slope, intercept, where, grey_range)):
        volume[index] = plane
    return volume


def convert_planes(
    stored: Array,
    slope: float,
    intercept: float,
    where: str,
    grey_range: tuple[float, float] | None = None,
) -> Iterator[NDArray[np.int16]]:
    """Convert stored values as `convert_to_hounsfield`, one slice at a time.

    Args:
        stored: `[D, H, W]`.
        slope: Factor.
        intercept: Offset.
        where: File, for the error.
        grey_range: HU of 0 and of 255.

    Returns:
        The slices, int16 `[H, W]`, C-contiguous.

    Raises:
        DataError: As `convert_to_hounsfield`, before the first slice.
    """
    low, high = _find_extremes(stored, slope, intercept, where)
    if is_eight_bit_picture(stored, slope, intercept, low, high):
        slope, intercept = _make_grey_mapping(slope, intercept, where, grey_range)
    return (_convert_plane(plane, slope, intercept) for plane in stored)


def _convert_plane(stored: Array, slope: float, intercept: float) -> NDArray[np.int16]:
    """One slice; integers that are only shifted need no float, with the same result."""
    limits = _find_whole_limits(stored.dtype, intercept) if slope == 1 else None
    if limits is not None:
        return np.clip(stored, *limits, order="C").astype(np.int16, copy=False) + np.int16(intercept)
    values = stored.astype(np.float32, order="C") * np.float32(slope) + np.float32(intercept)
    return np.asarray(np.clip(np.rint(values), HU_LOW, HU_HIGH), np.int16)


def _find_whole_limits(dtype: np.dtype[Any], intercept: float) -> tuple[int, int] | None:
    """The stored integers at the ends of HU, or the type's own ends within; None where floats are needed."""
    if dtype.kind not in "iu" or intercept != round(intercept) or abs(intercept) > WHOLE_SHIFT:
        return None
    ends, low, high = np.iinfo(dtype), HU_LOW - int(intercept), HU_HIGH - int(intercept)
    return (max(low, ends.min), min(high, ends.max)) if low <= ends.max and high >= ends.min else None


def is_eight_bit_picture(stored: Array, slope: float, intercept: float, low: float, high: float) -> bool:
    """Whether a volume is an 8-bit picture, not Hounsfield units.

    The rule follows the published reader of the radiopaedia volumes (neuro-ml/COVID-19-Triage): all scaled values are
    whole numbers of 0-255 and the greatest is above `GREY_WHITE`. A chest CT contains air (negative HU), so it is never
    taken for one.

    Args:
        stored: `[D, H, W]`.
        slope: Factor.
        intercept: Offset.
        low: Least scaled value.
        high: Greatest scaled value.

    Returns:
        True for an 8-bit picture.
    """
    if low < 0 or not GREY_WHITE < high <= 255:
        return False
    scaled = (plane.astype(np.float32) * np.float32(slope) + np.float32(intercept) for plane in stored)
    return all(bool((plane == np.rint(plane)).all()) for plane in scaled)


def _make_grey_mapping(
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


def convert_to_labels(stored: Array, slope: float, intercept: float, where: str) -> NDArray[np.uint8]:
    """Convert stored values to labels.

    Args:
        stored: `[D, H, W]`.
        slope: Factor.
        intercept: Offset.
        where: File, for the error.

    Returns:
        Uint8 `[D, H, W]`, C-contiguous.

    Raises:
        DataError: A value that is not a whole number 0-255.
    """
    low, high = _find_extremes(stored, slope, intercept, where)
    if low < 0 or high > 255:
        raise DataError(f"mask values out of 0-255 ({low:g} to {high:g})", where, "use the official mask")
    mask = np.empty(stored.shape, np.uint8)
    for index, plane in enumerate(stored):
        values = plane.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        mask[index] = np.rint(values)
        if not np.array_equal(mask[index], values):
            raise DataError("mask values are not whole numbers", where, "use the official mask, not a resampled one")
    return mask


def _find_extremes(stored: Array, slope: float, intercept: float, where: str) -> tuple[float, float]:
    """The least and the greatest scaled value."""
    if stored.dtype.kind not in "iuf" or not stored.size:
        raise DataError(f"voxels are not numbers ({stored.dtype})", where, "use a scalar volume")
    ends = sorted(float(end) * slope + intercept for end in (stored.min(), stored.max()))
    if not np.isfinite(ends).all():
        raise DataError("voxels that are not finite", where, "fetch the file again")
    return ends[0], ends[1]
