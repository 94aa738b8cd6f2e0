"""Lung segmentations of the Cohen set: drawn by v7labs, or predicted by a model (lungVAE).

v7labs: `annotations/semantic_masks_v7labs_lungs/<filename>`, always a PNG whatever the name ends in; 255 lung, 127
"ignore" (over devices), 0 background; the two lungs cover the heart. lungVAE:
`annotations/lungVAE-masks/<stem>_mask.png`, 255 lung: the output of a network, hence no ground truth. A few files
have grey values along the outline, of which 128 and more count as lung.

Here lung is 3 (the side is unknown) and "ignore" is `cxrbench.case.IGNORE` (255), which the scorer leaves out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import IGNORE, LUNG
from cxrbench.datasets import Problem
from cxrbench.datasets.formats.image_files import read_image_size
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.mask import read_mask

MaskSource = Literal["v7labs", "lungvae"]
FOLDERS: Mapping[MaskSource, str] = {"v7labs": "semantic_masks_v7labs_lungs", "lungvae": "lungVAE-masks"}
MEANING = {0: 0, 127: IGNORE, 255: LUNG}
"""A value in a file to its meaning; every other value is an error."""
ZEROS_PER_BYTE = 500
"""Zeros are compressed a thousand to one. A mask that needs more than one byte per 500 pixels is not all zero."""


@dataclass(frozen=True, slots=True)
class LungMask:
    """The lung segmentation of one case.

    Attributes:
        load: Decodes it; None where there is none that can be used.
        problems: Why it is not used.
        files: The file that `load` reads.
    """

    load: Callable[[], NDArray[np.uint8]] | None = None
    problems: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()


def make_mask_path(annotations: Path, source: MaskSource, image: str) -> Path:
    """Make the path at which the mask of an image would be.

    Args:
        annotations: The folder `annotations`.
        source: Who made the masks.
        image: The file name of the image.

    Returns:
        The path, whether or not a file is there.

    Example:
        >>> make_mask_path(Path("annotations"), "lungvae", "one.jpg").as_posix()
        'annotations/lungVAE-masks/one_mask.png'
    """
    name = image if source == "v7labs" else f"{PurePath(image).stem}_mask.png"
    return annotations / FOLDERS[source] / name


def find_lung_mask(annotations: Path, source: MaskSource, image: Path) -> LungMask:
    """Find the mask of an image. It is used if it is not empty and has the size of the image (where that is there).

    Args:
        annotations: The folder `annotations`.
        source: Who made the masks.
        image: The image, which may be absent.

    Returns:
        The mask, or the reason why it is not used, or neither where there is no file.
    """
    path = make_mask_path(annotations, source, image.name)
    if not path.is_file():
        return LungMask()
    where = f"{path.parent.name}/{path.name}"
    try:
        size = read_image_size(path)
        if image.is_file() and (expected := read_image_size(image)) != size:
            reason = f"lung mask of {size[0]} x {size[1]} pixels, image of {expected[0]} x {expected[1]}: not used"
            return LungMask(problems=(Problem(where, reason),))
        if is_empty(path, size):
            return LungMask(problems=(Problem(where, "lung mask empty: not used", bad=False),))
    except DataError as error:
        return LungMask(problems=(Problem(where, f"lung mask: {error.what}: not used"),))
    return LungMask(partial(read_v7labs if source == "v7labs" else read_lungvae, path), files=(path,))


def is_empty(path: Path, size: tuple[int, int]) -> bool:
    """Check whether a mask is zero everywhere; it is decoded only where the file is so small that it may be.

    Args:
        path: The mask file.
        size: Its height and width in pixels.

    Returns:
        Whether it has no lung.

    Raises:
        DataError: The file cannot be decoded.
    """
    small = path.stat().st_size < size[0] * size[1] / ZEROS_PER_BYTE + 300
    return small and not read_mask(path).any()


def read_v7labs(path: Path) -> NDArray[np.uint8]:
    """Read a mask that v7labs drew.

    Args:
        path: The mask file.

    Returns:
        uint8 `[H, W]`: 0 background, 3 lung, `IGNORE` where the source says "ignore".

    Raises:
        DataError: The file has an unknown value, or the mask is empty.
    """
    stored = read_mask(path)
    unknown = sorted(set(np.flatnonzero(np.bincount(stored.ravel())).tolist()) - set(MEANING))
    if unknown or not stored.any():
        what = f"a lung mask holds the value {unknown[0]}" if unknown else "a lung mask is empty"
        raise DataError(what, str(path), "use the official file")
    meaning = np.zeros(256, np.uint8)
    meaning[list(MEANING)] = list(MEANING.values())
    return meaning[stored]


def read_lungvae(path: Path) -> NDArray[np.uint8]:
    """Read a mask that lungVAE predicted.

    Args:
        path: The mask file.

    Returns:
        uint8 `[H, W]`: 0 background, 3 lung.

    Raises:
        DataError: The mask is empty.
    """
    lung = read_mask(path) >= 128
    if not lung.any():
        raise DataError("a lung mask is empty", str(path), "use the official file")
    return lung.astype(np.uint8) * np.uint8(LUNG)
