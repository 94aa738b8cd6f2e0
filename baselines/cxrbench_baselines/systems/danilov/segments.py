"""Six segments of equal area, and how many of them are affected (Danilov et al. 2022, post-processing, Fig. 6).

The main text gives no unit for the threshold T of its score. Here it is a share of a segment's area, so that it means
the same on a radiograph of any size: a segment counts when at least this share of it is opaque. (The published scores
follow from a share of more than T / 255, with T as in Table 9.)
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
THIRDS = (1 / 3, 2 / 3)


def separate_lungs(lungs: Bools) -> list[Bools]:
    """Separate the two lungs: the two largest 8-connected regions of a mask.

    Args:
        lungs: Lung mask `[H, W]`.

    Returns:
        Masks `[H, W]`, image-left (the patient's right lung) first. Fewer than two where the mask has fewer regions:
        lungs that touch are one region.
    """
    count, labels, stats, centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        lungs.astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    largest = sorted(range(1, count), key=lambda region: -stats[region, cv2.CC_STAT_AREA])[:2]
    return [labels == region for region in sorted(largest, key=lambda region: centres[region][0])]


def find_third_rows(lung: Bools) -> tuple[int, int]:
    """Find the rows y_top and y_bot that cut one lung into thirds by binary search (Algorithm B2).

    Args:
        lung: Mask `[H, W]` of one lung.

    Returns:
        The rows whose area above is nearest to a third and to two thirds of the lung's area.

    Example:
        >>> find_third_rows(np.ones((9, 4), bool))
        (3, 6)
    """
    above = np.concatenate([[0], np.cumsum(count_row_pixels(lung))])
    top, bottom = (_find_nearest_row(above, part * above[-1]) for part in THIRDS)
    return top, bottom


def count_row_pixels(mask: Bools) -> NDArray[np.int64]:
    """Count the pixels of a mask in each row.

    Args:
        mask: Mask `[H, W]`.

    Returns:
        Counts `[H]`.
    """
    return np.asarray(mask.sum(1), np.int64)


def _find_nearest_row(above: NDArray[np.int64], wanted: float) -> int:
    """The row whose area above is nearest to the wanted one."""
    row = int(np.searchsorted(above, wanted))
    return row - 1 if row and wanted - above[row - 1] <= above[row] - wanted else row


def compute_segment_shares(opacities: Bools, lungs: Bools) -> Floats:
    """Compute which share of each of the six segments is opaque (Fig. 6).

    Args:
        opacities: Opacity mask `[H, W]`.
        lungs: Lung mask `[H, W]`.

    Returns:
        Shares `[6]` in [0, 1]: right lung from top to bottom, then left. 0 for the segments of a missing lung; a single
        region has three segments.
    """
    shares = np.zeros(6)
    for side, lung in enumerate(separate_lungs(lungs)):
        rows, opaque = count_row_pixels(lung), count_row_pixels(lung & opacities)
        edges = [0, *find_third_rows(lung), len(rows)]
        for third in range(3):
            within = slice(edges[third], edges[third + 1])
            shares[3 * side + third] = opaque[within].sum() / max(int(rows[within].sum()), 1)
    return shares


def count_affected_segments(shares: Floats, least: float) -> NDArray[np.int64]:
    """Count the affected segments: the severity score (Algorithm B3).

    Args:
        shares: Opaque shares `[..., 6]` in [0, 1].
        least: The share from which a segment counts; one without an opacity never does.

    Returns:
        Scores `[...]`, 0 to 6.

    Example:
        >>> count_affected_segments(np.array([0.0, 0.1, 0.2, 0.3, 0.0, 1.0]), 0.2).tolist()
        3
    """
    return np.asarray(((shares >= least) & (shares > 0)).sum(-1), np.int64)


def find_best_share(shares: Floats, truth: Floats) -> float | None:
    """Find the threshold with the lowest mean absolute error of the score (Table 9).

    Every share that occurs is tried. Among equals the lower squared error decides, then the lower threshold.

    Args:
        shares: Opaque shares `[n, 6]` in [0, 1].
        truth: Reference scores `[n]`, 0 to 6.

    Returns:
        The threshold in (0, 1]; None where no segment has an opacity.
    """
    candidates = np.unique(shares[shares > 0])
    errors = [count_affected_segments(shares, least) - truth for least in candidates]
    losses = [(float(np.abs(error).mean()), float((error**2).mean())) for error in errors]
    return float(candidates[losses.index(min(losses))]) if losses else None
