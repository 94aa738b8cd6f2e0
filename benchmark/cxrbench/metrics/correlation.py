"""How well predictions follow the truth: Pearson, R2, the regression line, and Spearman on ranks."""

from collections.abc import Callable

import numpy as np

from cxrbench.metrics.base import Floats, Metric, centre_values, compute_variance, stack_columns
from cxrbench.metrics.direction import Direction
from cxrbench.metrics.ranking import Counts, Indices, RankMetric, TieGroups, to_integer_weights


def _compute_products(truth: Floats, pred: Floats) -> Floats:
    """Both sides around their plain means, their squares and their product, `[n, 5]`.

    The values do not depend on the centre; the cancellation in their sums does.
    """
    t, p = centre_values(truth), centre_values(pred)
    return stack_columns(t, p, t * t, p * p, t * p)


def _finish_pearson(sums: Floats, weight: Floats) -> Floats:
    t, p, tt, pp, tp = np.moveaxis(sums, -1, 0)
    spread = np.sqrt(compute_variance(tt, t, weight) * compute_variance(pp, p, weight))
    together = (tp / weight - t * p / weight**2) / np.where(spread > 0, spread, np.nan)
    return np.asarray(np.clip(together, -1.0, 1.0), np.float64)


pearson = Metric("pearson", Direction.HIGHER, _compute_products, _finish_pearson, "truth or prediction is constant")
"""Pearson's correlation, in [-1, 1]; undefined where a side is constant or there are fewer than two cases.

Example:
    >>> round(float(pearson([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.9234
    >>> float(pearson([0, 1, 2, 3], [1, 1, 1, 1]))
    nan
"""


def _finish_r2(sums: Floats, weight: Floats) -> Floats:
    squared, t, tt = np.moveaxis(sums, -1, 0)
    return np.asarray(1 - squared / weight / compute_variance(tt, t, weight))


def _compute_r2_columns(truth: Floats, pred: Floats) -> Floats:
    t = centre_values(truth)
    return stack_columns((pred - truth) ** 2, t, t * t)


r2 = Metric("r2", Direction.HIGHER, _compute_r2_columns, _finish_r2, "truth is constant")
"""Coefficient of determination, 1 - squared error / spread of the truth.

At most 1, and below 0 for a prediction that is worse than the mean of the truth. Not the square of Pearson's r (a
biased prediction has r = 1 and a low R2). Equal to scikit-learn's `r2_score`.

Example:
    >>> round(float(r2([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.8
"""


def _finish_slope(sums: Floats, weight: Floats) -> Floats:
    t, p, tt, _, tp = np.moveaxis(sums[..., :5], -1, 0)
    return np.asarray((tp / weight - t * p / weight**2) / compute_variance(tt, t, weight))


def _finish_intercept(sums: Floats, weight: Floats) -> Floats:
    plain_truth, plain_pred = sums[..., 5] / weight, sums[..., 6] / weight
    return np.asarray(plain_pred - _finish_slope(sums, weight) * plain_truth)


slope = Metric("slope", Direction.ONE, _compute_products, _finish_slope, "truth is constant")
"""Slope of the least-squares line of the prediction on the truth; 1 where predictions change as the truth does.

Example:
    >>> round(float(slope([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.9
"""

intercept = Metric(
    "intercept",
    Direction.ZERO,
    lambda t, p: np.column_stack([_compute_products(t, p), t, p]),
    _finish_intercept,
    "truth is constant",
)
"""Intercept of the same line: the prediction where the truth is 0.

Example:
    >>> round(float(intercept([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    -0.1
"""


def _prepare_spearman(truth: Floats, pred: Floats, member: Indices) -> Callable[[Counts], Floats]:
    """Correlation of weighted mid-ranks, each the weight below a case plus half of the weight of its equals.

    Their mean is half the total weight W, and twice their distance from it is `edge + next edge - W`, a whole number
    for whole weights. Their spread is known too: (W^3 - sum of the groups' weight^3) / 12, the tie correction.
    """
    of_truth, of_pred = TieGroups.from_values(truth), TieGroups.from_values(pred)
    first, second = member[of_truth.order], member[of_pred.order]
    own, other = of_truth.group[of_truth.order], of_pred.group[of_truth.order]
    untied = of_truth.bounds is None and of_pred.bounds is None

    def value(weights: Counts) -> Floats:
        counts = to_integer_weights(weights, len(member))
        w = counts.take(first, axis=-1)
        left, right = of_truth.sum_below(w), of_pred.sum_below(counts.take(second, axis=-1))
        total = left[:, -1].astype(np.float64)
        t = _centre_midranks(left) if of_truth.bounds is None else _centre_midranks(left).take(own, axis=-1)
        p = _centre_midranks(right).take(other, axis=-1)
        together = np.einsum("ij,ij,ij->i", *(side.astype(np.float64) for side in (w, t, p)))
        spread = total**3 - _sum_cubes(left)
        spreads = spread, spread if untied else total**3 - _sum_cubes(right)
        defined = np.minimum(*spreads) > 1e-12 * total**3
        return np.asarray(
            np.clip(3 * together / np.where(defined, np.sqrt(spreads[0] * spreads[1]), np.nan), -1.0, 1.0)
        )

    return value


def _centre_midranks(edges: Counts) -> Counts:
    """Twice the distance of each group's mid-rank from the mean of all ranks."""
    sums: Counts = edges[:, :-1] + edges[:, 1:]
    sums -= edges[:, -1:]
    return sums


def _sum_cubes(edges: Counts) -> Floats:
    """Sum over groups of their weight cubed, `[draws]`, from the weight below each."""
    steps = np.diff(edges, axis=-1).astype(np.float64)
    return np.asarray(np.einsum("ij,ij,ij->i", steps, steps, steps))


spearman = RankMetric("spearman", Direction.HIGHER, _prepare_spearman, "truth or prediction is constant")
"""Spearman's correlation: Pearson's on mid-ranks, in [-1, 1]; a weight counts as so many copies of its case.

Undefined where a side is constant. Equal to scipy's `spearmanr`.

Example:
    >>> round(float(spearman([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.9487
"""
