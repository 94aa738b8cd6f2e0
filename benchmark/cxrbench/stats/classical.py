"""Tests with a formula instead of draws: DeLong's for two ROC AUCs, McNemar's for two sets of calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from cxrbench.metrics.delong import compute_auc_covariance

Z = float(ndtri(0.975))
"""The 97.5 % quantile of the standard normal distribution, 1.96."""


@dataclass(frozen=True, slots=True)
class AucDifference:
    """The difference of two ROC AUCs; all NaN where undefined.

    Attributes:
        difference: AUC of the first minus AUC of the second.
        low: Lower bound of the 95 % interval.
        high: Upper bound of the 95 % interval.
        z: The difference in standard errors.
        p: The two-sided p-value.
    """

    difference: float
    low: float
    high: float
    z: float
    p: float


def delong_test(
    truth: ArrayLike, left: ArrayLike, right: ArrayLike, patients: Sequence[str] | None = None
) -> AucDifference:
    """Test whether two predictions of the same cases have the same ROC AUC.

    Source: DeLong et al. 1988; with patients the covariance is Obuchowski's (1997), which allows several cases per
    patient. Two predictions that put all cases in the same order have a difference of 0 and p = 1.

    Args:
        truth: True classes `[n]`, 0 or 1.
        left: Scores of the first prediction `[n]`.
        right: Scores of the second prediction `[n]`.
        patients: The patient of each case `[n]`; None where all cases are independent.

    Returns:
        The difference with its interval and p-value.

    Raises:
        ValueError: Where the shapes differ, a value is not finite, or a truth is neither 0 nor 1.

    Example:
        >>> test = delong_test([0, 0, 0, 1, 1, 1], [1, 2, 4, 3, 5, 6], [2, 4, 5, 1, 3, 6])
        >>> round(test.difference, 4), round(test.p, 4)
        (0.4444, 0.0736)
    """
    sides = np.stack([np.asarray(left, np.float64), np.asarray(right, np.float64)])
    result = compute_auc_covariance(truth, sides, patients)
    gap, covariance = float(result.auc[0] - result.auc[1]), result.covariance
    spread = float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0)))
    if np.isnan(covariance).any():
        return AucDifference(gap, np.nan, np.nan, np.nan, np.nan)
    z = gap / spread if spread > 1e-12 else np.copysign(np.inf, gap) if abs(gap) > 1e-12 else 0.0
    return AucDifference(gap, gap - Z * spread, gap + Z * spread, float(z), float(2 * ndtr(-abs(z))))


@dataclass(frozen=True, slots=True)
class McNemarResult:
    """McNemar's test of two sets of calls.

    Attributes:
        only_left: Number of cases that only the first called right.
        only_right: Number of cases that only the second called right.
        p: The exact two-sided p-value.
    """

    only_left: int
    only_right: int
    p: float


def mcnemar_test(left: ArrayLike, right: ArrayLike) -> McNemarResult:
    """Compare two sets of calls by McNemar's exact test.

    Cases must be independent: with several cases per patient use the sign-flip test on accuracy.

    Args:
        left: Whether the first called each case right `[n]`.
        right: Whether the second called each case right `[n]`.

    Returns:
        The discordant cases and the p-value; 1 where the two are right on the same cases.

    Raises:
        ValueError: Where the shapes differ.

    Example:
        >>> mcnemar_test([1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 1, 0])
        McNemarResult(only_left=4, only_right=0, p=0.125)
    """
    from statsmodels.stats.contingency_tables import mcnemar as exact_mcnemar

    a, b = np.asarray(left, bool), np.asarray(right, bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"mcnemar: the calls {a.shape} and {b.shape} must be vectors of one length")
    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    p = float(exact_mcnemar(table, exact=True).pvalue) if table[0][1] + table[1][0] else 1.0
    return McNemarResult(table[0][1], table[1][0], p)
