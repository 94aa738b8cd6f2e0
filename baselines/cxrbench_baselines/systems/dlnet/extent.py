"""From DLNet's map to boxes, to the pneumonia ratio and to the geographic extent (Amer et al. 2020, IV-B, V-B, V-C)."""

import cv2
import numpy as np
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT, label_sides
from numpy.typing import NDArray

from cxrbench_baselines.lungs_first import keep_largest

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
OPACITY_OF_EXTENT = 6 / 8
"""The opacity score (0-6) per point of extent (0-8): the system estimates no opacity, so the extent is rescaled."""


def find_boxes(heat: Floats, threshold: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the tight box of each region above a threshold (V-B, Fig. 9).

    Args:
        heat: Localisation map `[H, W]` in [0, 1].
        threshold: The map's threshold in [0, 1].

    Returns:
        Boxes `[n, 4]` (x y w h) in pixels, and their confidence `[n]` in [0, 1]: the mean of the map in the region. The
        paper gives no confidence.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((heat > threshold).astype(np.uint8))
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    sums = np.bincount(labels.ravel(), heat.ravel(), minlength=count)[1:]
    return stats[1:, :4].astype(np.float64), np.clip(sums / np.maximum(areas, 1), 0, 1)


def compute_pneumonia_ratio(pneumonia: Bools, lungs: Bools) -> float:
    """Compute Eq. 2: 100 x area of the pneumonia in the lungs / area of the lungs.

    Args:
        pneumonia: Pneumonia mask `[H, W]`.
        lungs: Lung mask `[H, W]`.

    Returns:
        The ratio in percent; 0 where there are no lungs.

    Example:
        >>> compute_pneumonia_ratio(np.array([[True, True, False]]), np.array([[True, False, True]]))
        50.0
    """
    return float(100 * (pneumonia & lungs).sum() / max(lungs.sum(), 1))


def grade_lung(ratio: float) -> int:
    """Grade the geographic extent of one lung: none, below 25 %, 25-50 %, 50-75 %, above 75 % (V-C).

    As printed, 50 % is in two classes: here it belongs to the upper one.

    Args:
        ratio: Pneumonia ratio of the lung in percent.

    Returns:
        The extent, 0 to 4.

    Example:
        >>> [grade_lung(ratio) for ratio in (0, 0.1, 25, 50, 75, 75.1)]
        [0, 1, 2, 3, 3, 4]
    """
    return int(ratio > 0) + int(ratio >= 25) + int(ratio >= 50) + int(ratio > 75)


def compute_extent(pneumonia: Bools, lungs: Bools) -> int:
    """Compute the geographic extent of both lungs (V-C).

    Args:
        pneumonia: Pneumonia mask `[H, W]`.
        lungs: Lung mask `[H, W]`, divided by `split_lung_mask`.

    Returns:
        The sum over the two lungs, 0 to 8.
    """
    return sum(grade_lung(compute_pneumonia_ratio(pneumonia, lung)) for lung in split_lung_mask(lungs))


def split_lung_mask(lungs: Bools) -> tuple[Bools, Bools]:
    """Divide a lung mask into its two largest regions, or a single region into halves of equal area.

    A region of less than a tenth of the other does not count. A single region is divided at the column that halves it.

    Args:
        lungs: Lung mask `[H, W]`.

    Returns:
        Masks `[H, W]` of the right and of the left lung.
    """
    count, labels = cv2.connectedComponents(keep_largest(lungs, 2).astype(np.uint8))
    parts = sorted((labels == number for number in range(1, count)), key=np.count_nonzero)
    if len(parts) == 2 and parts[0].sum() * 10 >= parts[1].sum():
        sides = label_sides(parts)
        return sides == RIGHT, sides == LEFT
    columns = np.cumsum(lungs.sum(0))
    middle = int(np.searchsorted(columns, columns[-1] / 2)) + 1
    first = np.zeros_like(lungs)
    first[:, :middle] = lungs[:, :middle]
    return first, lungs & ~first
