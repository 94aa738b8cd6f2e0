"""Outlines to masks: filled by the even-odd rule, where a pixel counts by its centre."""

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Floats

Mask = NDArray[np.bool_]


def fill_polygon(points: Floats, height: int, width: int) -> Mask:
    """Fill one closed polygon by the even-odd rule, so that a loop within a loop is a hole.

    A pixel is inside where a ray from its centre to the left crosses the outline an odd number of times. A centre
    on a left or upper edge counts as inside, on a right or lower edge as outside.

    Args:
        points: float `[n, 2]`, x (to the right) and y (down) in pixels. (0, 0) is the upper-left corner of the
            upper-left pixel, whose centre is (0.5, 0.5).
        height: Height of the mask in pixels.
        width: Width of the mask in pixels.

    Returns:
        bool `[height, width]`. The part outside the image is cut off; fewer than three points give an empty mask.

    Example:
        >>> fill_polygon(np.array([[1, 0], [3, 0], [3, 2], [1, 2]], float), 3, 4).astype(int)
        array([[0, 1, 1, 0],
               [0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    crossed = np.zeros((height, width + 1), np.uint8)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        _flip_crossings(crossed, start, end)
    return np.asarray(np.bitwise_xor.accumulate(crossed, axis=1)[:, :-1] == 1)


def _flip_crossings(crossed: NDArray[np.uint8], start: Floats, end: Floats) -> None:
    """Flip, in each row whose centre line the edge crosses, the first pixel whose centre is right of the crossing."""
    height, columns = crossed.shape
    (x0, y0), (x1, y1) = (start, end) if start[1] <= end[1] else (end, start)
    first, last = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in (y0, y1))
    rows = np.arange(first, last)
    x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0)) if len(rows) else rows
    crossed[rows, np.clip(np.ceil(x - 0.5), 0, columns - 1).astype(int)] ^= 1
