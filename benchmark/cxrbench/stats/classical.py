"""Tests with a formula instead of draws: DeLong's for two ROC AUCs, McNemar's for two sets of calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from cxrbench.metrics.delong import delong

Z = float(ndtri(0.975))


@dataclass(frozen=True, slots=True)
class AucGap:
    """ROC AUC of the first minus the second, 95 % interval, z and two-sided p; all NaN where undefined."""

    difference: float
    low: float
    high: float
    z: float
    p: float


def delong_test(truth: ArrayLike, left: ArrayLike, right: ArrayLike, patients: Sequence[str] | None = None) -> AucGap:
    """Whether two predictions `[n]` of the same cases have the same ROC AUC (DeLong et al. 1988).

    With `patients` the covariance is Obuchowski's, which allows several cases a patient. Two predictions that order
    all cases alike have a difference of 0 and p = 1.
    """
    found = delong(truth, np.stack([np.asarray(left, np.float64), np.asarray(right, np.float64)]), patients)
    gap = float(found.auc[0] - found.auc[1])
    spread = float(np.sqrt(max(found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1], 0.0)))
    if np.isnan(found.covariance).any():
        return AucGap(gap, np.nan, np.nan, np.nan, np.nan)
    z = gap / spread if spread > 1e-12 else np.copysign(np.inf, gap) if abs(gap) > 1e-12 else 0.0
    return AucGap(gap, gap - Z * spread, gap + Z * spread, float(z), float(2 * ndtr(-abs(z))))


@dataclass(frozen=True, slots=True)
class McNemar:
    """Cases that only the first, and only the second called right, and the exact two-sided p."""

    only_left: int
    only_right: int
    p: float


def mcnemar(left: ArrayLike, right: ArrayLike) -> McNemar:
    """Exact McNemar test of two sets of calls, given as whether each case was called right, `[n]` each.

    Cases must be independent: with several cases a patient use the sign-flip test on accuracy. p = 1 where the two
    are right on the same cases. Raises `ValueError` where the shapes differ.
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

    a, b = np.asarray(left, bool), np.asarray(right, bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"mcnemar: the calls {a.shape} and {b.shape} must be vectors of one length")
    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    p = float(exact_mcnemar(table, exact=True).pvalue) if table[0][1] + table[1][0] else 1.0
    return McNemar(table[0][1], table[1][0], p)
