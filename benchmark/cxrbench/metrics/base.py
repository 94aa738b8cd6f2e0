"""The shape of a metric that is a function of weighted sums over cases.

Mean error, correlation, kappa and their like need a few sums only. Each case contributes a row of numbers
(`columns`), a draw adds the rows up with its weights, and `finish` turns the sums into the value. So the cost of a
bootstrap is one matrix product, however the metric looks. What needs an order of the cases is in `ranking`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Better = Literal["higher", "lower", "zero", "one"]
"""Which way a metric points: up, down, or at the number that an unbiased prediction has."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A score, the way it points, and why it can be undefined.

    `columns(truth, pred)` gives the contributions `[n, k]` of n cases. `finish(sums, weight)` takes their weighted
    sums `[..., k]` and the total weight `[...]` and gives the value `[...]`, NaN where it is undefined.
    `better` is "zero" for signed errors and "one" for a slope.
    """

    name: str
    better: Better
    columns: Callable[[Floats, Floats], Floats]
    finish: Callable[[Floats, Floats], Floats]
    undefined: str = "no cases"

    def __call__(self, truth: ArrayLike, pred: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """The value for each weight vector: truth and pred `[n]`, weights `[..., n]` (default: all one).

        Raises `ValueError` where the shapes differ, a value is not finite, or a weight is below 0.
        """
        sides = checked(self.name, truth, pred)
        rows = self.columns(*sides)
        chosen = checked_weights(self.name, weights, len(rows))
        return self.of_sums(chosen @ rows, chosen.sum(-1))

    def of_sums(self, sums: Floats, weight: Floats) -> Floats:
        """`finish` with divisions by zero left as NaN."""
        return finished(self.finish, sums, weight)


def finished(finish: Callable[[Floats, Floats], Floats], sums: Floats, weight: Floats) -> Floats:
    """Apply `finish`; what is not finite, and every value of a zero weight, is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.asarray(finish(sums, weight), np.float64)
    return np.where(np.isfinite(value) & (weight > 0), value, np.nan)


def checked(name: str, truth: ArrayLike, pred: ArrayLike) -> tuple[Floats, Floats]:
    """Both sides as float vectors of one length, all finite; else `ValueError` with metric and rule."""
    left, right = np.asarray(truth, np.float64), np.asarray(pred, np.float64)
    if left.shape != right.shape or left.ndim != 1:
        raise ValueError(f"{name}: truth {left.shape} and prediction {right.shape} must be vectors of one length")
    for side, values in (("truth", left), ("prediction", right)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: {side} {int(np.flatnonzero(~np.isfinite(values))[0])} is not finite")
    return left, right


def checked_weights(name: str, weights: ArrayLike | None, n: int) -> Floats:
    """Case weights `[..., n]`, all finite and at least 0 (default: all one); else `ValueError`."""
    chosen = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if chosen.ndim < 1 or chosen.shape[-1] != n:
        raise ValueError(f"{name}: weights {chosen.shape} must have one column for each of {n} cases")
    if not (np.isfinite(chosen) & (chosen >= 0)).all():
        raise ValueError(f"{name}: a weight must be finite and at least 0")
    return chosen


def stack(*columns: Floats) -> Floats:
    """Columns `[n]` side by side, `[n, k]`."""
    return np.stack(columns, axis=-1)


def variance(square: Floats, plain: Floats, weight: Floats) -> Floats:
    """Population variance from sums; what rounding leaves of a constant counts as 0."""
    mean_square, mean = square / weight, plain / weight
    spread = mean_square - mean**2
    return np.where(spread <= 1e-12 * np.maximum(mean_square, 1e-300), 0.0, spread)


def centred(values: Floats) -> Floats:
    """The values around their own mean, so that sums of squares do not cancel; empty stays empty."""
    return values - values.mean() if len(values) else values
