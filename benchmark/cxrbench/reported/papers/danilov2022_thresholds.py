"""Table 9 of Danilov et al. 2022: the threshold T with the least error, by the paper's words on train and val together.

The published scans give the error on each part; train and val together are their means weighted by the films in each.
The scans were made on other masks than the published scores, so what the per-image shares give stands beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.datasets.adapters.danilov.thresholds import SCALE, Scan
from cxrbench.reported.record import Recomputed

Floats = NDArray[np.float64]
TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Network:
    """One network's scans by part, its films in train and val, and their published shares `[n, 6]` with truth `[n]`."""

    scans: Mapping[str, Scan]
    counts: Mapping[str, int]
    shares: Floats
    truth: Floats

    def pooled(self) -> Scan:
        """The scan of train and val together."""
        weights = np.array([self.counts["train"], self.counts["val"]], np.float64)
        train, val = self.scans["train"], self.scans["val"]
        return Scan(
            train.threshold,
            np.average([train.mae, val.mae], axis=0, weights=weights),
            np.average([train.mse, val.mse], axis=0, weights=weights),
        )

    def per_image(self) -> Scan:
        """The same scan from the published shares: a lung part counts where its share is above the threshold."""
        threshold = self.scans["train"].threshold
        errors = np.stack([(self.shares > one).sum(1) - self.truth for one in threshold])
        return Scan(threshold, np.abs(errors).mean(1), (errors**2).mean(1))


def recomputed_threshold(metric: str, network: Network) -> Recomputed | None:
    """The least error or the threshold (0-255) that has it; None for a metric that is neither."""
    by, at = metric.removeprefix("threshold-at-min-"), metric.startswith("threshold-at-min-")
    if by not in ("mae", "rmse"):
        return None
    n = sum(network.counts.values())
    pooled = network.pooled()
    how = "published scan over 101 thresholds, train and val weighted by their films"
    if at and np.ptp(_error(pooled, by)) <= TIE:
        return Recomputed(None, n, how, "every threshold gives the same error, so none is the best")
    scans = {
        "train alone": (network.scans["train"], 0),
        "val alone": (network.scans["val"], 0),
        "train and val, the highest of equally good thresholds": (pooled, -1),
        "the published per-image shares": (network.per_image(), 0),
    }
    others = tuple((name, _least(scan, by, place, at=at)) for name, (scan, place) in scans.items() if at or place == 0)
    return Recomputed(_least(pooled, by, 0, at=at), n, how, others=others)


def _error(scan: Scan, by: str) -> Floats:
    return scan.mae if by == "mae" else np.sqrt(scan.mse)


def _least(scan: Scan, by: str, place: int, *, at: bool) -> float:
    """The least error, or its threshold (0-255): of equally good ones the first, or the last (`place` -1)."""
    error = _error(scan, by)
    if not at:
        return float(error.min())
    return float(scan.threshold[np.flatnonzero(error - error.min() <= TIE)[place]] * SCALE)
