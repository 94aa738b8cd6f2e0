"""Many rows of one track on the same draws of patients, from sums per patient alone.

All of it is vectorised over rows, and pairs of rows beyond the first few are compared by one matrix product, so that a
track with a thousand rows takes a fraction of a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import erfc

from cxrbench.metrics.base import Floats
from cxrbench.metrics.direction import Direction
from cxrbench.stats.bootstrap import DRAWS, draw_weights
from cxrbench.stats.compare import ALPHA, PairedDifference, compare_pairwise
from cxrbench.stats.intervals import BootstrapDistribution
from cxrbench.stats.multiple_testing import adjust_holm_matrix
from cxrbench.stats.ranking import Rank, assign_ranks, compute_rank_bounds

LEADING = 15
"""Rows, best first, that are compared one by one: draws are counted and every pair is shown."""
VALUES = 1_000_000
"""Values of draws that are held for a track at a time; with more rows each has fewer draws, at least a tenth."""
LEAST = 1 / DRAWS**2
"""The smallest p-value that is given: further out a normal distribution is not a good approximation."""


@dataclass(frozen=True)
class Panel:
    """Rows of one track that can be compared: one metric as a ratio of sums over patients.

    Attributes:
        names: The names of the rows, best first.
        values: The metric of each row `[rows]`.
        sums: The numerator of the metric within each patient or group of patients `[rows, units]`.
        bases: The denominator of the metric within each patient or group of patients `[rows, units]`.
        direction: Which way the metric points.
        seed: The seed of the draws.
        n: Number of cases.
        n_patients: Number of patients.
        exact: Whether the draws are those of the metric itself (patients, not groups of patients).

    Example:
        >>> sums = np.array([[1.0, 2.0, 1.0], [2.0, 2.0, 3.0]])
        >>> panel = Panel(("a", "b"), sums.mean(1), sums, np.ones((2, 3)), Direction.LOWER, 1, 3, 3, exact=True)
        >>> panel.units, panel.advantages.round(3).tolist(), panel.draw_advantages(slice(None), 2).shape
        (3, [-1.333, -2.333], (2, 2))
    """

    names: tuple[str, ...]
    values: Floats
    sums: Floats
    bases: Floats
    direction: Direction
    seed: int
    n: int
    n_patients: int
    exact: bool

    @property
    def units(self) -> int:
        """Patients, or groups of them, that are drawn."""
        return int(self.sums.shape[1])

    @property
    def advantages(self) -> Floats:
        """The values turned so that higher is better `[rows]`."""
        return -self.direction.loss(self.values)

    def draw_advantages(self, rows: slice, count: int) -> Floats:
        """Evaluate some rows in the first draws.

        Args:
            rows: Which rows.
            count: Number of draws.

        Returns:
            The values turned so that higher is better, `[count, rows]`.
        """
        return -self.direction.loss(np.asarray(np.round(self._draw_values(rows, count), 12), np.float64))

    def _draw_values(self, rows: slice, count: int) -> Floats:
        sums, bases = self.sums[rows].T, self.bases[rows].T
        return np.concatenate(
            [(weights @ sums) / (weights @ bases) for weights in draw_weights(self.units, self.seed, count)]
        )

    def make_distributions(self, rows: slice) -> dict[str, BootstrapDistribution]:
        """Evaluate some rows in all draws and in the jackknife.

        Args:
            rows: Which rows.

        Returns:
            The distribution of the metric of each row, by name.
        """
        sums, bases = self.sums[rows], self.bases[rows]
        jackknife = (sums.sum(1, keepdims=True) - sums) / (bases.sum(1, keepdims=True) - bases)
        points = sums.sum(1) / bases.sum(1)
        named = zip(self.names[rows], points.tolist(), self._draw_values(rows, DRAWS).T, jackknife, strict=True)
        return {name: BootstrapDistribution(point, draws, left_out) for name, point, draws, left_out in named}


@dataclass(frozen=True)
class PanelComparison:
    """The rows of a panel compared with each other.

    Attributes:
        panel: The rows.
        pairs: The differences of the first rows, with p-values corrected over every pair of the panel.
        p_holm: The corrected p-value of every pair `[rows, rows]`.
        ranks: The rank of each row, by name.
    """

    panel: Panel
    pairs: tuple[PairedDifference, ...]
    p_holm: Floats
    ranks: Mapping[str, Rank]

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The names of the first rows, of which every pair is in `pairs`."""
        return self.panel.names[:LEADING]


def compare_panel(panel: Panel) -> PanelComparison:
    """Compare every two rows of a panel and rank them.

    Args:
        panel: The rows, two at least.

    Returns:
        The differences, corrected p-values and ranks.

    Example:
        >>> sums = np.array([[1.0, 2.0, 1.0, 1.5], [1.5, 2.0, 1.0, 1.0], [4.0, 4.5, 5.0, 4.0]])
        >>> panel = Panel(("a", "b", "c"), sums.mean(1), sums, np.ones((3, 4)), Direction.LOWER, 1, 4, 4, exact=True)
        >>> [(row.name, row.rank, row.low, row.high) for row in compare_panel(panel).ranks.values()]
        [('a', 1, 1, 2), ('b', 1, 1, 2), ('c', 3, 3, 3)]
    """
    drawn = panel.draw_advantages(slice(None), choose_draw_count(len(panel.names)))
    leading = compare_leading(panel)
    raw = compute_pair_p(panel, drawn, leading)
    p_holm = adjust_holm_matrix(raw)
    place = {name: row for row, name in enumerate(panel.names)}
    pairs = tuple(
        replace(pair, p=float(raw[cell]), p_holm=float(p_holm[cell]))
        for pair in leading
        for cell in [(place[pair.left], place[pair.right])]
    )
    ranks = assign_ranks(panel.names, p_holm < ALPHA, compute_rank_bounds(panel.advantages, drawn))
    return PanelComparison(panel, pairs, p_holm, {rank.name: rank for rank in ranks})


def compare_leading(panel: Panel) -> list[PairedDifference]:
    """Compare every two of the first rows as `compare_pairwise` does.

    Args:
        panel: The rows.

    Returns:
        The differences of the first `LEADING` rows; p-values are not corrected over the pairs of the panel.
    """
    distributions = panel.make_distributions(slice(0, LEADING))
    return compare_pairwise(distributions, panel.direction, n=panel.n, n_patients=panel.n_patients)


def compute_pair_p(panel: Panel, drawn: Floats, counted: Sequence[PairedDifference]) -> Floats:
    """Compute the two-sided p-value of every pair of rows, not corrected.

    Of the counted pairs the draws on either side of zero are counted. Where none is on one side, and for all other
    pairs, p is that of a normal distribution with the standard deviation of the drawn differences (at most 1 / draws
    where none was counted), and at least `LEAST`.

    Args:
        panel: The rows.
        drawn: Values of all rows in the draws, higher is better, `[draws, rows]`.
        counted: The differences of the pairs whose draws are counted.

    Returns:
        The p-values `[rows, rows]`, symmetric with 1 on the diagonal.
    """
    pairs = np.triu_indices(len(panel.names), 1)
    gap = np.abs(panel.advantages[pairs[0]] - panel.advantages[pairs[1]])
    p = np.ones((len(panel.names),) * 2)
    p[pairs] = np.nan_to_num(erfc(gap / _compute_deviations(drawn)[pairs] / np.sqrt(2)), nan=1.0)
    p = np.minimum(p, p.T)
    place = {name: row for row, name in enumerate(panel.names)}
    for pair in counted:
        i, j = place[pair.left], place[pair.right]
        least = 1.0 if pair.p is None else pair.p
        p[i, j] = p[j, i] = min(least, p[i, j]) if least <= 1 / DRAWS else least
    return np.maximum(p, LEAST)


def _compute_deviations(drawn: Floats) -> Floats:
    """Standard deviation `[rows, rows]` of the difference of every two rows over the draws; NaN where it is 0."""
    centred = drawn - drawn.mean(0)
    shared = centred.T @ centred / len(centred)
    variances = np.diag(shared)
    spread = variances[:, None] + variances - 2 * shared
    return np.sqrt(np.where(spread > 1e-14 * (variances[:, None] + variances) + 1e-30, spread, np.nan))


def choose_draw_count(rows: int) -> int:
    """Choose how many draws a panel has for its rank intervals and for pairs beyond the first rows.

    Args:
        rows: Number of rows.

    Returns:
        The number of draws: fewer for many rows, between a tenth of `DRAWS` and `DRAWS`.

    Example:
        >>> choose_draw_count(10), choose_draw_count(200), choose_draw_count(5_000)
        (10000, 5000, 1000)
    """
    return int(np.clip(VALUES // max(rows, 1), DRAWS // 10, DRAWS))


def rank_by_loss(losses: Mapping[str, float], comparison: PanelComparison | None) -> dict[str, Rank]:
    """Rank all rows of a track, those that could not be compared by their value alone.

    Args:
        losses: The loss of each row (smaller is better), infinite where the value is undefined.
        comparison: The rows that could be compared; None where there are none.

    Returns:
        The rank of each row: one more than the number of rows with a smaller loss, and for a group of compared rows
        the rank of its first row. A row that was not compared has no interval.

    Example:
        >>> [(row.name, row.rank) for row in rank_by_loss({"a": 0.5, "b": 0.25, "c": 0.5}, None).values()]
        [('a', 2), ('b', 1), ('c', 2)]
    """
    order = sorted(losses.values())
    ranks = {name: Rank(name, order.index(loss) + 1) for name, loss in losses.items()}
    return ranks if comparison is None else ranks | _rank_among_all(comparison, order)


def _rank_among_all(comparison: PanelComparison, order: Sequence[float]) -> dict[str, Rank]:
    """The compared rows with ranks counted among all rows: the rank of a group is that of its first row."""
    first: dict[int | None, int] = {}
    ranks = {}
    for name, loss in zip(comparison.panel.names, -comparison.panel.advantages, strict=True):
        row = comparison.ranks[name]
        rank = first.setdefault(row.group, int(np.searchsorted(order, loss - 1e-12)) + 1)
        ranks[name] = replace(row, rank=rank)
    return ranks
