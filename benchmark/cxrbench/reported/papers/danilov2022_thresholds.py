"""Table 9 of Danilov et al. 2022: the threshold T with the least error, according to the paper on train and val.

The published scans give the error on each part; train and val together are their means weighted by the radiographs in
each. The scans were made on other masks than the published scores, so the result of the per-image shares is given too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.datasets.adapters.danilov.thresholds import SCALE, ThresholdScan
from cxrbench.reported.findings import RecomputedValue

Floats = NDArray[np.float64]
TIE = 1e-12


@dataclass(frozen=True, slots=True)
class ScannedNetwork:
    """The threshold scans of one network.

    Attributes:
        scans: The scan of each part.
        counts: Number of radiographs in train and in val.
        shares: Published shares of the six lung parts `[n, 6]`, in [0, 1], of train and val.
        truth: The truth of the same radiographs `[n]`, 0-6.
    """

    scans: Mapping[str, ThresholdScan]
    counts: Mapping[str, int]
    shares: Floats
    truth: Floats

    def pool_parts(self) -> ThresholdScan:
        """The scan of train and val together."""
        weights = np.array([self.counts["train"], self.counts["val"]], np.float64)
        train, val = self.scans["train"], self.scans["val"]
        return ThresholdScan(
            train.threshold,
            np.average([train.mae, val.mae], axis=0, weights=weights),
            np.average([train.mse, val.mse], axis=0, weights=weights),
        )

    def scan_shares(self) -> ThresholdScan:
        """The same scan from the published shares: a lung part counts where its share is above the threshold."""
        threshold = self.scans["train"].threshold
        errors = np.stack([(self.shares > limit).sum(1) - self.truth for limit in threshold])
        return ThresholdScan(threshold, np.abs(errors).mean(1), (errors**2).mean(1))


def recompute_threshold(metric: str, network: ScannedNetwork) -> RecomputedValue | None:
    """Recompute the least error, or the threshold that has it.

    Args:
        metric: The metric of the claim: "mae", "rmse", "threshold-at-min-mae" or "threshold-at-min-rmse".
        network: The scans of the network.

    Returns:
        The error in score points, or the threshold (0-255); None for another metric.
    """
    by, at = metric.removeprefix("threshold-at-min-"), metric.startswith("threshold-at-min-")
    if by not in ("mae", "rmse"):
        return None
    n = sum(network.counts.values())
    pooled = network.pool_parts()
    how = "published scan over 101 thresholds, train and val weighted by their radiographs"
    if at and np.ptp(_select_error(pooled, by)) <= TIE:
        return RecomputedValue(None, n, how, "every threshold gives the same error, so none is the best")
    scans = {
        "train alone": (network.scans["train"], 0),
        "val alone": (network.scans["val"], 0),
        "train and val, the highest of equally good thresholds": (pooled, -1),
        "the published per-image shares": (network.scan_shares(), 0),
    }
    others = tuple(
        (name, _find_minimum(scan, by, place, at=at)) for name, (scan, place) in scans.items() if at or place == 0
    )
    return RecomputedValue(_find_minimum(pooled, by, 0, at=at), n, how, others=others)


def _select_error(scan: ThresholdScan, by: str) -> Floats:
    return scan.mae if by == "mae" else np.sqrt(scan.mse)


def _find_minimum(scan: ThresholdScan, by: str, place: int, *, at: bool) -> float:
    """The least error, or its threshold (0-255): of equally good ones the first, or the last (`place` -1)."""
    error = _select_error(scan, by)
    if not at:
        return float(error.min())
    return float(scan.threshold[np.flatnonzero(error - error.min() <= TIE)[place]] * SCALE)
