"""Six segments of equal area, and how many of them are affected (Danilov et al. 2022, post-processing, Fig. 6).

The paper gives no unit for the threshold T of its score. Here it is a share of a segment's area, so that it means the
same on a film of any size: a segment counts when at least this share of it is opaque.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
THIRDS = (1 / 3, 2 / 3)


def lungs_apart(lungs: Bools) -> list[Bools]:
    """The two largest connected regions of a lung mask `[H, W]`, image-left (the patient's right lung) first.

    Fewer where the mask has fewer: lungs that touch are one region, as in the paper.
    """
    count, labels, facts, centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        lungs.astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_BBDT
    )
    largest = sorted(range(1, count), key=lambda region: -facts[region, cv2.CC_STAT_AREA])[:2]
    return [labels == region for region in sorted(largest, key=lambda region: centres[region][0])]


def cuts(lung: Bools) -> tuple[int, int]:
    """Rows y_top and y_bot of one lung `[H, W]`: the area above them is nearest to a third and two thirds of it.

    Each is found by binary search in the area above a row, which only grows downwards (Algorithm B2).
    """
    above = np.concatenate([[0], np.cumsum(lungs_rows(lung))])
    top, bottom = (_nearest(above, part * above[-1]) for part in THIRDS)
    return top, bottom


def lungs_rows(lung: Bools) -> NDArray[np.int64]:
    """Pixels of a mask in each row, `[H]`."""
    return np.asarray(lung.sum(1), np.int64)


def _nearest(above: NDArray[np.int64], wanted: float) -> int:
    """The row whose area above is nearest to the wanted one."""
    row = int(np.searchsorted(above, wanted))
    return row - 1 if row and wanted - above[row - 1] <= above[row] - wanted else row


def segment_shares(opacities: Bools, lungs: Bools) -> Floats:
    """How much of each of the six segments is opaque, in [0, 1]: right lung from top to bottom, then left, `[6]`.

    0 for the segments of a lung that was not found; of one region alone there are three.
    """
    found = np.zeros(6)
    for place, lung in enumerate(lungs_apart(lungs)):
        rows, ill = lungs_rows(lung), lungs_rows(lung & opacities)
        edges = [0, *cuts(lung), len(rows)]
        for third in range(3):
            rows_of = slice(edges[third], edges[third + 1])
            found[3 * place + third] = ill[rows_of].sum() / max(int(rows[rows_of].sum()), 1)
    return found


def severity(shares: Floats, least: float) -> NDArray[np.int64]:
    """Affected segments, 0-6: those with an opaque share of at least `least` (above 0); `[..., 6]` to `[...]`."""
    return np.asarray(((shares >= least) & (shares > 0)).sum(-1), np.int64)


def best_share(shares: Floats, truth: Floats) -> float | None:
    """The threshold with the lowest mean absolute error of scores `[n]` from shares `[n, 6]` (Table 9).

    Every share that occurs is tried; of equals the one with the lower squared error is taken, then the lower threshold.
    None where no segment has an opacity.
    """
    tried = np.unique(shares[shares > 0])
    errors = [severity(shares, least) - truth for least in tried]
    losses = [(float(np.abs(error).mean()), float((error**2).mean())) for error in errors]
    return float(tried[losses.index(min(losses))]) if losses else None
