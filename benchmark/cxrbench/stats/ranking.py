"""Ranks on one metric: shared where rows do not differ significantly, with a 95 % interval over bootstrap draws.

The best row opens a group of all rows below it that do not differ significantly from it; the next row that does opens
the next group. The rows of a group share one rank: one more than the number of rows before the group. Significance is
not transitive, so two neighbours of different groups may still not differ; the paired differences tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics.base import Floats
from cxrbench.metrics.direction import Direction
from cxrbench.metrics.ranking import Indices
from cxrbench.stats.compare import PairedDifference, orient_distribution
from cxrbench.stats.intervals import LEVEL, BootstrapDistribution


@dataclass(frozen=True, slots=True)
class Rank:
    """The rank of a row.

    Attributes:
        name: The name of the row.
        rank: The rank, shared by the rows of a group; None where the value is undefined.
        low: Lower bound of the 95 % interval of the rank over the draws; None where there are none.
        high: Upper bound of the interval.
        group: The number of the group, from 1; None where the row could not be compared.
    """

    name: str
    rank: int | None
    low: int | None = None
    high: int | None = None
    group: int | None = None


def rank_systems(
    drawn: Mapping[str, BootstrapDistribution], direction: Direction, differences: Sequence[PairedDifference]
) -> list[Rank]:
    """Rank submissions on one metric.

    Args:
        drawn: The metric of each submission on the same draws.
        direction: Which way the metric points.
        differences: The paired differences of all submissions (`compare_pairwise`).

    Returns:
        The ranks from best to worst; rows with an undefined value come last, without a rank.

    Example:
        >>> first = BootstrapDistribution(1.0, np.array([0.75, 1.0, 1.25]), np.array([0.9, 1.1]))
        >>> second = BootstrapDistribution(2.0, np.array([2.0, 1.75, 2.25]), np.array([1.9, 2.1]))
        >>> drawn = {"b": second, "a": first}
        >>> [(row.name, row.rank, row.low, row.high) for row in rank_systems(drawn, Direction.LOWER, [])]
        [('a', 1, 1, 1), ('b', 1, 2, 2)]
    """
    oriented = {
        name: orient_distribution(values, direction).transform(_drop_last_digits) for name, values in drawn.items()
    }
    order = sorted(oriented, key=lambda name: (np.isnan(oriented[name].point), -oriented[name].point, name))
    defined = [name for name in order if not np.isnan(oriented[name].point)]
    if not defined:
        return [Rank(name, None) for name in order]
    pairs = {frozenset((pair.left, pair.right)) for pair in differences if pair.significant}
    differ = np.array([[frozenset((left, right)) in pairs for right in defined] for left in defined])
    draws = np.stack([oriented[name].draws for name in defined], 1)
    bounds = compute_rank_bounds(
        np.array([oriented[name].point for name in defined], np.float64), np.where(np.isnan(draws), -np.inf, draws)
    )
    return assign_ranks(defined, differ, bounds) + [Rank(name, None) for name in order[len(defined) :]]


def _drop_last_digits(values: Floats) -> Floats:
    """Without the last digits, which depend on what else was in the matrix product: equal predictions stay equal."""
    return np.round(values, 12)


def assign_ranks(names: Sequence[str], differ: NDArray[np.bool_], bounds: Sequence[tuple[int, int]]) -> list[Rank]:
    """Assign ranks to rows in order, shared within groups of rows that do not differ significantly.

    Args:
        names: The names of the rows, best first.
        differ: Whether two rows differ significantly `[rows, rows]`.
        bounds: The 95 % rank interval of each row.

    Returns:
        The rank of each row, in the order of the rows.

    Example:
        >>> differ = np.array([[False, False, True], [False, False, False], [True, False, False]])
        >>> [(row.name, row.rank, row.group) for row in assign_ranks("abc", differ, [(1, 2), (1, 2), (3, 3)])]
        [('a', 1, 1), ('b', 1, 1), ('c', 3, 2)]
    """
    leader, group, ranks = 0, 1, []
    for row, (name, bound) in enumerate(zip(names, bounds, strict=True)):
        if differ[leader, row]:
            leader, group = row, group + 1
        ranks.append(Rank(name, leader + 1, *bound, group))
    return ranks


def compute_rank_bounds(points: Floats, drawn: Floats) -> list[tuple[int, int]]:
    """Compute the 95 % rank interval of each row.

    Args:
        points: Values of the rows in the sample `[rows]`, higher is better.
        drawn: Values of the rows in the draws `[draws, rows]`, higher is better.

    Returns:
        The 2.5 % and 97.5 % quantiles of the ranks over the draws, widened to contain the rank in the sample; equal
        values share a rank.

    Example:
        >>> compute_rank_bounds(np.array([3.0, 2.0, 1.0]), np.array([[3.0, 2.0, 1.0], [2.0, 3.0, 1.0]]))
        [(1, 2), (1, 2), (3, 3)]
    """
    sample, tail = compute_ranks(points[None])[0], (1 - LEVEL) / 2
    low, high = np.quantile(compute_ranks(drawn), [tail, 1 - tail], axis=0, method="inverted_cdf").astype(int)
    return list(zip(np.minimum(low, sample).tolist(), np.maximum(high, sample).tolist(), strict=True))


def compute_ranks(values: Floats) -> Indices:
    """Rank the rows in each draw.

    Args:
        values: Values `[draws, rows]`, higher is better.

    Returns:
        One more than the number of rows with a higher value, `[draws, rows]`.

    Example:
        >>> compute_ranks(np.array([[0.5, 0.75, 0.5], [1.0, 2.0, 3.0]])).tolist()
        [[2, 1, 2], [3, 2, 1]]
    """
    order = np.argsort(-values, axis=1)
    in_order = np.take_along_axis(values, order, 1)
    new = np.ones(order.shape, bool)
    new[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    starts = np.maximum.accumulate(np.where(new, np.arange(order.shape[1]), 0), axis=1)
    ranks = np.empty(order.shape, np.intp)
    np.put_along_axis(ranks, order, starts + 1, 1)
    return ranks
