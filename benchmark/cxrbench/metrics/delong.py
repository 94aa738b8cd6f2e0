"""Variance and covariance of ROC AUCs on the same cases, without resampling: DeLong's, and Obuchowski's for clusters.

The kernel over all pairs (positive, negative) is never built: the share of negatives below each positive comes from
mid-ranks (Sun and Xu 2014), so the cost is a sort.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, check_vectors
from cxrbench.metrics.detection import check_binary


@dataclass(frozen=True, slots=True)
class AucCovariance:
    """ROC AUCs of several predictions on the same cases, and their covariance.

    NaN where the truth has one class; the covariance is NaN too where a class has fewer than two cases (patients).

    Attributes:
        auc: ROC AUC of each prediction `[m]`.
        covariance: Covariance of the AUCs `[m, m]`.
    """

    auc: Floats
    covariance: Floats


def compute_auc_covariance(truth: ArrayLike, preds: ArrayLike, patients: Sequence[str] | None = None) -> AucCovariance:
    """Compute ROC AUCs and their covariance without resampling.

    Source: DeLong et al. 1988 for independent cases; Obuchowski 1997 for several cases per patient, which gives
    DeLong's values where each patient has one case.

    Args:
        truth: True classes `[n]`, 0 or 1.
        preds: Scores of m predictions `[m, n]`, or of one `[n]`; higher means positive.
        patients: The patient of each case `[n]`; None where all cases are independent.

    Returns:
        The AUCs `[m]` and their covariance `[m, m]`.

    Raises:
        ValueError: Where the shapes differ, a value is not finite, or a truth is neither 0 nor 1.

    Example:
        >>> result = compute_auc_covariance([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> float(result.auc[0]), round(float(result.covariance[0, 0]), 4)
        (0.75, 0.125)
    """
    sides = [check_vectors("delong", truth, pred) for pred in np.atleast_2d(np.asarray(preds, np.float64))]
    t, p = sides[0][0], np.stack([pred for _, pred in sides])
    check_binary("delong", t)
    positive = t == 1
    if positive.all() or not positive.any():
        return AucCovariance(np.full(len(p), np.nan), np.full((len(p), len(p)), np.nan))
    won, lost = _compute_placements(p[:, positive], p[:, ~positive])
    auc = won.mean(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if patients is None:
            return AucCovariance(auc, _compute_covariance(won) + _compute_covariance(lost))
        return AucCovariance(auc, _compute_clustered_covariance(won, lost, positive, np.asarray(patients)))


def _compute_placements(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives below it, for each negative the share of positives above it."""
    from scipy.stats import rankdata  # half a second to import, so not before it is needed

    m, n = positive.shape[1], negative.shape[1]
    both = rankdata(np.concatenate([positive, negative], 1), axis=1)
    won = (both[:, :m] - rankdata(positive, axis=1)) / n
    lost = 1 - (both[:, m:] - rankdata(negative, axis=1)) / m
    return won, lost


def _compute_covariance(placed: Floats) -> Floats:
    """Covariance of the means of placements `[m, k]`; NaN for k = 1."""
    gap = placed - placed.mean(1, keepdims=True)
    k = placed.shape[1]
    return np.asarray(gap @ gap.T / np.float64(k - 1) / k)


def _compute_clustered_covariance(won: Floats, lost: Floats, positive: np.ndarray, patients: np.ndarray) -> Floats:
    """Obuchowski's covariance: placements are added up within each patient first."""
    _, member = np.unique(patients, return_inverse=True)
    auc, count = won.mean(1, keepdims=True), int(member.max()) + 1
    m, n = won.shape[1], lost.shape[1]

    def sums(values: Floats, cases: np.ndarray) -> Floats:
        return np.stack([np.bincount(member[cases], row, count) for row in values - auc])

    ups, downs = sums(won, positive), sums(lost, ~positive)
    with_ups, with_downs = (np.float64(len(np.unique(member[cases]))) for cases in (positive, ~positive))
    own_up = with_ups / ((with_ups - 1) * m) * (ups @ ups.T)
    own_down = with_downs / ((with_downs - 1) * n) * (downs @ downs.T)
    across = count / np.float64(count - 1) * (ups @ downs.T)
    return np.asarray(own_up / m + own_down / n + (across + across.T) / (m * n))
