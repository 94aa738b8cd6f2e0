"""The preprocessing of every CT method of Goncharov et al. 2020 (section 4.1).

Each axial slice is rescaled to 2 x 2 mm, the intensities are normalised to [0, 1], and the series is cropped to the box
of its lungs. The paper does not state the window; its published code has -1000 to 300 HU. The distance of the slices is
kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cxrbench.case import Image
from cxrbench.errors import DataError
from numpy.typing import NDArray

from cxrbench_baselines.ct.lungs import find_lungs
from cxrbench_baselines.ct.rescaling import Shape, read_shape, read_spacing, rescale_ct, rescale_labels, resize_slice

WINDOW = (-1000.0, 300.0)
"""HU that become 0 and 1."""

Volume = NDArray[np.int16]
Labels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Series:
    """A CT at 2 x 2 mm, cropped to its lungs.

    `hu` int16 `[d, h, w]` and `lungs` uint8 of the same shape (1 right, 2 left, 3 of unknown side), axes in LPS;
    `spacing` in mm in the same order. `box` is their position in the rescaled series of shape `whole`; `shape` is that
    of the series before rescaling.
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
        return window_hu(self.hu)

    def cropped(self, labels: Labels | NDArray[np.bool_]) -> Labels:
        """Bring labels of the original image, such as drawn lesions, to the grid of this series.

        Args:
            labels: Labels `[D, H, W]` in the image's own shape.

        Returns:
            Labels uint8 `[d, h, w]`.
        """
        return rescale_labels(labels, self.whole)[self.box]

    def restored(self, values: Floats | NDArray[np.bool_], above: float = 0.5) -> NDArray[np.bool_]:
        """Bring a map of this series, such as lesion probabilities, back to the original image and cut it.

        Args:
            values: Map `[d, h, w]`.
            above: The value that the map, rescaled slice by slice, must exceed.

        Returns:
            Mask `[D, H, W]` in the image's own shape; False outside the lungs' box.
        """
        full = np.zeros(self.shape, bool)
        for index, plane in zip(range(self.whole[0])[self.box[0]], values, strict=True):
            padded = np.zeros(self.whole[1:], np.float32)
            padded[self.box[1:]] = plane
            full[index] = np.asarray(resize_slice(padded, self.shape[1:]), np.float32) > above
        return full


def prepare_series(
    image: Image, lungs: Labels | None = None, *, where: str = "", find: Callable[..., Labels] = find_lungs
) -> Series:
    """Rescale a CT and crop it to its lungs (section 4.1).

    Args:
        image: A canonical CT `[D, H, W]` in HU, of any spacing.
        lungs: Its lungs `[D, H, W]` (1 right, 2 left, 3 of unknown side), where they are known.
        where: Name of the series for errors.
        find: Finds the lungs where they are not given: called with the rescaled `Image` and `where=`, it returns labels
            on its grid. `find_lungs`, or a network.

    Returns:
        The prepared series.

    Raises:
        DataError: The image is not a CT series in HU with spacing, or there are no lungs.
    """
    small = rescale_ct(image, where=where)
    d, h, w = small.pixels.shape
    labels = find(small, where=where) if lungs is None else rescale_labels(lungs, (d, h, w))
    return crop_to_lungs(small, labels, read_shape(image), where=where)


prepare = prepare_series  # the former name, which submitted code imports


def crop_to_lungs(small: Image, lungs: Labels, shape: Shape, *, where: str = "") -> Series:
    """Crop a rescaled CT to the box of its lungs.

    Args:
        small: The rescaled CT `[D, h, w]`.
        lungs: Its lungs, labels of the same shape.
        shape: Shape of the CT before rescaling.
        where: Name of the series for errors.

    Returns:
        The prepared series.

    Raises:
        DataError: There are no lungs.
    """
    box, (d, h, w) = find_lung_box(lungs, where), small.pixels.shape
    pixels = np.ascontiguousarray(small.pixels[box], np.int16)
    return Series(pixels, np.ascontiguousarray(lungs[box]), read_spacing(small, where), box, (d, h, w), shape)


def window_hu(hu: Volume, window: tuple[float, float] = WINDOW) -> Floats:
    """Normalise HU to [0, 1] by a window.

    Args:
        hu: Values in HU, of any shape.
        window: HU that become 0 and 1; values outside are clipped.

    Returns:
        Values float32 in [0, 1], of the same shape.

    Example:
        >>> window_hu(np.array([-1024, -350, 3071], np.int16)).tolist()
        [0.0, 0.5, 1.0]
    """
    low, high = window
    share = (hu.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.asarray(np.clip(share, 0, 1), np.float32)


def find_lung_box(lungs: Labels, where: str = "") -> Box:
    """Find the smallest box around all labelled voxels.

    Args:
        lungs: Labels `[D, H, W]`.
        where: Name of the series for errors.

    Returns:
        One slice per axis.

    Raises:
        DataError: No voxel has a label.
    """
    sides = [np.flatnonzero(lungs.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    if not sides[0].size:
        raise DataError("no lungs found: the lung mask is empty", where, "check that this is a CT of the chest")
    d, h, w = (slice(int(side[0]), int(side[-1]) + 1) for side in sides)
    return d, h, w
