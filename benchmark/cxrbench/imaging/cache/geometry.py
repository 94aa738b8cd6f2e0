"""Where an image came to lie when it was resized for the cache, so that boxes and masks can follow it.

The aspect ratio is kept: the long side becomes `size` pixels, and the picture lies in the upper left corner of a
square record, zeros to its right or below it. An image smaller than `size` is enlarged. No offset ever.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Source `rows` x `columns`, and `height` x `width` in the cache, all in pixels."""

    rows: int
    columns: int
    height: int
    width: int

    @classmethod
    def fitted(cls, rows: int, columns: int, size: int) -> "Geometry":
        """Long side to `size`, the other side to the nearest pixel and at least one."""
        long = max(rows, columns)
        return cls(rows, columns, max(1, round(rows * size / long)), max(1, round(columns * size / long)))

    @property
    def scale(self) -> tuple[float, float]:
        """Cache pixels a source pixel, along rows and along columns (they differ by the rounding of one side)."""
        return self.height / self.rows, self.width / self.columns

    def boxes_in(self, boxes: Floats) -> Floats:
        """Boxes `[n, 4]` (x, y, width, height) in source pixels to cache pixels."""
        down, across = self.scale
        return np.multiply(boxes, [across, down, across, down], dtype=np.float64)

    def boxes_out(self, boxes: Floats) -> Floats:
        """Boxes `[n, 4]` (x, y, width, height) in cache pixels back to source pixels."""
        down, across = self.scale
        return np.divide(boxes, [across, down, across, down], dtype=np.float64)

    def mask_in(self, mask: NDArray[Number]) -> NDArray[Number]:
        """A mask of the source's size to `[height, width]`: each pixel takes the label below its centre.

        Raises `ValueError` where the mask has another size than the source.
        """
        if mask.shape != (self.rows, self.columns):
            raise ValueError(f"mask of {mask.shape} for an image of {(self.rows, self.columns)}")
        return mask[np.ix_(_nearest(self.rows, self.height), _nearest(self.columns, self.width))]

    def mask_out(self, mask: NDArray[Number]) -> NDArray[Number]:
        """A mask `[height, width]` in the cache's pixels to the source's size, by the same rule."""
        if mask.shape != (self.height, self.width):
            raise ValueError(f"mask of {mask.shape} for a cached image of {(self.height, self.width)}")
        return mask[np.ix_(_nearest(self.height, self.rows), _nearest(self.width, self.columns))]

    def spacing_in(self, spacing: tuple[float, ...] | None) -> tuple[float, float] | None:
        """Spacing of the source in mm to that of the cached image."""
        if spacing is None:
            return None
        return spacing[0] / self.scale[0], spacing[1] / self.scale[1]


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    """For each target pixel the source pixel that its centre falls into."""
    return np.asarray((np.arange(target) + 0.5) * source / target, np.intp)
