"""CT volumes and their masks to canonical arrays: NIfTI, MetaImage and DICOM series.

The conventions (docs: design, section 4). Axes are `[D, H, W]` in LPS: feet to head, front to back, the patient's right
to left, so that on an axial slice the right lung is at low column numbers; spacing is in mm in the same order. Values
are int16 Hounsfield units, clipped to -1024...3071 (scanner padding included). Volumes are turned and reversed, never
resampled: a tilted grid keeps the axes that come nearest.

A mask belongs to its image where both, in canonical axes, have one shape and one affine (to a tenth of a voxel),
however each file stores them.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError
from cxrbench.imaging.volume.dicom_series import Series, list_series, read_series, series_grid
from cxrbench.imaging.volume.grid import Grid, turned
from cxrbench.imaging.volume.mhd import mhd_grid, read_mhd, read_stored_mhd
from cxrbench.imaging.volume.nifti import nifti_grid, read_nifti, read_stored
from cxrbench.imaging.volume.values import HU_HIGH, HU_LOW, labels

__all__ = [
    "HU_HIGH",
    "HU_LOW",
    "Grid",
    "Series",
    "list_series",
    "read_grid",
    "read_mask_volume",
    "read_mhd",
    "read_nifti",
    "read_series",
    "relabel",
]


def read_mask_volume(
    path: Path,
    like: Path | Grid | None = None,
    *,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> NDArray[np.uint8]:
    """Read a label volume (`.nii`, `.nii.gz`, `.mhd`): uint8 `[D, H, W]`, the numbers that the file stores.

    `like` is the image that it belongs to (a file, a folder of one DICOM series, or its grid): `DataError` where
    the two disagree in shape or affine. `axes` and `flip` as in `read_nifti`, for the image's header too. Raises
    `DataError` also for labels that are not whole numbers 0...255.
    """
    stored = read_stored_mhd(path) if path.suffix.lower() == ".mhd" else read_stored(path, axes=axes)
    if like is not None:
        _check_same(stored.grid, like if isinstance(like, Grid) else read_grid(like, axes=axes), path)
    return labels(turned(stored.values, flip), stored.slope, stored.intercept, str(path))


def read_grid(path: Path, *, axes: str | None = None) -> Grid:
    """The canonical grid of an image from its headers: NIfTI, MetaImage, or a folder of one DICOM series."""
    if path.is_dir():
        return series_grid(path)
    return mhd_grid(path) if path.suffix.lower() == ".mhd" else nifti_grid(path, axes=axes)


def _check_same(mask: Grid, image: Grid, path: Path) -> None:
    if mask.shape != image.shape:
        reason = f"mask of shape {mask.shape} for an image of shape {image.shape}"
        raise DataError(reason, str(path), "use the mask of this image; it is not resampled")
    if not mask.agrees(image):
        raise DataError("mask and image disagree in affine", str(path), "use the mask of this image")


def relabel(mask: NDArray[np.uint8], table: Mapping[int, int], where: str) -> NDArray[np.uint8]:
    """Each label replaced by what `table` says; 0 stays 0. A label that it does not name is a `DataError`.

    >>> relabel(np.array([[0, 3], [4, 5]], np.uint8), {3: 2, 4: 1, 5: 0}, "a LUNA16 mask").tolist()
    [[0, 2], [1, 0]]
    """
    codes = np.zeros(256, np.uint8)
    codes[list(table)] = list(table.values())
    known = np.zeros(256, bool)
    known[[0, *table]] = True
    if not known[mask].all():
        unknown = sorted(set(np.unique(mask).tolist()) - {0, *table})
        raise DataError(f"unknown labels {unknown} in a mask", where, "use the official mask")
    return codes[mask]
