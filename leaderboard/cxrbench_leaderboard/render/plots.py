"""Square plots in pixels: prediction against truth, ROC curve, calibration, accuracy against cost.

A plot is drawn at its own size and fits a telephone; its numbers are in the exports beside the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cxrbench.results.figures import CalibrationFigure, CountTable, RocFigure, numbers
from cxrbench.results.schema import Result

from cxrbench_leaderboard.render.charts import Scale, Tick
from cxrbench_leaderboard.render.text import large

LEFT, TOP, SIDE = 46, 10, 260
"""Pixels: left of the square, above it, its sides."""
RIGHT, BOTTOM = 14, 42
WIDTH, HEIGHT = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
LARGEST = 9.0
"""Radius of the largest bubble."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark at `x`, `y` with radius `r`, in pixels; `value` is the number that its size shows, where it shows one."""

    x: float
    y: float
    r: float
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A square with its ticks in pixels, marks, and lines as lists of points for `polyline` and `polygon`."""

    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    dots: tuple[Dot, ...] = ()
    line: str = ""
    band: str = ""
    diagonal: str = ""
    marked: Dot | None = None


UNIT = (0.0, 1.0)
QUARTERS = ("0", "0.25", "0.5", "0.75", "1")


def _x(share: float) -> float:
    return round(LEFT + SIDE * share, 1)


def _y(share: float) -> float:
    return round(TOP + SIDE * (1 - share), 1)


def _points(across: Sequence[float], up: Sequence[float]) -> str:
    return " ".join(f"{_x(x)},{_y(y)}" for x, y in zip(across, up, strict=True))


def _unit_ticks() -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
    across, up = (tuple(Tick(place(float(text)), text) for text in QUARTERS) for place in (_x, _y))
    return across, up


def spread(table: CountTable) -> Plot:
    """Bubbles of a table of kind "spread", truth across and prediction up, with the line where both are equal."""
    truth, pred = ([float(name) for name in names] for names in (table.rows, table.columns))
    top = max(*truth, *pred)
    margin = top * 0.05
    most = int(table.cells.max())

    def share(value: float) -> float:
        return (value + margin) / (top + 2 * margin)

    dots = tuple(
        Dot(_x(share(truth[i])), _y(share(pred[j])), _radius(int(table.cells[i, j]), most), int(table.cells[i, j]))
        for i, j in np.argwhere(table.cells).tolist()
    )
    step = _step(top)
    marks = [i * step for i in range(math.floor(top / step + 1e-9) + 1)]
    across = tuple(Tick(_x(share(mark)), f"{mark:g}") for mark in marks)
    up = tuple(Tick(_y(share(mark)), f"{mark:g}") for mark in marks)
    ends = (share(0), share(top))
    return Plot(across, up, dots, diagonal=_points(ends, ends))


def _radius(count: int, most: int) -> float:
    """Areas go with counts; one case is still seen."""
    return round(max(2.2, LARGEST * math.sqrt(count / most)), 2)


def _step(top: float) -> float:
    size = 10.0 ** math.floor(math.log10(top / 3))
    return next(size * factor for factor in (1, 2, 3, 5, 10) if top / (size * factor) <= 7)


def roc(figure: RocFigure, point: tuple[float, float] | None) -> Plot:
    """The curve with its band; `point` is (false-positive rate, sensitivity) of the operating point."""
    rates = numbers(figure.rates).tolist()
    low, high = numbers(figure.band_low).tolist(), numbers(figure.band_high).tolist()
    band = f"{_points(rates, high)} {_points(rates[::-1], low[::-1])}"
    line = _points(numbers(figure.fpr).tolist(), numbers(figure.tpr).tolist())
    marked = None if point is None else Dot(_x(point[0]), _y(point[1]), 5)
    return Plot(*_unit_ticks(), line=line, band=band, diagonal=_points(UNIT, UNIT), marked=marked)


def operating_point(result: Result) -> tuple[float, float] | None:
    """(False-positive rate, sensitivity) by the result's metrics; None where it has none."""
    found = [result.metrics.get(key) for key in ("specificity", "sensitivity")]
    values = [one.value for one in found if one is not None and one.value is not None]
    return (1 - values[0], values[1]) if len(values) == 2 else None


def calibration(figure: CalibrationFigure) -> Plot:
    """Share of positives against mean probability, a bubble a bin."""
    cases = numbers(figure.cases).astype(int).tolist()
    places = list(zip(numbers(figure.predicted).tolist(), numbers(figure.observed).tolist(), cases, strict=True))
    dots = tuple(Dot(_x(x), _y(y), _radius(count, max(cases)), count) for x, y, count in places)
    line = _points([x for x, _, _ in places], [y for _, y, _ in places])
    return Plot(*_unit_ticks(), dots=dots, line=line, diagonal=_points(UNIT, UNIT))


@dataclass(frozen=True, slots=True)
class Place:
    """A row in a plot of accuracy against cost; `front` says whether no other row is both better and cheaper."""

    label: str
    cost: float
    value: float
    front: bool
    ranked: bool


@dataclass(frozen=True, slots=True)
class CostPlot:
    """Rows by cost (across, logarithmic) and primary metric (up): places with their dots, and the front as a line."""

    key: str
    title: str
    plot: Plot
    places: tuple[tuple[Place, Dot], ...]
    levels: tuple[tuple[str, float], ...]

    @property
    def on_front(self) -> list[str]:
        """Labels of the rows on the front."""
        return [one.label for one, _ in self.places if one.front]


def against_cost(key: str, title: str, places: Sequence[Place], levels: Sequence[tuple[str, float]]) -> CostPlot:
    """Draw the rows; `levels` are values without a cost (radiologists), each a line across."""
    scale = Scale.around([*(one.value for one in places), *(value for _, value in levels)])
    low, high = (math.log10(end(one.cost for one in places)) for end in (min, max))
    room = max(high - low, 0.2) * 0.12
    low, high = low - room, max(high, low + 0.2) + room

    def x(cost: float) -> float:
        return _x((math.log10(cost) - low) / (high - low))

    def y(value: float) -> float:
        return _y(scale.share(value) / 100)

    up = tuple(Tick(_y(tick.x / 100), tick.text) for tick in scale.ticks())
    across = tuple(Tick(x(cost), large(cost)) for cost in _decades(low, high))
    drawn = tuple((one, Dot(x(one.cost), y(one.value), 5)) for one in places)
    front = sorted((one for one in places if one.front), key=lambda one: one.cost)
    line = " ".join(f"{x(one.cost)},{y(one.value)}" for one in front)
    lines = tuple((name, y(value)) for name, value in levels)
    return CostPlot(key, title, Plot(across, up, line=line), drawn, lines)


def _decades(low: float, high: float) -> list[float]:
    """Round costs between two powers of ten, two to five of them."""
    powers = range(math.ceil(low), math.floor(high) + 1)
    if len(powers) > 1:
        return [10.0**power for power in powers][:: max(1, len(powers) // 4)]
    size = 10 ** math.floor(low)
    found = [size * factor for factor in (1, 2, 5, 10, 20, 50, 100) if low <= math.log10(size * factor) <= high]
    return found or [10 ** ((low + high) / 2)]
