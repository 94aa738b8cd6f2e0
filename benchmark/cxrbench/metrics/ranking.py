"""The shape of a metric that needs the cases in order: rank correlation, the areas under ROC and precision-recall.

The order is the same in every draw, only the weights differ. So the cases are sorted once (`prepare`), and each draw
is a cumulative sum of its weights along that order: no sort, no loop over draws. A weight counts as so many copies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrbench.metrics.base import Floats, check_vectors, check_weights
from cxrbench.metrics.direction import Direction

Indices = NDArray[np.intp]
Counts = NDArray[np.float64] | NDArray[np.int32]
Prepare = Callable[[Floats, Floats, Indices], Callable[[Counts], Floats]]

BLOCK = 50_000
"""Weights looked at in one go: a few arrays of this size stay near the processor."""
EXACT = 2**30
"""Total weight up to which whole weights are added up as 32-bit integers (ten times faster than floats)."""


@dataclass(frozen=True, slots=True)
class RankMetric:
    """The counterpart of `Metric` for a metric that is not a function of sums: the same call, the same properties.

    Attributes:
        name: The key of the metric in results and messages.
        direction: Which values are better.
        prepare: A function `prepare(truth, pred, member)` that sorts n cases once and gives a function of weights
            `[draws, m]` with values `[draws]`; `member` `[n]` is the weight column (patient) of each case.
        undefined: The reason why a value can be undefined.
    """

    name: str
    direction: Direction
    prepare: Prepare
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
        left, right = check_vectors(self.name, truth, pred)
        chosen = check_weights(self.name, weights, len(left))
        value = self.bind_cases(left, right, np.arange(len(left)))
        return value(chosen.reshape(prod(chosen.shape[:-1]), len(left))).reshape(chosen.shape[:-1])

    def bind_cases(self, truth: Floats, pred: Floats, member: Indices) -> Callable[[Counts], Floats]:
        """Make the metric of some cases a function of weights, evaluated in blocks.

        Args:
            truth: True values `[n]`.
            pred: Predicted values `[n]`.
            member: The weight column (patient) of each case `[n]`, as 0...m-1.

        Returns:
            A function of weights `[draws, m]` with values `[draws]`, NaN where undefined.

        Raises:
            ValueError: Where the shapes differ or a value is not finite.
        """
        sides = check_vectors(self.name, truth, pred)
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


def to_integer_weights(weights: Counts, cases: int) -> Counts:
    """Convert weights to 32-bit integers where nothing is lost, because their sums are faster.

    Args:
        weights: Weights of any shape, at least 0.
        cases: How many weights are added up at most.

    Returns:
        The weights as integers where they are whole and their sum fits; else as floats.

    Example:
        >>> to_integer_weights(np.array([[2.0, 0.0]]), 2).dtype, to_integer_weights(np.array([[0.5]]), 1).dtype
        (dtype('int32'), dtype('float64'))
    """
    if not weights.size or weights.max() * float(cases) >= EXACT:
        return weights.astype(np.float64, copy=False)
    counts = weights.astype(np.int32, copy=False)
    return counts if counts is weights or (counts == weights).all() else weights


def accumulate_weights(weights: Counts) -> Counts:
    """Add weights up along the columns.

    Args:
        weights: Weights `[draws, k]`.

    Returns:
        Weight of the first 0, 1, ... k columns, `[draws, k + 1]`.

    Example:
        >>> accumulate_weights(np.array([[2.0, 0.0, 1.0]])).tolist()
        [[0.0, 2.0, 2.0, 3.0]]
    """
    sums = np.empty((len(weights), weights.shape[1] + 1), weights.dtype)
    sums[:, 0] = 0
    np.cumsum(weights, axis=-1, out=sums[:, 1:])
    return sums


@dataclass(frozen=True, slots=True)
class TieGroups:
    """Values in order, with groups of equal values.

    Attributes:
        order: The places of the cases in rising order `[n]`.
        bounds: Where the groups begin and end in that order `[groups + 1]`; None where no two values are equal.
        group: The group of each case `[n]`.
    """

    order: Indices
    bounds: Indices | None
    group: Indices

    @classmethod
    def from_values(cls, values: Floats) -> "TieGroups":
        """Sort values and group equal ones.

        Args:
            values: Any values `[n]`.

        Returns:
            Their order and groups.

        Example:
            >>> TieGroups.from_values(np.array([2.0, 1.0, 2.0])).group.tolist()
            [1, 0, 1]
        """
        _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
        bounds = np.concatenate([[0], np.cumsum(counts)]) if len(counts) < len(values) else None
        return cls(np.argsort(values, kind="stable"), bounds, group)

    def sum_below(self, weights: Counts) -> Counts:
        """Add up the weight below each group.

        Args:
            weights: Weights `[draws, n]` of the cases in rising order.

        Returns:
            Weight below each group, and last the total weight, `[draws, groups + 1]`.
        """
        sums = accumulate_weights(weights)
        return sums if self.bounds is None else sums.take(self.bounds, axis=-1)
