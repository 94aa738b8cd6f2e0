"""Ranks with what they are worth: rows that cannot be told apart share one, and each has its interval over the draws.

The best row opens a group of all rows below it that a paired test (Holm-corrected over every pair of the board)
cannot tell from it; the next row that can be told opens the next group. A group shares one rank: one more than the
rows before it. A row whose result has no sums for the test is placed by its value alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from cxrbench.metrics.base import Floats
from cxrbench.results.schema import Result
from cxrbench.stats import Gap
from cxrbench.stats.ranking import place_bounds

from cxrbench_leaderboard.model.glossary import badness
from cxrbench_leaderboard.model.paired import ALPHA, COUNTED, Panel, corrected, draws_for, gaps, p_values, panel


@dataclass(frozen=True, slots=True)
class Place:
    """A row's rank, the 95 % interval of its place over the draws (None: no sums), and the number of its group."""

    rank: int
    low: int | None = None
    high: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class Comparison:
    """The ranked rows of a track, paired: their places, the pairs of the first of them, corrected p `[rows, rows]`.

    `pairs` carry p corrected over every pair of the board; `places` are by submission.
    """

    panel: Panel
    pairs: tuple[Gap, ...]
    p_holm: Floats
    places: Mapping[str, Place]

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The rows of the grid."""
        return self.panel.names[:COUNTED]


def compare_rows(results: Sequence[Result]) -> Comparison | None:
    """Compare the ranked results of one track; None where fewer than two can be compared."""
    board = panel(results)
    if board is None:
        return None
    ahead = board.drawn(slice(None), draws_for(len(board.names)))
    found = gaps(board)
    raw = p_values(board, ahead, found)
    holm = corrected(raw)
    place = {name: i for i, name in enumerate(board.names)}
    pairs = tuple(
        Gap(one.left, one.right, one.score, float(raw[cell]), float(holm[cell]))
        for one in found
        for cell in [(place[one.left], place[one.right])]
    )
    groups = _groups(holm)
    bounds = place_bounds(board.points, ahead)
    places = {
        name: Place(groups.index(group) + 1, *bound, len(set(groups[:at]) | {group}))
        for at, (name, group, bound) in enumerate(zip(board.names, groups, bounds, strict=True))
    }
    return Comparison(board, pairs, holm, places)


def ranks_of(results: Sequence[Result], compared: Comparison | None) -> dict[str, Place]:
    """The place of every ranked result of one track by its submission's name; a value must stand in each.

    The rank of a row that could not be compared is one more than the rows with a better value; it has no interval.
    """
    order = sorted(_order(result) for result in results)
    found: dict[str, Place] = {}
    for result in results:
        name, own = result.submission.name, order.index(_order(result))
        found[name] = Place(own + 1)
    if compared is None:
        return found
    return found | _among_all(compared, order)


def _among_all(compared: Comparison, order: Sequence[float]) -> dict[str, Place]:
    """Places counted among all ranked rows: a group's rank is that of its first row."""
    behind = -compared.panel.points
    first: dict[int | None, int] = {}
    found = {}
    for name, own in zip(compared.panel.names, behind, strict=True):
        place = compared.places[name]
        rank = first.setdefault(place.group, int(np.searchsorted(order, own - 1e-12)) + 1)
        found[name] = Place(rank, place.low, place.high, place.group)
    return found


def _order(result: Result) -> float:
    metric = result.metrics[result.primary]
    return float("inf") if metric.value is None else badness(metric.value, metric.better)


def _groups(holm: Floats) -> list[int]:
    """The leader's number of each row's group, rows best first."""
    leader, found = 0, []
    for row in range(len(holm)):
        if holm[leader, row] < ALPHA:
            leader = row
        found.append(leader)
    return found
