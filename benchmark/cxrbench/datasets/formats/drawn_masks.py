"""Lungs and lesions that were drawn on a radiograph: what the readers of several annotation formats return."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.datasets import Problem
from cxrbench.datasets.formats.image_files import read_image_size
from cxrbench.errors import DataError


@dataclass(frozen=True, slots=True)
class DrawnMasks:
    """The masks of one radiograph, decoded on demand.

    Attributes:
        lungs: Decodes the lung segmentation; None where there is none.
        lesions: Decodes the lesion mask; None where there is none.
        problems: Why a mask is not used.
        files: The files that the two functions read.
    """

    lungs: Callable[[], NDArray[np.uint8]] | None = None
    lesions: Callable[[], NDArray[np.bool_]] | None = None
    problems: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()


def compare_sizes(kind: str, size: tuple[int, int], image: Path | None) -> str | None:
    """Compare the size of an annotation with that of its image.

    Args:
        kind: What was drawn, as the report should name it.
        size: Height and width of the annotation in pixels.
        image: The image; None where it is absent, and then nothing is compared.

    Returns:
        How they differ, or None where they agree.

    Raises:
        DataError: The image cannot be read.
    """
    if image is None or (expected := read_image_size(image)) == size:
        return None
    return f"{kind} {size[0]} x {size[1]} pixels, image of {expected[0]} x {expected[1]}"


def place_crop(mask: NDArray[np.bool_], crop: NDArray[np.bool_], top: int, left: int, source: Path) -> None:
    """Add a crop to a mask, in place; pixels that are already set stay set.

    Args:
        mask: bool `[H, W]`.
        crop: bool `[h, w]`.
        top: The row of the crop's upper-left corner.
        left: The column of that corner.
        source: The file of the crop, for the error message.

    Raises:
        DataError: The crop leaves the mask.

    Example:
        >>> mask = np.zeros((2, 3), bool)
        >>> place_crop(mask, np.ones((1, 2), bool), 1, 1, Path("crop.png"))
        >>> mask.astype(int)
        array([[0, 0, 0],
               [0, 1, 1]])
    """
    rows, columns = crop.shape
    place = mask[top : top + rows, left : left + columns]
    if min(top, left) < 0 or place.shape != crop.shape:
        raise DataError("a mask leaves its image", str(source), "use the official file")
    place |= crop
