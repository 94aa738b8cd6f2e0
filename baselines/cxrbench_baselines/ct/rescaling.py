"""Rescaling of CT series: each axial slice on its own to 2 x 2 mm (Goncharov et al. 2020, section 4.1).

Rescaling averages over areas where a slice shrinks and is linear where it grows. The field of view is kept exactly, so
the spacing differs from 2 mm by up to half a pixel over the whole slice; `spacing` states it. Slices are rescaled as
they are decoded: of a file only the small volume is kept in memory.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.slices import open_slices
from cxrbench.imaging.volume.values import is_eight_bit_picture
from numpy.typing import NDArray

SPACING_MM = 2.0
Labels = NDArray[np.uint8]
Shape = tuple[int, int, int]


def rescale_ct(image: Image, *, to: float = SPACING_MM, where: str = "") -> Image:
    """Rescale the slices of a CT.

    Args:
        image: A canonical CT `[D, H, W]` in HU.
        to: The wanted spacing in plane in mm.
        where: Name of the series for errors.

    Returns:
        The CT, int16 HU `[D, h, w]`.

    Raises:
        DataError: The image is not a CT series in HU with spacing.
    """
    check_series(image, where)
    return _rescale_slices(image.pixels, read_shape(image), read_spacing(image, where), to)


def read_rescaled_ct(
    path: Path,
    *,
    to: float = SPACING_MM,
    grey_range: tuple[float, float] | None = None,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> Image:
    """Read a CT from a file or a DICOM folder and rescale its slices, without the full volume in memory.

    Args:
        path: A NIfTI or MetaImage file, or a folder of DICOM files.
        to: The wanted spacing in plane in mm.
        grey_range: HU of the grey values 0 and 255, for 8-bit files; see `read_nifti`.
        axes: The orientation, where the header is wrong; see `read_nifti`.
        flip: Axes to reverse; see `read_nifti`.

    Returns:
        The CT, int16 HU `[D, h, w]`.

    Raises:
        DataError: The file cannot be read, or has a single slice.
    """
    source = open_slices(path, grey_range=grey_range, axes=axes, flip=flip)
    _check_slice_count(source.grid.shape, str(path))
    return _rescale_slices(source.planes, source.grid.shape, source.grid.spacing, to)


def _rescale_slices(
    planes: Iterable[NDArray[np.generic]], shape: Shape, spacing: tuple[float, float, float], to: float
) -> Image:
    size = (compute_rescaled_length(shape[1], spacing[1], to), compute_rescaled_length(shape[2], spacing[2], to))
    volume = np.empty((shape[0], *size), np.int16)
    for index, plane in enumerate(planes):
        volume[index] = resize_slice(plane, size)
    return Image(volume, "ct", (spacing[0], spacing[1] * shape[1] / size[0], spacing[2] * shape[2] / size[1]))


def compute_rescaled_length(length: int, spacing: float, to: float = SPACING_MM) -> int:
    """Compute the number of pixels of a new spacing that is closest to a length.

    Args:
        length: Number of pixels.
        spacing: Their spacing in mm.
        to: The new spacing in mm.

    Returns:
        The new number of pixels, at least 1.

    Example:
        >>> compute_rescaled_length(512, 0.75)
        192
    """
    return max(1, round(length * spacing / to))


def resize_slice(plane: NDArray[np.generic], size: tuple[int, ...]) -> NDArray[np.generic]:
    """Resize a slice: mean over areas where it shrinks in both directions, else linear.

    Args:
        plane: Slice `[H, W]`.
        size: Rows and columns.

    Returns:
        The slice in the new size, over the same field of view.
    """
    if plane.shape == tuple(size):
        return plane
    shrinks = size[0] <= plane.shape[0] and size[1] <= plane.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(plane), (size[1], size[0]), interpolation=way))


def rescale_labels(labels: Labels | NDArray[np.bool_], shape: Shape) -> Labels:
    """Bring labels to the grid of a rescaled series.

    Args:
        labels: Labels `[D, H, W]`.
        shape: Shape of the rescaled series.

    Returns:
        Labels uint8 of this shape: the label that covers more than half of a pixel, else 0.
    """
    small = np.zeros(shape, np.uint8)
    for index, plane in enumerate(np.asarray(labels, np.uint8)):
        for label in np.unique(plane[plane > 0]).tolist():
            share = np.asarray(resize_slice((plane == label).astype(np.float32), shape[1:]), np.float32)
            small[index][share > 0.5] = label
    return small


def read_shape(image: Image) -> Shape:
    """Read the shape of a CT.

    Args:
        image: The CT.

    Returns:
        Slices, rows and columns.
    """
    d, h, w = image.pixels.shape
    return d, h, w


def read_spacing(image: Image, where: str = "") -> tuple[float, float, float]:
    """Read the spacing of a CT.

    Args:
        image: The CT.
        where: Name of the series for errors.

    Returns:
        The distance of slices, rows and columns in mm.

    Raises:
        DataError: The spacing is missing or not positive.
    """
    spacing = image.spacing
    if spacing is None or len(spacing) != 3:
        raise DataError(
            "a CT without spacing", where, "volumes and fractions need millimetres; give it with its header"
        )
    if not all(np.isfinite(step) and step > 0 for step in spacing):
        raise DataError(f"a CT with a spacing of {spacing} mm", where, "correct the header")
    return spacing[0], spacing[1], spacing[2]


def check_series(image: Image, where: str = "") -> None:
    """Check that an image is a CT of several slices, in HU, with spacing.

    Args:
        image: The image.
        where: Name of the series for errors.

    Raises:
        DataError: It is not.
    """
    if image.modality != "ct" or image.pixels.ndim != 3:
        reason = f"{image.modality} of {image.pixels.ndim} dimensions where a CT [D, H, W] is needed"
        raise DataError(reason, where, "give one 3-D volume")
    _check_slice_count(image.pixels.shape, where)
    read_spacing(image, where)
    ends = float(image.pixels.min()), float(image.pixels.max())
    if is_eight_bit_picture(image.pixels, 1.0, 0.0, *ends):
        reason = "8-bit volume (0-255, as radiopaedia's are), not Hounsfield units"
        raise DataError(reason, where, "give HU; see read_nifti(grey_range=)")


def _check_slice_count(shape: tuple[int, ...], where: str) -> None:
    if shape[0] < 2:
        raise DataError("a single slice is no CT series", where, "give the whole series")
