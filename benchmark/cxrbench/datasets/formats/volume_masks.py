"""Masks of CT datasets as targets: one way to read them, so that every adapter's labels mean the same."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG
from cxrbench.imaging.volume.open import read_mask_volume, relabel


def lesions(
    mask: Path,
    like: Path | None,
    *,
    background: tuple[int, ...] = (),
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> NDArray[np.bool_]:
    """The lesions of a mask file: bool `[D, H, W]`, every label but 0 and those of `background`.

    `like` is the image that it must agree with, None where the copy lacks it. Raises `DataError` as
    `read_mask_volume` does.
    """
    found = read_mask_volume(mask, like, axes=axes, flip=flip)
    return np.asarray((found != 0) & ~np.isin(found, background)) if background else found != 0


def lungs(
    mask: Path, like: Path | None, table: Mapping[int, int] | None = None, *, flip: tuple[str, ...] = ()
) -> NDArray[np.uint8]:
    """The lungs of a mask file: uint8 `[D, H, W]`, 0 background, 1 right, 2 left, 3 of unknown side.

    `table` maps the file's labels to these; without it every label but 0 is lung of unknown side. Raises
    `DataError` as `read_mask_volume` and `relabel` do.
    """
    found = read_mask_volume(mask, like, flip=flip)
    if table is None:
        return np.where(found > 0, np.uint8(LUNG), np.uint8(0))
    return relabel(found, table, str(mask))


def nifti_stem(path: Path) -> str:
    """A file's name without `.nii` or `.nii.gz`; other names as they are."""
    return path.name.removesuffix(".gz").removesuffix(".nii")


def nifti_files(folder: Path) -> dict[str, Path]:
    """The NIfTI files anywhere below a folder by stem, hidden ones left out; of one stem the first by path counts."""
    found = sorted(path for path in folder.rglob("*.nii*") if path.is_file() and not path.name.startswith("."))
    return {nifti_stem(path): path for path in reversed(found) if path.name.endswith((".nii", ".nii.gz"))}
