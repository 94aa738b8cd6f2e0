"""Errors and correlation of scores: prediction minus truth, so a positive mean error is overestimation."""

import numpy as np

from cxrbench.metrics.moments import Floats, Metric


def _stack(*columns: Floats) -> Floats:
    return np.stack(columns, axis=-1)


def _variance(square: Floats, plain: Floats, weight: Floats) -> Floats:
    """Population variance from sums; what rounding leaves of a constant counts as 0."""
    mean_square, mean = square / weight, plain / weight
    spread = mean_square - mean**2
    return np.where(spread <= 1e-12 * np.maximum(mean_square, 1e-300), 0.0, spread)


def _pearson(sums: Floats, weight: Floats) -> Floats:
    t, p, tt, pp, tp = np.moveaxis(sums, -1, 0)
    spread = np.sqrt(_variance(tt, t, weight) * _variance(pp, p, weight))
    return np.asarray(np.clip((tp / weight - t * p / weight**2) / spread, -1.0, 1.0), np.float64)


mean_error = Metric("mean_error", "zero", lambda t, p: _stack(p - t), lambda s, w: s[..., 0] / w)
"""Mean of prediction minus truth (BS-Net's MEr; the paper prints no formula, its section 7 reads it so).

>>> round(float(mean_error([0, 2], [1, 2])), 3)
0.5
"""

mae = Metric("mae", "lower", lambda t, p: _stack(abs(p - t)), lambda s, w: s[..., 0] / w)
"""Mean absolute error.

>>> round(float(mae([0, 2, 3], [1, 2, 1])), 3)
1.0
"""

rmse = Metric("rmse", "lower", lambda t, p: _stack((p - t) ** 2), lambda s, w: np.sqrt(s[..., 0] / w))
"""Root of the mean squared error.

>>> round(float(rmse([0, 2, 3], [1, 2, 1])), 3)
1.291
"""

mae_sd = Metric(
    "mae_sd",
    "lower",
    lambda t, p: _stack(abs(p - t), (p - t) ** 2),
    lambda s, w: np.sqrt(_variance(s[..., 1], s[..., 0], w)),
)
"""Standard deviation (1/n) of the absolute error: the SD that Signoroni et al. 2020 print beside each MAE.

>>> round(float(mae_sd([0, 2, 3], [1, 2, 1])), 3)
0.816
"""

pearson = Metric(
    "pearson",
    "higher",
    lambda t, p: (
        _stack(t - t.mean(), p - p.mean(), (t - t.mean()) ** 2, (p - p.mean()) ** 2, (t - t.mean()) * (p - p.mean()))
        if len(t)
        else np.zeros((0, 5))
    ),
    _pearson,
    "truth or prediction is constant",
)
"""Pearson's correlation, in [-1, 1]; undefined where a side is constant or there are fewer than two cases.

The sums are taken around the plain means of the whole sample: the value is the same, the cancellation is not.

>>> round(float(pearson([0, 1, 2, 3], [0, 1, 1, 3])), 4)
0.9439
"""


def within(tolerance: float) -> Metric:
    """The share of cases whose absolute error is at most `tolerance` (both ends included).

    >>> round(float(within(0.5)([0, 2, 3], [0.5, 2, 1])), 3)
    0.667
    """
    return Metric(
        f"within_{tolerance:g}",
        "higher",
        lambda t, p: _stack((abs(p - t) <= tolerance).astype(np.float64)),
        lambda s, w: s[..., 0] / w,
    )
