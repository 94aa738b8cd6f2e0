"""Errors of scores: prediction minus truth, so a positive mean error is overestimation."""

import numpy as np

from cxrbench.metrics.base import Floats, Metric, stack, variance

mean_error = Metric("mean_error", "zero", lambda t, p: stack(p - t), lambda s, w: s[..., 0] / w)
"""Mean of prediction minus truth (BS-Net's MEr; the paper prints no formula, its section 7 reads it so).

>>> round(float(mean_error([0, 2], [1, 2])), 3)
0.5
"""

mae = Metric("mae", "lower", lambda t, p: stack(abs(p - t)), lambda s, w: s[..., 0] / w)
"""Mean absolute error.

>>> round(float(mae([0, 2, 3], [1, 2, 1])), 3)
1.0
"""

mse = Metric("mse", "lower", lambda t, p: stack((p - t) ** 2), lambda s, w: s[..., 0] / w)
"""Mean squared error.

>>> round(float(mse([0, 2, 3], [1, 2, 1])), 3)
1.667
"""

rmse = Metric("rmse", "lower", lambda t, p: stack((p - t) ** 2), lambda s, w: np.sqrt(s[..., 0] / w))
"""Root of the mean squared error.

>>> round(float(rmse([0, 2, 3], [1, 2, 1])), 3)
1.291
"""

mae_sd = Metric(
    "mae_sd",
    "lower",
    lambda t, p: stack(abs(p - t), (p - t) ** 2),
    lambda s, w: np.sqrt(variance(s[..., 1], s[..., 0], w)),
)
"""Standard deviation (1/n) of the absolute error: the SD that Signoroni et al. 2020 print beside each MAE.

>>> round(float(mae_sd([0, 2, 3], [1, 2, 1])), 3)
0.816
"""

error_sd = Metric(
    "error_sd",
    "lower",
    lambda t, p: stack(p - t, (p - t) ** 2),
    lambda s, w: np.sqrt(variance(s[..., 1], s[..., 0], w)),
)
"""Standard deviation (1/n) of the signed error, the spread that stays once the mean error is taken out.

>>> round(float(error_sd([0, 2, 3], [1, 2, 1])), 3)
1.247
"""


def within(tolerance: float) -> Metric:
    """The share of cases whose absolute error is at most `tolerance` (both ends included).

    >>> round(float(within(0.5)([0, 2, 3], [0.5, 2, 1])), 3)
    0.667
    """

    def columns(truth: Floats, pred: Floats) -> Floats:
        return stack((abs(pred - truth) <= tolerance).astype(np.float64))

    return Metric(f"within_{tolerance:g}", "higher", columns, lambda s, w: s[..., 0] / w)
