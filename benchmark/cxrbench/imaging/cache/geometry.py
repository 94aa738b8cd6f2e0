"""How an image was resized for the cache, so that boxes and masks can be converted alike.

The aspect ratio is kept: the long side becomes `size` pixels. The picture is in the upper left corner of a square
record, with zeros to its right or below it. An image smaller than `size` is enlarged. There is never an offset.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of an image before and after resizing.

    Attributes:
        rows: Height of the source in pixels.
        columns: Width of the source in pixels.
        height: Height in the cache in pixels.
        width: Width in the cache in pixels.

    Example:
        >>> geometry = Geometry.fitted(3000, 2000, 512)
        >>> geometry.height, geometry.width
        (512, 341)
    """

    rows: int
    columns: int
    height: int
    width: int

    @classmethod
    def fitted(cls, rows: int, columns: int, size: int) -> "Geometry":
        """The geometry that fits an image into a square record.

        Args:
            rows: Height of the source in pixels.
            columns: Width of the source in pixels.
            size: Side of the record in pixels.

        Returns:
            The long side becomes `size`, the other side the nearest whole number of pixels, at least one.
        """
        long = max(rows, columns)
        return cls(rows, columns, max(1, round(rows * size / long)), max(1, round(columns * size / long)))

    @property
    def scale(self) -> tuple[float, float]:
        """Cache pixels per source pixel, along rows and along columns (they differ by the rounding of one side)."""
        return self.height / self.rows, self.width / self.columns

    def boxes_in(self, boxes: Floats) -> Floats:
        """Convert boxes to cache pixels.

        Args:
            boxes: `[n, 4]` as x, y, width, height in source pixels.

        Returns:
            The same boxes in cache pixels, float `[n, 4]`.
        """
        down, across = self.scale
        return np.multiply(boxes, [across, down, across, down], dtype=np.float64)

    def mask_in(self, mask: NDArray[Number]) -> NDArray[Number]:
        """Resize a mask to the cache, by nearest neighbour: each pixel takes the label at its centre.

        Args:
            mask: `[rows, columns]`.

        Returns:
            `[height, width]`, same type.

        Raises:
            ValueError: The mask has another size than the source.
        """
        if mask.shape != (self.rows, self.columns):
            raise ValueError(f"mask of {mask.shape} for an image of {(self.rows, self.columns)}")
        return mask[
            np.ix_(_find_nearest_pixels(self.rows, self.height), _find_nearest_pixels(self.columns, self.width))
        ]

    def spacing_in(self, spacing: tuple[float, ...] | None) -> tuple[float, float] | None:
        """Convert the pixel spacing of the source to that of the cached image.

        Args:
            spacing: Millimetres along rows and columns of the source; None where unknown.

        Returns:
            Millimetres along rows and columns of the cached image; None where unknown.
        """
        if spacing is None:
            return None
        return spacing[0] / self.scale[0], spacing[1] / self.scale[1]


def _find_nearest_pixels(source: int, target: int) -> NDArray[np.intp]:
    """For each target pixel, the source pixel that contains its centre."""
    return np.asarray((np.arange(target) + 0.5) * source / target, np.intp)
