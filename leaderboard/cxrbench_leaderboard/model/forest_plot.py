"""The forest plot of a track: the primary metric of each row, as percent of the width.

Positions are percentages and text keeps its size, so that one drawing serves a telephone and a wide screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cxrbench_leaderboard.model.axis import AxisScale, Tick
from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.text import clean_text, shorten_text

Shape = Literal["circle", "square", "diamond", "hollow"]
FULL, BRIEF = 68, 30
"""Characters of a label on a wide screen, and on a telephone, where a submission is shown by its name."""
TOP, HEADING, LINE, FOOT = 8, 24, 44, 30
"""Pixels: above the first group, the heading of a group, a row, the axis below."""


@dataclass(frozen=True, slots=True)
class ForestMark:
    """One row of the plot: `y` of its mark in pixels; `x`, `low`, `high` in percent of the width."""

    label: str
    brief: str
    shape: Shape
    y: int
    x: float
    value: float | Decimal
    low: float | None = None
    high: float | None = None
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """Rows under one heading, whose baseline is `y`."""

    title: str
    y: int
    marks: tuple[ForestMark, ...]


@dataclass(frozen=True, slots=True)
class ForestPlot:
    """The plot, `height` pixels high; the axis runs at `bottom`."""

    groups: tuple[ForestGroup, ...]
    ticks: tuple[Tick, ...]
    bottom: int
    height: int


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A value with its interval and labels, not yet placed."""

    label: str
    brief: str
    shape: Shape
    value: float | Decimal
    bounds: tuple[float, float] | None = None


def draw_forest(board: Board) -> ForestPlot | None:
    """Draw the primary metric of every row, and every reported value of it.

    Args:
        board: The track with the rows to draw.

    Returns:
        The plot, or None where there is no value.
    """
    rows = (("Ranked", board.ranked), ("Not ranked", board.unranked))
    groups = [(title, [estimate for row in part if (estimate := _to_estimate(row))]) for title, part in rows]
    groups.append(("Reported in papers, not measured here", _list_reported(board)))
    groups = [(title, estimates) for title, estimates in groups if estimates]
    if not groups:
        return None
    values = [value for _, estimates in groups for estimate in estimates for value in _list_values(estimate)]
    return _place_groups(groups, AxisScale.from_values(values))


def _place_groups(groups: Sequence[tuple[str, Sequence[_Estimate]]], scale: AxisScale) -> ForestPlot:
    y, placed = TOP, []
    for title, estimates in groups:
        baseline, y = y + 14, y + HEADING
        marks = tuple(_place_mark(estimate, y + LINE * i + 30, scale) for i, estimate in enumerate(estimates))
        placed.append(ForestGroup(title, baseline, marks))
        y += LINE * len(estimates) + TOP
    return ForestPlot(tuple(placed), scale.list_ticks(), y, y + FOOT)


def _to_estimate(row: Row) -> _Estimate | None:
    metric, about = row.primary, row.result.submission
    if metric.value is None:
        return None
    shape: Shape = "square" if row.is_reader else "circle" if row.rank else "diamond"
    bounds = (metric.low, metric.high) if metric.low is not None and metric.high is not None else None
    label, brief = shorten_text(clean_text(about.title), FULL), shorten_text(about.name, BRIEF)
    return _Estimate(label, brief, shape, metric.value, bounds)


def _list_reported(board: Board) -> list[_Estimate]:
    """List the reported values of the primary metric, in this site's sign."""
    names = [(clean_text(system.name), system.claims.get(board.primary)) for system in board.systems]
    return [
        _Estimate(shorten_text(name, FULL), shorten_text(name, BRIEF), "hollow", claim.comparable)
        for name, claim in names
        if claim
    ]


def _list_values(estimate: _Estimate) -> tuple[float, ...]:
    return (float(estimate.value), *(estimate.bounds or ()))


def _place_mark(estimate: _Estimate, y: int, scale: AxisScale) -> ForestMark:
    low, high = estimate.bounds or (None, None)
    return ForestMark(
        label=estimate.label,
        brief=estimate.brief,
        shape=estimate.shape,
        y=y,
        x=scale.to_percent(float(estimate.value)),
        value=estimate.value,
        low=None if low is None else scale.to_percent(low),
        high=None if high is None else scale.to_percent(high),
        bounds=estimate.bounds,
    )
