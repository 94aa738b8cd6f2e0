"""A detector at one threshold: a case is called positive where its score is at least the threshold."""

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, Metric, checked, stack
from cxrbench.metrics.detection import check_binary


def _rate(name: str, threshold: float, *, hit: tuple[int, int], among: str, undefined: str) -> Metric:
    """Share of hits (`truth`, `called`) among the cases with that truth or that call."""

    def columns(truth: Floats, pred: Floats) -> Floats:
        check_binary(name, truth)
        called = pred >= threshold
        base = truth == hit[0] if among == "truth" else called == hit[1]
        return stack((base & (truth == hit[0]) & (called == hit[1])).astype(np.float64), base.astype(np.float64))

    return Metric(name, "higher", columns, lambda s, _: s[..., 0] / s[..., 1], undefined)


def sensitivity(threshold: float) -> Metric:
    """Share of the positive cases that are called positive (recall).

    >>> float(sensitivity(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1]))
    0.5
    """
    return _rate("sensitivity", threshold, hit=(1, 1), among="truth", undefined="no positive case")


def specificity(threshold: float) -> Metric:
    """Share of the negative cases that are called negative.

    >>> float(specificity(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1]))
    0.5
    """
    return _rate("specificity", threshold, hit=(0, 0), among="truth", undefined="no negative case")


def ppv(threshold: float) -> Metric:
    """Positive predictive value: the share of positive calls that are right (precision).

    Undefined, not 0, where nothing is called positive. It depends on the prevalence of the data.

    >>> float(ppv(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1]))
    0.5
    """
    return _rate("ppv", threshold, hit=(1, 1), among="call", undefined="no case is called positive")


def accuracy(threshold: float) -> Metric:
    """Share of the cases whose call is right.

    >>> float(accuracy(0.5)([1, 1, 0, 0], [0.9, 0.2, 0.4, 0.1]))
    0.75
    """

    def columns(truth: Floats, pred: Floats) -> Floats:
        check_binary("accuracy", truth)
        return stack(((pred >= threshold) == (truth == 1)).astype(np.float64))

    return Metric("accuracy", "higher", columns, lambda s, w: s[..., 0] / w)


def corner_threshold(truth: ArrayLike, pred: ArrayLike) -> float:
    """The operating point: the score whose (1 - specificity, sensitivity) lies closest to the corner (0, 1).

    To be chosen on val and used on test. Only scores that occur are candidates; of two equally close points the
    higher threshold (fewer positive calls) is taken. NaN where the truth has one class.

    >>> corner_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8
    """
    t, p = checked("corner_threshold", truth, pred)
    check_binary("corner_threshold", t)
    positive, negative = np.sort(p[t == 1]), np.sort(p[t == 0])
    if not (len(positive) and len(negative)):
        return float("nan")
    candidates = np.unique(p)[::-1]
    misses = np.searchsorted(positive, candidates) * len(negative)
    alarms = (len(negative) - np.searchsorted(negative, candidates)) * len(positive)
    return float(candidates[np.argmin(misses.astype(object) ** 2 + alarms.astype(object) ** 2)])
