"""Accuracy against cost: which rows are on the front, and their positions in the plot."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench.results.schema import Cost

from cxrbench_leaderboard.model.axis import AxisScale, Tick
from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.square_plots import Dot, SquarePlot, to_x, to_y
from cxrbench_leaderboard.model.text import clean_text, format_magnitude, shorten_text

MOST_DOTS = 60
"""Rows in a plot: those on the front, then those with the best values."""
MOST_READERS = 3
COSTS = {
    "images_per_second": "Images per second",
    "parameters": "Parameters",
    "macs": "Multiply-accumulate operations per image",
}
"""Costs that are drawn. Rows with more images per second are cheaper, and rows with less of the others."""


@dataclass(frozen=True, slots=True)
class CostPoint:
    """A row in a plot of accuracy against cost; `front` says whether no other row is both better and cheaper."""

    label: str
    cost: float
    value: float
    front: bool
    ranked: bool


@dataclass(frozen=True, slots=True)
class CostPlot:
    """Rows by cost (across, logarithmic) and primary metric (up), with the front as a line.

    `levels` are the radiologists, who have no cost: name and y coordinate.
    """

    key: str
    title: str
    plot: SquarePlot
    points: tuple[tuple[CostPoint, Dot], ...]
    levels: tuple[tuple[str, float], ...]

    @property
    def front_labels(self) -> list[str]:
        """Labels of the rows on the front."""
        return [point.label for point, _ in self.points if point.front]


def draw_cost_plots(board: Board) -> list[CostPlot]:
    """Draw accuracy against each cost that two or more rows have.

    Args:
        board: The track.

    Returns:
        One plot per cost; radiologists are horizontal lines.
    """
    rows = [row for row in board.rows if row.primary.value is not None and not row.is_reader]
    levels = [
        (shorten_text(clean_text(row.result.submission.title), 40), row.primary.value)
        for row in board.unranked
        if row.is_reader and row.primary.value is not None
    ][:MOST_READERS]
    points = {key: _list_points(board, key, rows) for key in COSTS}
    return [_draw_plot(key, points[key], levels) for key in COSTS if len(points[key]) > 1]


def _list_points(board: Board, key: str, rows: Sequence[Row]) -> list[CostPoint]:
    """List the rows that have the cost, those on the front first."""
    sign, direction = (-1 if key == "images_per_second" else 1), board.find_direction(board.primary)
    costs = [(row, _find_cost(row.result.cost, key)) for row in rows]
    points = [(row, cost, direction.loss(row.primary.value or 0.0)) for row, cost in costs if cost]
    best, front = math.inf, set()
    for row, _, loss in sorted(points, key=lambda point: (sign * point[1], point[2])):
        if loss < best:
            best = loss
            front.add(id(row))
    order = sorted(points, key=lambda point: (id(point[0]) not in front, point[2]))
    return [
        CostPoint(
            shorten_text(row.result.submission.name, 28),
            cost,
            row.primary.value or 0.0,
            id(row) in front,
            bool(row.rank),
        )
        for row, cost, _ in order[:MOST_DOTS]
    ]


def _find_cost(cost: Cost, key: str) -> float | None:
    value = getattr(cost, key)
    return None if not value else float(value)


def _draw_plot(key: str, points: Sequence[CostPoint], levels: Sequence[tuple[str, float]]) -> CostPlot:
    scale = AxisScale.from_values([*(point.value for point in points), *(value for _, value in levels)])
    low, high = (math.log10(end(point.cost for point in points)) for end in (min, max))
    margin = max(high - low, 0.2) * 0.12
    low, high = low - margin, max(high, low + 0.2) + margin

    def place_cost(cost: float) -> float:
        return to_x((math.log10(cost) - low) / (high - low))

    def place_value(value: float) -> float:
        return to_y(scale.to_percent(value) / 100)

    up = tuple(Tick(to_y(tick.x / 100), tick.text) for tick in scale.list_ticks())
    across = tuple(Tick(place_cost(cost), format_magnitude(cost)) for cost in _list_decades(low, high))
    placed = tuple((point, Dot(place_cost(point.cost), place_value(point.value), 5)) for point in points)
    front = sorted((point for point in points if point.front), key=lambda point: point.cost)
    line = " ".join(f"{place_cost(point.cost)},{place_value(point.value)}" for point in front)
    lines = tuple((name, place_value(value)) for name, value in levels)
    return CostPlot(key, COSTS[key], SquarePlot(across, up, line=line), placed, lines)


def _list_decades(low: float, high: float) -> list[float]:
    """List two to five round costs between two powers of ten."""
    powers = range(math.ceil(low), math.floor(high) + 1)
    if len(powers) > 1:
        return [10.0**power for power in powers][:: max(1, len(powers) // 4)]
    size = 10 ** math.floor(low)
    costs = [size * factor for factor in (1, 2, 5, 10, 20, 50, 100) if low <= math.log10(size * factor) <= high]
    return costs or [10 ** ((low + high) / 2)]
