"""Lung segmentations of frontal radiographs as one label mask with right and left lung."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.mask import read_mask

RIGHT, LEFT = 1, 2


def label_sides(parts: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """Label two lungs as right and left by their position on the radiograph.

    Args:
        parts: One bool mask `[H, W]` per lung.

    Returns:
        uint8 `[H, W]`: 1 for the lung nearer to image-left (the patient's right), 2 for the other. Pixels in both
        masks are lung of unknown side (3). So is everything where there are not two masks, or where one of the two
        is empty: the position of a single lung does not give its side.

    Raises:
        ValueError: The masks differ in size.

    Example:
        >>> label_sides([np.array([[False, False, True]]), np.array([[True, False, False]])])
        array([[1, 0, 2]], dtype=uint8)
        >>> label_sides([np.array([[True, False, True]])])
        array([[3, 0, 3]], dtype=uint8)
    """
    whole = np.where(np.any(parts, axis=0), np.uint8(LUNG), np.uint8(0))
    if len(parts) != 2 or not all(part.any() for part in parts):
        return whole
    right, left = sorted(parts, key=_compute_mean_column)
    whole[right & ~left], whole[left & ~right] = RIGHT, LEFT
    return whole


def _compute_mean_column(part: NDArray[np.bool_]) -> float:
    """The mean column of a mask's pixels."""
    return float(np.average(np.arange(part.shape[1]), weights=part.sum(axis=0)))


def merge_lungs(right: NDArray[np.bool_], left: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Merge the masks of two lungs whose sides are known.

    Args:
        right: The patient's right lung, bool `[H, W]`.
        left: The patient's left lung, bool `[H, W]`.

    Returns:
        uint8 `[H, W]`: 0 background, 1 right, 2 left; 2 where both were drawn.

    Example:
        >>> merge_lungs(np.array([[True, True, False]]), np.array([[False, True, True]]))
        array([[1, 2, 2]], dtype=uint8)
    """
    mask = np.zeros(right.shape, np.uint8)
    mask[right], mask[left] = RIGHT, LEFT
    return mask


def read_drawn_lungs(*files: Path) -> NDArray[np.uint8]:
    """Read the lung segmentation of one radiograph; in each file every value but 0 is lung.

    Args:
        files: One mask file for both lungs, or one per lung.

    Returns:
        uint8 `[H, W]`, see `label_sides`.

    Raises:
        DataError: A file is absent or damaged, or the sizes differ.
    """
    parts = [read_mask(path) > 0 for path in files]
    if len({part.shape for part in parts}) > 1:
        raise DataError("the masks of one radiograph differ in size", str(files[0]), "use the official masks")
    return label_sides(parts)
