"""Drawn outlines to masks: filled by the even-odd rule, a pixel counts by its centre."""

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Floats

Mask = NDArray[np.bool_]


def filled(points: Floats, height: int, width: int) -> Mask:
    """The inside of one closed polygon, bool `[height, width]`.

    `points` float `[n, 2]` are x (to the right) and y (down) in pixels, (0, 0) the upper-left corner of the upper-left
    pixel, whose centre is (0.5, 0.5). A centre is inside where a ray to its left crosses the outline an odd number of
    times, so a loop within a loop is a hole; on the outline the left and upper edge count in, the others out. The part
    outside the image is cut off; fewer than three points enclose nothing.

    >>> filled(np.array([[1, 0], [3, 0], [3, 2], [1, 2]], float), 3, 4).astype(int)
    array([[0, 1, 1, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    crossed = np.zeros((height, width + 1), np.uint8)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        _cross(crossed, start, end)
    return np.asarray(np.bitwise_xor.accumulate(crossed, axis=1)[:, :-1] == 1)


def _cross(crossed: NDArray[np.uint8], start: Floats, end: Floats) -> None:
    """Flip, in each row whose centre line the edge crosses, the first pixel whose centre lies right of the crossing."""
    height, columns = crossed.shape
    (x0, y0), (x1, y1) = (start, end) if start[1] <= end[1] else (end, start)
    first, last = (int(np.clip(np.ceil(y - 0.5), 0, height)) for y in (y0, y1))
    rows = np.arange(first, last)
    x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0)) if len(rows) else rows
    crossed[rows, np.clip(np.ceil(x - 0.5), 0, columns - 1).astype(int)] ^= 1
