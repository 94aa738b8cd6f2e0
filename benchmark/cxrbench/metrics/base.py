"""The shape of a metric that is a function of weighted sums over cases.

Mean error, correlation, kappa and their like need a few sums only. Each case contributes a row of numbers
(`columns`), a bootstrap draw adds the rows up with its weights, and `finish` turns the sums into the value. So the cost
of a bootstrap is one matrix product per metric. Metrics that need the cases in order are in `ranking`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrbench.metrics.direction import Direction

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of truth and prediction, which way it points, and why it can be undefined.

    Attributes:
        name: The key of the metric in results and messages.
        direction: Which values are better; `ZERO` for signed errors, `ONE` for a slope.
        columns: A function `columns(truth, pred)` that gives the contributions `[n, k]` of n cases.
        finish: A function `finish(sums, weight)` of the weighted sums `[..., k]` and the total weight `[...]` that
            gives the value `[...]`, not finite where it is undefined.
        undefined: The reason why a value can be undefined.

    Example:
        >>> share_correct = Metric(
        ...     "share_correct",
        ...     Direction.HIGHER,
        ...     columns=lambda truth, pred: stack_columns((truth == pred).astype(float)),
        ...     finish=lambda sums, weight: sums[..., 0] / weight,
        ... )
        >>> float(share_correct([0, 1, 2, 3], [0, 1, 1, 3]))
        0.75
        >>> share_correct([0, 1, 2, 3], [0, 1, 1, 3], weights=[[1, 1, 1, 1], [0, 0, 2, 2]]).tolist()
        [0.75, 0.5]
    """

    name: str
    direction: Direction
    columns: Callable[[Floats, Floats], Floats]
    finish: Callable[[Floats, Floats], Floats]
    undefined: str = "no cases"

    def __call__(self, truth: ArrayLike, pred: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """Compute the value for each weight vector.

        Args:
            truth: True values `[n]`, all finite.
            pred: Predicted values `[n]`, all finite.
            weights: Case weights `[..., n]`, at least 0; by default each case counts once.

        Returns:
            The values `[...]`, NaN where undefined.

        Raises:
            ValueError: Where the shapes differ, a value is not finite, or a weight is below 0.
        """
        sides = check_vectors(self.name, truth, pred)
        rows = self.columns(*sides)
        chosen = check_weights(self.name, weights, len(rows))
        return apply_finish(self.finish, chosen @ rows, chosen.sum(-1))


def apply_finish(finish: Callable[[Floats, Floats], Floats], sums: Floats, weight: Floats) -> Floats:
    """Turn weighted sums into values, with NaN where the value is undefined.

    Args:
        finish: The function of sums and total weight that gives the value.
        sums: Weighted sums `[..., k]`.
        weight: Total weight `[...]`.

    Returns:
        The values `[...]`; NaN where the value is not finite or the weight is 0.

    Example:
        >>> apply_finish(lambda s, w: s[..., 0] / w, np.array([[3.0], [1.0]]), np.array([2.0, 0.0])).tolist()
        [1.5, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.asarray(finish(sums, weight), np.float64)
    return np.where(np.isfinite(value) & (weight > 0), value, np.nan)


def check_vectors(name: str, truth: ArrayLike, pred: ArrayLike) -> tuple[Floats, Floats]:
    """Check truth and prediction of a metric.

    Args:
        name: The metric, for the message.
        truth: True values `[n]`.
        pred: Predicted values `[n]`.

    Returns:
        Both as float vectors `[n]`.

    Raises:
        ValueError: Where the shapes differ or a value is not finite.

    Example:
        >>> check_vectors("mae", [0, 1], [0, 1, 2])
        Traceback (most recent call last):
        ValueError: mae: truth (2,) and prediction (3,) must be vectors of one length
    """
    left, right = np.asarray(truth, np.float64), np.asarray(pred, np.float64)
    if left.shape != right.shape or left.ndim != 1:
        raise ValueError(f"{name}: truth {left.shape} and prediction {right.shape} must be vectors of one length")
    for side, values in (("truth", left), ("prediction", right)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: {side} {int(np.flatnonzero(~np.isfinite(values))[0])} is not finite")
    return left, right


def check_weights(name: str, weights: ArrayLike | None, n: int) -> Floats:
    """Check the case weights of a metric.

    Args:
        name: The metric, for the message.
        weights: Case weights `[..., n]`; None for a weight of 1 per case.
        n: Number of cases.

    Returns:
        The weights as floats `[..., n]`.

    Raises:
        ValueError: Where the last axis does not have n weights, or a weight is below 0 or not finite.

    Example:
        >>> check_weights("mae", None, 3).tolist()
        [1.0, 1.0, 1.0]
    """
    chosen = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if chosen.ndim < 1 or chosen.shape[-1] != n:
        raise ValueError(f"{name}: weights {chosen.shape} must have one column for each of {n} cases")
    if not (np.isfinite(chosen) & (chosen >= 0)).all():
        raise ValueError(f"{name}: a weight must be finite and at least 0")
    return chosen


def stack_columns(*columns: Floats) -> Floats:
    """Stack contributions of the cases.

    Args:
        *columns: The columns, `[n]` each.

    Returns:
        The columns side by side, `[n, k]`.

    Example:
        >>> stack_columns(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
    """
    return np.stack(columns, axis=-1)


def compute_variance(square: Floats, plain: Floats, weight: Floats) -> Floats:
    """Compute the population variance (1/n) from sums.

    Args:
        square: Sum of the squared values `[...]`.
        plain: Sum of the values `[...]`.
        weight: Total weight `[...]`.

    Returns:
        The variance `[...]`; what rounding leaves of a constant counts as 0.

    Example:
        >>> float(compute_variance(np.float64(5.0), np.float64(3.0), np.float64(2.0)))
        0.25
    """
    mean_square, mean = square / weight, plain / weight
    spread = mean_square - mean**2
    return np.where(spread <= 1e-12 * np.maximum(mean_square, 1e-300), 0.0, spread)


def centre_values(values: Floats) -> Floats:
    """Subtract the mean, so that sums of squares do not cancel.

    Args:
        values: Any values `[n]`.

    Returns:
        The values around their mean `[n]`; an empty array stays empty.

    Example:
        >>> centre_values(np.array([1.0, 2.0, 6.0])).tolist()
        [-2.0, -1.0, 3.0]
    """
    return values - values.mean() if len(values) else values
