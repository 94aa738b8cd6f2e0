"""Masks of CT datasets as targets: one way to read them, so that every adapter's labels mean the same."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import LUNG
from cxrbench.imaging.volume.open import read_mask_volume, relabel_mask


def read_lesion_mask(
    mask: Path,
    like: Path | None,
    *,
    background: tuple[int, ...] = (),
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> NDArray[np.bool_]:
    """Read the lesions of a mask file.

    Args:
        mask: The mask file.
        like: The image on whose grid the mask must be; None where the copy lacks it.
        background: Labels besides 0 that are no lesion.
        axes: The directions of the stored axes, where the header is not to be used.
        flip: The canonical axes that the header has the wrong way round.

    Returns:
        bool `[D, H, W]`.

    Raises:
        DataError: As `read_mask_volume`.
    """
    labels = read_mask_volume(mask, like, axes=axes, flip=flip)
    return np.asarray((labels != 0) & ~np.isin(labels, background)) if background else labels != 0


def read_lung_mask(
    mask: Path, like: Path | None, table: Mapping[int, int] | None = None, *, flip: tuple[str, ...] = ()
) -> NDArray[np.uint8]:
    """Read the lungs of a mask file.

    Args:
        mask: The mask file.
        like: The image on whose grid the mask must be; None where the copy lacks it.
        table: The file's labels to ours. Without it every label but 0 is lung of unknown side.
        flip: The canonical axes that the header has the wrong way round.

    Returns:
        uint8 `[D, H, W]`: 0 background, 1 right, 2 left, 3 lung of unknown side.

    Raises:
        DataError: As `read_mask_volume`, or the file has a label that `table` lacks.
    """
    labels = read_mask_volume(mask, like, flip=flip)
    if table is None:
        return np.where(labels > 0, np.uint8(LUNG), np.uint8(0))
    return relabel_mask(labels, table, str(mask))


def strip_nifti_suffix(path: Path) -> str:
    """Strip `.nii` or `.nii.gz` from a file's name.

    Args:
        path: A file; other endings stay.

    Returns:
        The name without its folder.

    Example:
        >>> strip_nifti_suffix(Path("masks/study_0255_mask.nii.gz"))
        'study_0255_mask'
    """
    return path.name.removesuffix(".gz").removesuffix(".nii")


def find_nifti_files(folder: Path) -> dict[str, Path]:
    """Find the NIfTI files anywhere below a folder; hidden ones are left out.

    Args:
        folder: The folder.

    Returns:
        Stem to file; of several files with one stem the first by path.
    """
    paths = sorted(path for path in folder.rglob("*.nii*") if path.is_file() and not path.name.startswith("."))
    return {strip_nifti_suffix(path): path for path in reversed(paths) if path.name.endswith((".nii", ".nii.gz"))}
