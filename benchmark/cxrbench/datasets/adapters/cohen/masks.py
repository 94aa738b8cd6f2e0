"""Lung masks of the Cohen set: drawn by v7labs, or made by a model (lungVAE).

v7labs: `annotations/semantic_masks_v7labs_lungs/<filename>`, always a PNG whatever the name ends in; 255 lung, 127
"ignore" (over devices), 0 background; two lungs that cover the heart. lungVAE:
`annotations/lungVAE-masks/<stem>_mask.png`, 255 lung: the output of a network, hence a reference and not the truth; a
few files have greys along the outline, of which 128 and more count as lung.

Here lung is 3 (no sides are told) and "ignore" is `cxrbench.case.IGNORE` (255), which the scorer leaves out.
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
from cxrbench.datasets.formats.image_files import picture_size
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.mask import read_mask

Source = Literal["v7labs", "lungvae"]
FOLDERS: Mapping[Source, str] = {"v7labs": "semantic_masks_v7labs_lungs", "lungvae": "lungVAE-masks"}
MEANING = {0: 0, 127: IGNORE, 255: LUNG}
"""A value in a file to its meaning; every other value is an error."""
ZEROS_PER_BYTE = 500
"""A mask with more bytes than one for each so many pixels is not all zero: zeros pack a thousand to one."""


@dataclass(frozen=True, slots=True)
class LungMask:
    """A case's lung mask, decoded when asked for, and why it is not used where it is not."""

    load: Callable[[], NDArray[np.uint8]] | None = None
    problems: tuple[Problem, ...] = ()


def mask_file(annotations: Path, source: Source, image: str) -> Path:
    """Where the mask of an image lies, by its file name."""
    name = image if source == "v7labs" else f"{PurePath(image).stem}_mask.png"
    return annotations / FOLDERS[source] / name


def lung_mask(annotations: Path, source: Source, image: Path) -> LungMask:
    """An image's mask, if it is there, is not empty, and has the size of the image (where that is there)."""
    path = mask_file(annotations, source, image.name)
    if not path.is_file():
        return LungMask()
    where = f"{path.parent.name}/{path.name}"
    try:
        size = picture_size(path)
        if image.is_file() and (own := picture_size(image)) != size:
            reason = f"lung mask of {size[0]} x {size[1]} pixels, image of {own[0]} x {own[1]}: not used"
            return LungMask(problems=(Problem(where, reason),))
        if is_empty(path, size):
            return LungMask(problems=(Problem(where, "lung mask empty: not used", bad=False),))
    except DataError as error:
        return LungMask(problems=(Problem(where, f"lung mask: {error.what}: not used"),))
    return LungMask(partial(read_v7labs if source == "v7labs" else read_lungvae, path))


def is_empty(path: Path, size: tuple[int, int]) -> bool:
    """Whether a mask is zero everywhere; decoded only where the file is so small that it may be."""
    small = path.stat().st_size < size[0] * size[1] / ZEROS_PER_BYTE + 300
    return small and not read_mask(path).any()


def read_v7labs(path: Path) -> NDArray[np.uint8]:
    """Uint8 `[H, W]`: 0 background, 3 lung, `IGNORE` where the source says so.

    Raises `DataError` for a value that means nothing, and for a mask that is empty.
    """
    stored = read_mask(path)
    strange = sorted(set(np.unique(stored).tolist()) - set(MEANING))
    if strange or not stored.any():
        what = f"a lung mask holds the value {strange[0]}" if strange else "a lung mask is empty"
        raise DataError(what, str(path), "use the official file")
    meaning = np.zeros(256, np.uint8)
    meaning[list(MEANING)] = list(MEANING.values())
    return meaning[stored]


def read_lungvae(path: Path) -> NDArray[np.uint8]:
    """Uint8 `[H, W]`: 0 background, 3 lung. Raises `DataError` for a mask without lung."""
    lung = read_mask(path) >= 128
    if not lung.any():
        raise DataError("a lung mask is empty", str(path), "use the official file")
    return lung.astype(np.uint8) * np.uint8(LUNG)
