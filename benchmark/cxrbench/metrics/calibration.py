"""Whether predicted probabilities are right: Brier score, expected calibration error, calibration curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, Metric, check_vectors, check_weights, stack_columns
from cxrbench.metrics.detection import check_binary
from cxrbench.metrics.direction import Direction


def _check_probabilities(name: str, truth: Floats, pred: Floats) -> None:
    check_binary(name, truth)
    outside = pred[(pred < 0) | (pred > 1)]
    if outside.size:
        raise ValueError(f"{name}: a probability must be in [0, 1], got {outside[0]:g}")


def _assign_bins(pred: Floats, bins: int) -> Floats:
    """One-hot bin of each probability, `[n, bins]`; a bin holds its upper edge (Guo et al. 2017), the first also 0."""
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    return np.asarray(np.searchsorted(edges, pred)[:, None] == np.arange(bins), np.float64)


def _square_errors(truth: Floats, pred: Floats) -> Floats:
    _check_probabilities("brier", truth, pred)
    return stack_columns((pred - truth) ** 2)


brier = Metric("brier", Direction.LOWER, _square_errors, lambda s, w: s[..., 0] / w)
"""Brier score: the mean squared difference of probability and outcome, in [0, 1].

Source: Brier 1950; equal to scikit-learn's `brier_score_loss`.

Example:
    >>> round(float(brier([0, 1, 1], [0.1, 0.8, 0.6])), 4)
    0.07
"""


def ece(bins: int = 10) -> Metric:
    """Expected calibration error: mean absolute difference of mean probability and share of positives per bin.

    Bins are of equal width and count by their weight. The value depends on the number of bins: state it.
    Source: Guo et al. 2017, equation 3.

    Args:
        bins: Number of bins.

    Returns:
        The metric, in [0, 1].

    Example:
        >>> round(float(ece()([0, 1, 1], [0.1, 0.8, 0.8])), 4)
        0.1667
    """

    def columns(truth: Floats, pred: Floats) -> Floats:
        _check_probabilities("ece", truth, pred)
        return np.asarray(_assign_bins(pred, bins) * (pred - truth)[:, None])

    return Metric("ece", Direction.LOWER, columns, lambda s, w: np.abs(s).sum(-1) / w)


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """The points of a reliability diagram; mean and share are NaN where a bin is empty.

    Attributes:
        predicted: Mean probability per bin `[bins]`.
        observed: Share of positives per bin `[bins]`.
        weight: Weight of the cases per bin `[bins]`.
    """

    predicted: Floats
    observed: Floats
    weight: Floats


def calibration_curve(
    truth: ArrayLike, pred: ArrayLike, weights: ArrayLike | None = None, *, bins: int = 10
) -> CalibrationCurve:
    """Compute the points of the reliability diagram over bins of equal width.

    Args:
        truth: True outcomes `[n]`, 0 or 1.
        pred: Predicted probabilities `[n]`, in [0, 1].
        weights: Case weights `[n]`; by default each case counts once.
        bins: Number of bins.

    Returns:
        Mean probability, share of positives and weight of each bin.

    Raises:
        ValueError: Where the shapes differ, a truth is neither 0 nor 1, or a probability is outside [0, 1].

    Example:
        >>> calibration_curve([0, 1, 1], [0.1, 0.8, 0.6], bins=2).observed.tolist()
        [0.0, 1.0]
    """
    t, p = check_vectors("calibration_curve", truth, pred)
    _check_probabilities("calibration_curve", t, p)
    member = _assign_bins(p, bins) * check_weights("calibration_curve", weights, len(t))[:, None]
    weight = member.sum(0)
    share = np.where(weight > 0, weight, np.nan)
    return CalibrationCurve(p @ member / share, t @ member / share, weight)
