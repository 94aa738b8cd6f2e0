"""Errors of scores: prediction minus truth, so a positive mean error is overestimation."""

import numpy as np

from cxrbench.metrics.base import Floats, Metric, compute_variance, stack_columns
from cxrbench.metrics.direction import Direction

mean_error = Metric("mean_error", Direction.ZERO, lambda t, p: stack_columns(p - t), lambda s, w: s[..., 0] / w)
"""Mean of prediction minus truth, in the unit of the score.

The MEr of BS-Net (Signoroni et al. 2020); the paper prints no formula, and its section 7 reads it in this way.

Example:
    >>> round(float(mean_error([0, 2], [1, 2])), 3)
    0.5
"""

mae = Metric("mae", Direction.LOWER, lambda t, p: stack_columns(abs(p - t)), lambda s, w: s[..., 0] / w)
"""Mean absolute error, in the unit of the score.

Example:
    >>> round(float(mae([0, 2, 3], [1, 2, 1])), 3)
    1.0
    >>> mae([0, 2, 3], [1, 2, 1], weights=[[1, 1, 1], [0, 0, 2]]).tolist()
    [1.0, 2.0]
"""

mse = Metric("mse", Direction.LOWER, lambda t, p: stack_columns((p - t) ** 2), lambda s, w: s[..., 0] / w)
"""Mean squared error, in the squared unit of the score.

Example:
    >>> round(float(mse([0, 2, 3], [1, 2, 1])), 3)
    1.667
"""

rmse = Metric("rmse", Direction.LOWER, lambda t, p: stack_columns((p - t) ** 2), lambda s, w: np.sqrt(s[..., 0] / w))
"""Root of the mean squared error, in the unit of the score.

Example:
    >>> round(float(rmse([0, 2, 3], [1, 2, 1])), 3)
    1.291
"""

mae_sd = Metric(
    "mae_sd",
    Direction.LOWER,
    lambda t, p: stack_columns(abs(p - t), (p - t) ** 2),
    lambda s, w: np.sqrt(compute_variance(s[..., 1], s[..., 0], w)),
)
"""Standard deviation (1/n) of the absolute error: the SD that Signoroni et al. 2020 print with each MAE.

Example:
    >>> round(float(mae_sd([0, 2, 3], [1, 2, 1])), 3)
    0.816
"""

error_sd = Metric(
    "error_sd",
    Direction.LOWER,
    lambda t, p: stack_columns(p - t, (p - t) ** 2),
    lambda s, w: np.sqrt(compute_variance(s[..., 1], s[..., 0], w)),
)
"""Standard deviation (1/n) of the signed error: the spread that is left when the mean error is subtracted.

Example:
    >>> round(float(error_sd([0, 2, 3], [1, 2, 1])), 3)
    1.247
"""


def within_tolerance(tolerance: float) -> Metric:
    """Share of cases whose absolute error is at most a tolerance.

    Args:
        tolerance: The largest error that counts as close, in the unit of the score; the limit itself is included.

    Returns:
        The metric, in [0, 1].

    Example:
        >>> round(float(within_tolerance(0.5)([0, 2, 3], [0.5, 2, 1])), 3)
        0.667
    """

    def columns(truth: Floats, pred: Floats) -> Floats:
        return stack_columns((abs(pred - truth) <= tolerance).astype(np.float64))

    return Metric(f"within_{tolerance:g}", Direction.HIGHER, columns, lambda s, w: s[..., 0] / w)
