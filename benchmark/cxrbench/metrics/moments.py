"""The shape of a metric that is a function of weighted sums over cases.

Mean error, correlation, kappa and their like need a few sums only. Each case contributes a row of numbers
(`columns`), a draw adds the rows up with its weights, and `finish` turns the sums into the value. So the cost of a
bootstrap is one matrix product, however the metric looks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """A score, the way it points, and why it can be undefined.

    `columns(truth, pred)` gives the contributions `[n, k]` of n cases. `finish(sums, weight)` takes their weighted
    sums `[..., k]` and the total weight `[...]` and gives the value `[...]`, NaN where it is undefined.
    `better` is "zero" for signed errors.
    """

    name: str
    better: Literal["higher", "lower", "zero"]
    columns: Callable[[Floats, Floats], Floats]
    finish: Callable[[Floats, Floats], Floats]
    undefined: str = "no cases"

    def __call__(self, truth: ArrayLike, pred: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """The value for each weight vector: truth and pred `[n]`, weights `[..., n]` (default: all one).

        Raises `ValueError` where the shapes differ or a value is not finite.
        """
        sides = checked(self.name, truth, pred)
        rows = self.columns(*sides)
        chosen = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
        return self.of_sums(chosen @ rows, chosen.sum(-1))

    def of_sums(self, sums: Floats, weight: Floats) -> Floats:
        """`finish` with divisions by zero left as NaN."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.asarray(self.finish(sums, weight), np.float64)
        return np.where(np.isfinite(value), value, np.nan)


def checked(name: str, truth: ArrayLike, pred: ArrayLike) -> tuple[Floats, Floats]:
    """Both sides as float vectors of one length, all finite; else `ValueError` with metric and rule."""
    left, right = np.asarray(truth, np.float64), np.asarray(pred, np.float64)
    if left.shape != right.shape or left.ndim != 1:
        raise ValueError(f"{name}: truth {left.shape} and prediction {right.shape} must be vectors of one length")
    for side, values in (("truth", left), ("prediction", right)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: {side} {int(np.flatnonzero(~np.isfinite(values))[0])} is not finite")
    return left, right
