"""A CT series as every method of the triage paper sees it (Goncharov et al. 2020, section 4.1).

Each axial slice on its own is rescaled to 2 x 2 mm, the intensities are taken to [0, 1], and the series is cropped to
the box of its lungs. The paper does not name the window; its published code has -1000...300 HU. Slices keep their
distance.

Rescaling averages over areas where a slice shrinks and is linear where it grows. The field of view is kept exactly, so
pixels come out within half a pixel's share of 2 mm; `spacing` says what they are. Slices are rescaled as they are
decoded: of a file only the small volume is kept in memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.volume.slices import open_slices
from cxrbench.imaging.volume.values import is_grey
from numpy.typing import NDArray

from cxrbench_baselines.ct.lungs import find_lungs

SPACING_MM = 2.0
WINDOW = (-1000.0, 300.0)
"""HU that become 0 and 1."""

Volume = NDArray[np.int16]
Labels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Box = tuple[slice, slice, slice]
Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Series:
    """A CT at 2 x 2 mm, cropped to its lungs.

    `hu` int16 `[d, h, w]` and `lungs` uint8 of the same shape (1 right, 2 left, 3 of unknown side), axes in LPS;
    `spacing` in mm in the same order. `box` is their place in the rescaled series of shape `whole`, which was `shape`
    before rescaling.
    """

    hu: Volume
    lungs: Labels
    spacing: tuple[float, float, float]
    box: Box
    whole: Shape
    shape: Shape

    @property
    def pixels(self) -> Floats:
        """`hu` windowed to [0, 1], float32 `[d, h, w]`."""
        return windowed(self.hu)

    def cropped(self, labels: Labels | NDArray[np.bool_]) -> Labels:
        """Labels of the image's own shape, such as drawn lesions, on this grid: uint8 `[d, h, w]`."""
        return rescaled_labels(labels, self.whole)[self.box]

    def restored(self, values: Floats | NDArray[np.bool_], above: float = 0.5) -> NDArray[np.bool_]:
        """Where a map `[d, h, w]` of this series, such as lesion probabilities, exceeds `above`: bool `[D, H, W]`.

        In the image's own shape, after rescaling slice by slice; False outside the lungs' box.
        """
        full = np.zeros(self.shape, bool)
        for index, plane in zip(range(self.whole[0])[self.box[0]], values, strict=True):
            padded = np.zeros(self.whole[1:], np.float32)
            padded[self.box[1:]] = plane
            full[index] = np.asarray(resized(padded, self.shape[1:]), np.float32) > above
        return full


def prepare(
    image: Image, lungs: Labels | None = None, *, where: str = "", find: Callable[..., Labels] = find_lungs
) -> Series:
    """Rescale a CT and crop it to its lungs.

    `image` is a canonical CT of any spacing; `lungs` are its lungs `[D, H, W]` where they are known. Else `find` is
    called with the rescaled `Image` and `where=`, and gives them on its grid: `find_lungs`, or a network. `where`
    names the series in errors. Raises `DataError` for what `check` refuses and where there are no lungs.
    """
    small = rescaled(image, where=where)
    d, h, w = small.pixels.shape
    found = find(small, where=where) if lungs is None else rescaled_labels(lungs, (d, h, w))
    return cropped(small, found, shape_of(image), where=where)


def cropped(small: Image, lungs: Labels, shape: Shape, *, where: str = "") -> Series:
    """The part of a rescaled CT that holds its lungs; `shape` is that before rescaling."""
    box, (d, h, w) = lung_box(lungs, where), small.pixels.shape
    pixels = np.ascontiguousarray(small.pixels[box], np.int16)
    return Series(pixels, np.ascontiguousarray(lungs[box]), spacing_of(small, where), box, (d, h, w), shape)


def rescaled(image: Image, *, to: float = SPACING_MM, where: str = "") -> Image:
    """A canonical CT with `to` x `to` mm in plane: int16 HU `[D, h, w]`. Raises `DataError` as `check` does."""
    check(image, where)
    return _shrunk(image.pixels, shape_of(image), spacing_of(image, where), to)


def read_rescaled(
    path: Path,
    *,
    to: float = SPACING_MM,
    grey_range: tuple[float, float] | None = None,
    axes: str | None = None,
    flip: tuple[str, ...] = (),
) -> Image:
    """The same straight from a file or a DICOM folder, without the full volume; arguments as in `read_nifti`."""
    source = open_slices(path, grey_range=grey_range, axes=axes, flip=flip)
    _check_count(source.grid.shape, str(path))
    return _shrunk(source.planes, source.grid.shape, source.grid.spacing, to)


def _shrunk(
    planes: Iterable[NDArray[np.generic]], shape: Shape, spacing: tuple[float, float, float], to: float
) -> Image:
    size = (rescaled_length(shape[1], spacing[1], to), rescaled_length(shape[2], spacing[2], to))
    volume = np.empty((shape[0], *size), np.int16)
    for index, plane in enumerate(planes):
        volume[index] = resized(plane, size)
    return Image(volume, "ct", (spacing[0], spacing[1] * shape[1] / size[0], spacing[2] * shape[2] / size[1]))


def rescaled_length(length: int, spacing: float, to: float = SPACING_MM) -> int:
    """How many pixels of `to` mm come nearest to `length` pixels of `spacing` mm; at least one.

    >>> rescaled_length(512, 0.75)
    192
    """
    return max(1, round(length * spacing / to))


def resized(plane: NDArray[np.generic], size: tuple[int, ...]) -> NDArray[np.generic]:
    """A slice `[H, W]` in another size (rows, columns) over the same area: means where it shrinks, else linear."""
    if plane.shape == tuple(size):
        return plane
    shrinks = size[0] <= plane.shape[0] and size[1] <= plane.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(plane), (size[1], size[0]), interpolation=way))


def rescaled_labels(labels: Labels | NDArray[np.bool_], shape: Shape) -> Labels:
    """Labels `[D, H, W]` on the grid of a rescaled series: the label that holds more than half of a pixel, else 0."""
    found = np.zeros(shape, np.uint8)
    for index, plane in enumerate(np.asarray(labels, np.uint8)):
        for label in np.unique(plane[plane > 0]).tolist():
            share = np.asarray(resized((plane == label).astype(np.float32), shape[1:]), np.float32)
            found[index][share > 0.5] = label
    return found


def windowed(hu: Volume, window: tuple[float, float] = WINDOW) -> Floats:
    """HU to [0, 1]: the window's lower end becomes 0, its upper end 1, what lies outside is clipped.

    >>> windowed(np.array([-1024, -350, 3071], np.int16)).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = window
    share = (hu.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.asarray(np.clip(share, 0, 1), np.float32)


def lung_box(lungs: Labels, where: str = "") -> Box:
    """The smallest box that holds every labelled voxel; `DataError` where there is none."""
    sides = [np.flatnonzero(lungs.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    if not sides[0].size:
        raise DataError("no lungs found: the lung mask is empty", where, "check that this is a CT of the chest")
    d, h, w = (slice(int(side[0]), int(side[-1]) + 1) for side in sides)
    return d, h, w


def shape_of(image: Image) -> Shape:
    """The three lengths of a CT."""
    d, h, w = image.pixels.shape
    return d, h, w


def spacing_of(image: Image, where: str = "") -> tuple[float, float, float]:
    """The three distances of a CT in mm; `DataError` where they are missing or not positive."""
    spacing = image.spacing
    if spacing is None or len(spacing) != 3:
        raise DataError(
            "a CT without spacing", where, "volumes and fractions need millimetres; give it with its header"
        )
    if not all(np.isfinite(step) and step > 0 for step in spacing):
        raise DataError(f"a CT with a spacing of {spacing} mm", where, "correct the header")
    return spacing[0], spacing[1], spacing[2]


def check(image: Image, where: str = "") -> None:
    """Raise `DataError` unless the image is a CT of several slices, in HU, with spacing."""
    if image.modality != "ct" or image.pixels.ndim != 3:
        reason = f"{image.modality} of {image.pixels.ndim} dimensions where a CT [D, H, W] is needed"
        raise DataError(reason, where, "give one 3-D volume")
    _check_count(image.pixels.shape, where)
    spacing_of(image, where)
    ends = float(image.pixels.min()), float(image.pixels.max())
    if is_grey(image.pixels, 1.0, 0.0, *ends):
        reason = "8-bit volume (0-255, as radiopaedia's are), not Hounsfield units"
        raise DataError(reason, where, "give HU; see read_nifti(grey_range=)")


def _check_count(shape: tuple[int, ...], where: str) -> None:
    if shape[0] < 2:
        raise DataError("a single slice is no CT series", where, "give the whole series")
