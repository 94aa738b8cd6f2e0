"""Whether a probability means what it says: Brier score, expected calibration error, calibration curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, Metric, checked, checked_weights, stack
from cxrbench.metrics.detection import check_binary


def _check(name: str, truth: Floats, pred: Floats) -> None:
    check_binary(name, truth)
    outside = pred[(pred < 0) | (pred > 1)]
    if outside.size:
        raise ValueError(f"{name}: a probability must lie in [0, 1], got {outside[0]:g}")


def _bins(pred: Floats, bins: int) -> Floats:
    """One-hot bin of each probability, `[n, bins]`; a bin holds its upper edge (Guo et al. 2017), the first also 0."""
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    return np.asarray(np.searchsorted(edges, pred)[:, None] == np.arange(bins), np.float64)


def _brier(truth: Floats, pred: Floats) -> Floats:
    _check("brier", truth, pred)
    return stack((pred - truth) ** 2)


brier = Metric("brier", "lower", _brier, lambda s, w: s[..., 0] / w)
"""Brier score: the mean squared difference of probability and outcome, in [0, 1].

>>> round(float(brier([0, 1, 1], [0.1, 0.8, 0.6])), 4)
0.07
"""


def ece(bins: int = 10) -> Metric:
    """Expected calibration error over `bins` of equal width: mean |mean probability - share of positives| a bin.

    Bins count by their weight (Guo et al. 2017). It depends on the number of bins: state it.

    >>> round(float(ece()([0, 1, 1], [0.1, 0.8, 0.8])), 4)
    0.1667
    """

    def columns(truth: Floats, pred: Floats) -> Floats:
        _check("ece", truth, pred)
        return np.asarray(_bins(pred, bins) * (pred - truth)[:, None])

    return Metric("ece", "lower", columns, lambda s, w: np.abs(s).sum(-1) / w)


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Each bin's mean probability, share of positives and weight, `[bins]`; NaN where a bin is empty."""

    predicted: Floats
    observed: Floats
    weight: Floats


def calibration_curve(
    truth: ArrayLike, pred: ArrayLike, weights: ArrayLike | None = None, *, bins: int = 10
) -> CalibrationCurve:
    """The reliability diagram's points over bins of equal width; weights `[n]`.

    >>> calibration_curve([0, 1, 1], [0.1, 0.8, 0.6], bins=2).observed.tolist()
    [0.0, 1.0]
    """
    t, p = checked("calibration_curve", truth, pred)
    _check("calibration_curve", t, p)
    member = _bins(p, bins) * checked_weights("calibration_curve", weights, len(t))[:, None]
    weight = member.sum(0)
    share = np.where(weight > 0, weight, np.nan)
    return CalibrationCurve(p @ member / share, t @ member / share, weight)
