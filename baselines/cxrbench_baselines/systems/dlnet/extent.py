"""From DLNet's map to boxes, to the pneumonia ratio and to the geographic extent (Amer et al. 2020, IV-B, V-B)."""

import cv2
import numpy as np
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT, sided
from numpy.typing import NDArray

from cxrbench_baselines.lungs_first import largest

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
OPACITY_OF_EXTENT = 6 / 8
"""The opacity score (0-6) of an extent (0-8): the system estimates none; the one range laid on the other."""


def boxes(heat: Floats, threshold: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The tight box of each region `[n, 4]` (x y w h) of a map `[H, W]` above the threshold, and its confidence `[n]`.

    The confidence is the mean of the map in the region, in [0, 1]; the paper gives none.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((heat > threshold).astype(np.uint8))
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    sums = np.bincount(labels.ravel(), heat.ravel(), minlength=count)[1:]
    return stats[1:, :4].astype(np.float64), np.clip(sums / np.maximum(areas, 1), 0, 1)


def pneumonia_ratio(pneumonia: Bools, lungs: Bools) -> float:
    """Eq. 2: 100 x area of the pneumonia in the lungs / area of the lungs, in percent; 0 where there are no lungs.

    >>> pneumonia_ratio(np.array([[True, True, False]]), np.array([[True, False, True]]))
    50.0
    """
    return float(100 * (pneumonia & lungs).sum() / max(lungs.sum(), 1))


def lung_extent(ratio: float) -> int:
    """Geographic extent 0-4 of a lung from its ratio in percent: none, below 25, 25-50, 50-75, above 75.

    As printed, 50 is in two classes: here it belongs to the upper one.

    >>> [lung_extent(ratio) for ratio in (0, 0.1, 25, 50, 75, 75.1)]
    [0, 1, 2, 3, 3, 4]
    """
    return int(ratio > 0) + int(ratio >= 25) + int(ratio >= 50) + int(ratio > 75)


def extent(pneumonia: Bools, lungs: Bools) -> int:
    """Geographic extent 0-8 of masks `[H, W]`: the sum of both lungs (see `both`)."""
    return sum(lung_extent(pneumonia_ratio(pneumonia, lung)) for lung in both(lungs))


def both(lungs: Bools) -> tuple[Bools, Bools]:
    """The right and the left lung of a mask `[H, W]`: its two largest regions, or the halves of a single one.

    A region that is less than a tenth of the other is none. A single region is parted at the column that halves it.
    """
    count, labels = cv2.connectedComponents(largest(lungs, 2).astype(np.uint8))
    parts = sorted((labels == number for number in range(1, count)), key=np.count_nonzero)
    if len(parts) == 2 and parts[0].sum() * 10 >= parts[1].sum():
        told = sided(parts)
        return told == RIGHT, told == LEFT
    columns = np.cumsum(lungs.sum(0))
    middle = int(np.searchsorted(columns, columns[-1] / 2)) + 1
    first = np.zeros_like(lungs)
    first[:, :middle] = lungs[:, :middle]
    return first, lungs & ~first
