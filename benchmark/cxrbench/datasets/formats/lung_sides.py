"""Lungs drawn on frontal radiographs as one label mask, right and left told by where they lie."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.mask import read_mask

RIGHT, LEFT = 1, 2


def sided(parts: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """Two lungs, each bool `[H, W]`, as uint8: 1 the one nearer to image-left (the patient's right), 2 the other.

    Pixels that both claim, and any other number of parts, are lung of unknown side (3), as is a pair of which one is
    empty: on a film with one lung drawn its place says nothing.
    """
    whole = np.where(np.any(parts, axis=0), np.uint8(LUNG), np.uint8(0))
    if len(parts) != 2 or not all(part.any() for part in parts):
        return whole
    right, left = sorted(parts, key=_column)
    whole[right & ~left], whole[left & ~right] = RIGHT, LEFT
    return whole


def _column(part: NDArray[np.bool_]) -> float:
    """The mean column of a mask's pixels."""
    return float(np.average(np.arange(part.shape[1]), weights=part.sum(axis=0)))


def drawn_lungs(*files: Path) -> NDArray[np.uint8]:
    """The lungs of mask files of one film, everything but 0 in each being lung: uint8 `[H, W]`, see `sided`.

    Raises `DataError` where a file is absent or damaged, or the sizes differ.
    """
    parts = [read_mask(path) > 0 for path in files]
    if len({part.shape for part in parts}) > 1:
        raise DataError("the masks of one film differ in size", str(files[0]), "use the official masks")
    return sided(parts)
