"""The shape of a metric that needs the cases in order: correlation of ranks, the areas under ROC and precision-recall.

The order is the same in every draw, only the weights differ. So the cases are sorted once (`prepare`), and each draw
is a cumulative sum of its weights along that order: no sort, no loop over draws. A weight counts as so many copies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrbench.metrics.base import Better, Floats, checked, checked_weights

Indices = NDArray[np.intp]
Counts = NDArray[np.float64] | NDArray[np.int32]
Prepare = Callable[[Floats, Floats, Indices], Callable[[Counts], Floats]]

BLOCK = 50_000
"""Weights looked at in one go: a few arrays of this size stay near the processor."""
EXACT = 2**30
"""Total weight up to which whole weights are added up as 32-bit integers (ten times faster than floats)."""


@dataclass(frozen=True, slots=True)
class RankMetric:
    """The sibling of `Metric` for what is no function of sums: the same call, the same properties.

    `prepare(truth, pred, member)` sorts n cases once and gives a function of weights `[draws, m]` with values
    `[draws]`; `member` `[n]` says which of the m weight columns (patients) each case has.
    """

    name: str
    better: Better
    prepare: Prepare
    undefined: str = "no cases"

    def __call__(self, truth: ArrayLike, pred: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """The value for each weight vector: truth and pred `[n]`, weights `[..., n]` (default: all one).

        Raises `ValueError` where the shapes differ, a value is not finite, or a weight is below 0.
        """
        left, right = checked(self.name, truth, pred)
        chosen = checked_weights(self.name, weights, len(left))
        value = self.over(left, right, np.arange(len(left)))
        return value(chosen.reshape(prod(chosen.shape[:-1]), len(left))).reshape(chosen.shape[:-1])

    def over(self, truth: Floats, pred: Floats, member: Indices) -> Callable[[Counts], Floats]:
        """The metric as a function of weights `[draws, m]`, evaluated in blocks; NaN where it is undefined."""
        sides = checked(self.name, truth, pred)
        if not len(truth):
            return lambda weights: np.full(len(weights), np.nan)
        prepared = self.prepare(*sides, member)
        step = max(1, BLOCK // len(truth))

        def value(weights: Counts) -> Floats:
            with np.errstate(divide="ignore", invalid="ignore"):
                parts = [prepared(weights[at : at + step]) for at in range(0, len(weights), step)]
            values = np.concatenate(parts) if parts else np.zeros(0)
            return np.where(np.isfinite(values), values, np.nan)

        return value


def whole(weights: Counts, cases: int) -> Counts:
    """Weights as 32-bit integers where they are whole and their sum over cases fits; else as floats."""
    if not weights.size or weights.max() * float(cases) >= EXACT:
        return weights.astype(np.float64, copy=False)
    counts = weights.astype(np.int32, copy=False)
    return counts if counts is weights or (counts == weights).all() else weights


def running(weights: Counts) -> Counts:
    """Weight of the first 0, 1, ... k columns, `[draws, k + 1]`, for weights `[draws, k]`."""
    sums = np.empty((len(weights), weights.shape[1] + 1), weights.dtype)
    sums[:, 0] = 0
    np.cumsum(weights, axis=-1, out=sums[:, 1:])
    return sums


@dataclass(frozen=True, slots=True)
class Ladder:
    """Values in order, with groups of equals.

    `order` `[n]` sorts the cases, `group` `[n]` is the group of each case, `bounds` `[groups + 1]` the places in the
    order between groups, None where no two values are equal.
    """

    order: Indices
    bounds: Indices | None
    group: Indices

    @classmethod
    def of(cls, values: Floats) -> "Ladder":
        """Sort the values."""
        _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
        bounds = np.concatenate([[0], np.cumsum(counts)]) if len(counts) < len(values) else None
        return cls(np.argsort(values, kind="stable"), bounds, group)

    def edges(self, weights: Counts) -> Counts:
        """Weight below each group and in all, `[draws, groups + 1]`, for weights `[draws, n]` in this order."""
        sums = running(weights)
        return sums if self.bounds is None else sums.take(self.bounds, axis=-1)
