"""A detector at one threshold: a case is called positive where its score is at least the threshold."""

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, Metric, check_vectors, stack_columns
from cxrbench.metrics.detection import check_binary
from cxrbench.metrics.direction import Direction


def _make_rate(name: str, threshold: float, *, hit: tuple[int, int], among: str, undefined: str) -> Metric:
    """Share of hits (`truth`, `called`) among the cases with that truth or that call."""

    def columns(truth: Floats, pred: Floats) -> Floats:
        check_binary(name, truth)
        called = pred >= threshold
        base = truth == hit[0] if among == "truth" else called == hit[1]
        hits = base & (truth == hit[0]) & (called == hit[1])
        return stack_columns(hits.astype(np.float64), base.astype(np.float64))

    return Metric(name, Direction.HIGHER, columns, lambda s, _: s[..., 0] / s[..., 1], undefined)


def sensitivity(threshold: float) -> Metric:
    """Share of the positive cases that are called positive (recall).

    Args:
        threshold: The least score of a positive call.

    Returns:
        The metric, in [0, 1]; undefined without a positive case.

    Example:
        >>> float(sensitivity(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1]))
        0.5
    """
    return _make_rate("sensitivity", threshold, hit=(1, 1), among="truth", undefined="no positive case")


def specificity(threshold: float) -> Metric:
    """Share of the negative cases that are called negative.

    Args:
        threshold: The least score of a positive call.

    Returns:
        The metric, in [0, 1]; undefined without a negative case.

    Example:
        >>> float(specificity(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1]))
        0.5
    """
    return _make_rate("specificity", threshold, hit=(0, 0), among="truth", undefined="no negative case")


def ppv(threshold: float) -> Metric:
    """Positive predictive value: the share of positive calls that are right (precision).

    It depends on the prevalence in the data.

    Args:
        threshold: The least score of a positive call.

    Returns:
        The metric, in [0, 1]; undefined, not 0, where no case is called positive.

    Example:
        >>> float(ppv(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1]))
        0.5
    """
    return _make_rate("ppv", threshold, hit=(1, 1), among="call", undefined="no case is called positive")


def accuracy(threshold: float) -> Metric:
    """Share of the cases whose call is right.

    Args:
        threshold: The least score of a positive call.

    Returns:
        The metric, in [0, 1].

    Example:
        >>> float(accuracy(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.4, 0.1]))
        0.75
    """

    def columns(truth: Floats, pred: Floats) -> Floats:
        check_binary("accuracy", truth)
        return stack_columns(((pred >= threshold) == (truth == 1)).astype(np.float64))

    return Metric("accuracy", Direction.HIGHER, columns, lambda s, w: s[..., 0] / w)


def find_corner_threshold(truth: ArrayLike, pred: ArrayLike) -> float:
    """Choose the operating point: the score whose (1 - specificity, sensitivity) is closest to the corner (0, 1).

    To be chosen on val and used on test. Only scores that occur are candidates; of two equally close points the
    higher threshold (fewer positive calls) is taken.

    Args:
        truth: True classes `[n]`, 0 or 1.
        pred: Scores `[n]`; higher means positive.

    Returns:
        The threshold; NaN where the truth has one class.

    Raises:
        ValueError: Where the shapes differ, a value is not finite, or a truth is neither 0 nor 1.

    Example:
        >>> find_corner_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.8
    """
    t, p = check_vectors("corner_threshold", truth, pred)
    check_binary("corner_threshold", t)
    positive, negative = np.sort(p[t == 1]), np.sort(p[t == 0])
    if not (len(positive) and len(negative)):
        return float("nan")
    candidates = np.unique(p)[::-1]
    misses = np.searchsorted(positive, candidates) * len(negative)
    alarms = (len(negative) - np.searchsorted(negative, candidates)) * len(positive)
    return float(candidates[np.argmin(misses.astype(object) ** 2 + alarms.astype(object) ** 2)])
