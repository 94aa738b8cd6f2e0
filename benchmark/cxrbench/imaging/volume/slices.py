"""A CT volume read one slice at a time: as `read_nifti`, `read_mhd` and `read_series`, without the whole in memory.

Uncompressed NIfTI is read through a memory map, DICOM file by file. Compressed NIfTI and MetaImage are decoded as a
whole, in the file's own type (315 MB for 600 slices of 512 x 512 in 16 bits); no second copy is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.imaging.volume.dicom_series import open_series_slices
from cxrbench.imaging.volume.grid import VolumeGrid, flip_axes
from cxrbench.imaging.volume.mhd import read_stored_mhd
from cxrbench.imaging.volume.nifti import read_stored_nifti
from cxrbench.imaging.volume.values import convert_planes

Plane = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class VolumeSlices:
    """A CT volume that is decoded slice by slice.

    Attributes:
        grid: The canonical grid (LPS).
        planes: The slices, int16 HU `[H, W]`, from feet to head; they can be iterated once.
        owner: The object that owns the memory of the slices.
    """

    grid: VolumeGrid
    planes: Iterator[Plane]
    owner: object = None


def open_slices(
    path: Path,
    *,
    grey_range: tuple[float, float] | None = None,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> VolumeSlices:
    """Open a CT volume to be decoded slice by slice.

    Args:
        path: A NIfTI or MetaImage file, or the folder of one DICOM series.
        grey_range: As in `read_nifti`.
        axes: As in `read_nifti`.
        flip: As in `read_nifti`.

    Returns:
        The grid and the slices.

    Raises:
        DataError: As `read_nifti`, for headers and values at once; a DICOM slice that cannot be decoded raises when it
            is reached.
    """
    if path.is_dir():
        return VolumeSlices(*open_series_slices(path))
    stored = read_stored_mhd(path) if path.suffix.lower() == ".mhd" else read_stored_nifti(path, axes=axes)
    values = flip_axes(stored.values, flip)
    planes = convert_planes(values, stored.slope, stored.intercept, str(path), grey_range)
    return VolumeSlices(stored.grid, planes, stored)
