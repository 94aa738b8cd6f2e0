"""The forest plot of a track: where each row's primary metric lies, as shares of the width, ready for a template.

Positions are percentages and text keeps its size, so that one drawing serves a telephone and a wide screen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cxrbench_leaderboard.model.rows import Board, Row
from cxrbench_leaderboard.render.text import clean, cut

Shape = Literal["circle", "square", "diamond", "hollow"]
FULL, BRIEF = 68, 30
"""Characters of a label on a wide screen, and on a telephone, where a submission stands by its name."""
TOP, HEAD, LINE, FOOT = 8, 24, 44, 30
"""Pixels: above the first group, a group's heading, a row, the axis below."""


@dataclass(frozen=True, slots=True)
class Mark:
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
class Tick:
    """A tick of the axis, in percent of the width."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading, whose baseline is `y`."""

    title: str
    y: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """The plot, `height` pixels high; `bottom` is where the axis runs."""

    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]
    bottom: int
    height: int


@dataclass(frozen=True, slots=True)
class _Point:
    label: str
    brief: str
    shape: Shape
    value: float | Decimal
    bounds: tuple[float, float] | None = None


def forest(board: Board) -> Forest | None:
    """The primary metric of every row and every printed value of it; None where there is not one."""
    rows = (("Ranked", board.ranked), ("Not ranked", board.unranked))
    groups = [(title, [point for row in own if (point := _point(row))]) for title, own in rows]
    groups.append(("Printed in papers, not measured here", _printed(board)))
    groups = [(title, points) for title, points in groups if points]
    if not groups:
        return None
    scale = Scale.around([edge for _, points in groups for point in points for edge in _edges(point)])
    return _drawn(groups, scale)


def _drawn(groups: Sequence[tuple[str, Sequence[_Point]]], scale: "Scale") -> Forest:
    y, drawn = TOP, []
    for title, points in groups:
        head, y = y + 14, y + HEAD
        marks = tuple(_mark(point, y + LINE * i + 30, scale) for i, point in enumerate(points))
        drawn.append(Group(title, head, marks))
        y += LINE * len(points) + TOP
    return Forest(tuple(drawn), scale.ticks(), y, y + FOOT)


def _point(row: Row) -> _Point | None:
    metric, about = row.primary, row.result.submission
    if metric.value is None:
        return None
    shape: Shape = "square" if about.kind == "rater" else "circle" if row.rank else "diamond"
    bounds = (metric.low, metric.high) if metric.low is not None and metric.high is not None else None
    return _Point(cut(clean(about.title), FULL), cut(about.name, BRIEF), shape, metric.value, bounds)


def _printed(board: Board) -> list[_Point]:
    found = [(system, system.claims.get(board.primary)) for system in board.systems]
    return [
        _Point(cut(clean(system.name), FULL), cut(clean(system.name), BRIEF), "hollow", claim.comparable)
        for system, claim in found
        if claim
    ]


def _edges(point: _Point) -> tuple[float, ...]:
    return (float(point.value), *(point.bounds or ()))


def _mark(point: _Point, y: int, scale: "Scale") -> Mark:
    low, high = point.bounds or (None, None)
    return Mark(
        label=point.label,
        brief=point.brief,
        shape=point.shape,
        y=y,
        x=scale.share(float(point.value)),
        value=point.value,
        low=None if low is None else scale.share(low),
        high=None if high is None else scale.share(high),
        bounds=point.bounds,
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to percent of the width, with a margin on both sides."""

    first: float
    last: float
    step: float

    @classmethod
    def around(cls, values: Sequence[float]) -> "Scale":
        """A scale with round ends and four to eight steps."""
        low, high = min(values), max(values)
        span = (high - low) or abs(high) or 1.0
        size = 10 ** math.floor(math.log10(span / 5))
        step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= 6)
        return cls(math.floor(low / step) * step, math.ceil(high / step) * step, step)

    def share(self, value: float) -> float:
        """Percent of the width, 3 at the first tick and 97 at the last."""
        return round(3 + 94 * (value - self.first) / ((self.last - self.first) or 1.0), 2)

    def ticks(self) -> tuple[Tick, ...]:
        """Every step from the first to the last, written with the decimals that a step needs."""
        count = round((self.last - self.first) / self.step)
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        values = [self.first + self.step * i for i in range(count + 1)]
        return tuple(
            Tick(self.share(value), f"{value + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")) for value in values
        )
