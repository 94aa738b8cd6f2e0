"""CT volumes and their masks to canonical arrays: NIfTI, MetaImage and DICOM series.

The conventions (docs: design, section 4). Axes are `[D, H, W]` in LPS order: feet to head, front to back, the
patient's right to left, so that on an axial slice the right lung has low column numbers. Spacing is in mm in the same
order. Values are int16 Hounsfield units, clipped to -1024...3071 (scanner padding included). Axes are permuted and
reversed, never resampled: an oblique grid keeps the nearest axes.

A mask belongs to its image if both have one shape and one affine in canonical axes (to a tenth of a voxel), however
each file stores them.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError
from cxrbench.imaging.volume.dicom_series import DicomSeries, list_series, read_series, read_series_grid
from cxrbench.imaging.volume.grid import VolumeGrid, flip_axes
from cxrbench.imaging.volume.mhd import read_mhd, read_mhd_grid, read_stored_mhd
from cxrbench.imaging.volume.nifti import read_nifti, read_nifti_grid, read_stored_nifti
from cxrbench.imaging.volume.values import HU_HIGH, HU_LOW, convert_to_labels

__all__ = [
    "HU_HIGH",
    "HU_LOW",
    "DicomSeries",
    "VolumeGrid",
    "list_series",
    "read_grid",
    "read_mask_volume",
    "read_mhd",
    "read_nifti",
    "read_series",
    "relabel_mask",
]


def read_mask_volume(
    path: Path,
    like: Path | VolumeGrid | None = None,
    *,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> NDArray[np.uint8]:
    """Read a label volume (`.nii`, `.nii.gz`, `.mhd`).

    Args:
        path: The mask.
        like: The image that it belongs to: a file, the folder of one DICOM series, or its grid. None checks nothing.
        axes: As in `read_nifti`, for mask and image.
        flip: As in `read_nifti`.

    Returns:
        Uint8 `[D, H, W]` in LPS order, the stored labels.

    Raises:
        DataError: Mask and image disagree in shape or affine, labels are not whole numbers 0-255, or the file cannot be
            read.
    """
    stored = read_stored_mhd(path) if path.suffix.lower() == ".mhd" else read_stored_nifti(path, axes=axes)
    if like is not None:
        _check_same_grid(stored.grid, like if isinstance(like, VolumeGrid) else read_grid(like, axes=axes), path)
    return convert_to_labels(flip_axes(stored.values, flip), stored.slope, stored.intercept, str(path))


def read_grid(path: Path, *, axes: str | None = None) -> VolumeGrid:
    """Read the canonical grid of an image from its headers.

    Args:
        path: A NIfTI or MetaImage file, or the folder of one DICOM series.
        axes: As in `read_nifti`.

    Returns:
        Shape `[D, H, W]` and affine to LPS mm.

    Raises:
        DataError: The headers cannot be read or have no orientation.
    """
    if path.is_dir():
        return read_series_grid(path)
    return read_mhd_grid(path) if path.suffix.lower() == ".mhd" else read_nifti_grid(path, axes=axes)


def _check_same_grid(mask: VolumeGrid, image: VolumeGrid, path: Path) -> None:
    if mask.shape != image.shape:
        reason = f"mask of shape {mask.shape} for an image of shape {image.shape}"
        raise DataError(reason, str(path), "use the mask of this image; it is not resampled")
    if not mask.agrees(image):
        raise DataError("mask and image disagree in affine", str(path), "use the mask of this image")


def relabel_mask(mask: NDArray[np.uint8], table: Mapping[int, int], where: str) -> NDArray[np.uint8]:
    """Replace the labels of a mask; 0 stays 0.

    Args:
        mask: Uint8 labels of any shape.
        table: New label by old label.
        where: File, for the error.

    Returns:
        Uint8 labels of the same shape.

    Raises:
        DataError: The mask has a label that the table lacks.

    Example:
        >>> relabel_mask(np.array([[0, 3], [4, 5]], np.uint8), {3: 2, 4: 1, 5: 0}, "a LUNA16 mask").tolist()
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
