"""Square plots in pixels: prediction against truth, ROC curve, calibration.

A plot has a fixed size that fits a telephone; its numbers are in the exports beside the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cxrbench.results.figures import CalibrationFigure, CountTable, RocFigure, parse_numbers
from cxrbench.results.schema import Result

from cxrbench_leaderboard.model.axis import Tick

LEFT, TOP, SIDE = 46, 10, 260
"""Pixels: left of the square, above the square, its sides."""
RIGHT, BOTTOM = 14, 42
WIDTH, HEIGHT = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
LARGEST_RADIUS = 9.0
"""Radius of the largest bubble."""
UNIT = (0.0, 1.0)
QUARTERS = ("0", "0.25", "0.5", "0.75", "1")


@dataclass(frozen=True, slots=True)
class Dot:
    """A mark at `x`, `y` with radius `r`, in pixels; `value` is the number that its size shows, if any."""

    x: float
    y: float
    r: float
    value: int | None = None


@dataclass(frozen=True, slots=True)
class SquarePlot:
    """A square with ticks in pixels, marks, and lines as lists of points for `polyline` and `polygon`."""

    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    dots: tuple[Dot, ...] = ()
    line: str = ""
    band: str = ""
    diagonal: str = ""
    marked: Dot | None = None


def to_x(share: float) -> float:
    """Convert a share of the width to pixels.

    Args:
        share: 0 at the left side of the square, 1 at the right side.

    Returns:
        The x coordinate with one decimal.
    """
    return round(LEFT + SIDE * share, 1)


def to_y(share: float) -> float:
    """Convert a share of the height to pixels.

    Args:
        share: 0 at the bottom of the square, 1 at the top.

    Returns:
        The y coordinate with one decimal.
    """
    return round(TOP + SIDE * (1 - share), 1)


def _join_points(across: Sequence[float], up: Sequence[float]) -> str:
    return " ".join(f"{to_x(x)},{to_y(y)}" for x, y in zip(across, up, strict=True))


def _list_unit_ticks() -> tuple[tuple[Tick, ...], tuple[Tick, ...]]:
    across, up = (tuple(Tick(convert(float(text)), text) for text in QUARTERS) for convert in (to_x, to_y))
    return across, up


def draw_spread(table: CountTable) -> SquarePlot:
    """Draw the bubbles of prediction against truth.

    Args:
        table: Counts of kind "spread".

    Returns:
        The plot, truth across and prediction up, with the line where both are equal.
    """
    truth, pred = ([float(name) for name in names] for names in (table.rows, table.columns))
    top = max(*truth, *pred)
    margin = top * 0.05
    most = int(table.cells.max())

    def to_share(value: float) -> float:
        return (value + margin) / (top + 2 * margin)

    dots = tuple(
        Dot(
            to_x(to_share(truth[i])),
            to_y(to_share(pred[j])),
            _compute_radius(int(table.cells[i, j]), most),
            int(table.cells[i, j]),
        )
        for i, j in np.argwhere(table.cells).tolist()
    )
    step = _choose_step(top)
    marks = [i * step for i in range(math.floor(top / step + 1e-9) + 1)]
    across = tuple(Tick(to_x(to_share(mark)), f"{mark:g}") for mark in marks)
    up = tuple(Tick(to_y(to_share(mark)), f"{mark:g}") for mark in marks)
    ends = (to_share(0), to_share(top))
    return SquarePlot(across, up, dots, diagonal=_join_points(ends, ends))


def _compute_radius(count: int, most: int) -> float:
    """The radius of a bubble whose area is proportional to its count; a single case is still visible."""
    return round(max(2.2, LARGEST_RADIUS * math.sqrt(count / most)), 2)


def _choose_step(top: float) -> float:
    size = 10.0 ** math.floor(math.log10(top / 3))
    return next(size * factor for factor in (1, 2, 3, 5, 10) if top / (size * factor) <= 7)


def draw_roc(figure: RocFigure, point: tuple[float, float] | None) -> SquarePlot:
    """Draw a ROC curve with its band.

    Args:
        figure: The curve.
        point: False-positive rate and sensitivity of the operating point, or None.

    Returns:
        The plot.
    """
    rates = parse_numbers(figure.rates).tolist()
    low, high = parse_numbers(figure.band_low).tolist(), parse_numbers(figure.band_high).tolist()
    band = f"{_join_points(rates, high)} {_join_points(rates[::-1], low[::-1])}"
    line = _join_points(parse_numbers(figure.fpr).tolist(), parse_numbers(figure.tpr).tolist())
    marked = None if point is None else Dot(to_x(point[0]), to_y(point[1]), 5)
    return SquarePlot(*_list_unit_ticks(), line=line, band=band, diagonal=_join_points(UNIT, UNIT), marked=marked)


def find_operating_point(result: Result) -> tuple[float, float] | None:
    """Find the operating point of a result.

    Args:
        result: A result of detection.

    Returns:
        False-positive rate and sensitivity; None where the result lacks either metric.
    """
    metrics = [result.metrics.get(key) for key in ("specificity", "sensitivity")]
    values = [metric.value for metric in metrics if metric is not None and metric.value is not None]
    return (1 - values[0], values[1]) if len(values) == 2 else None


def draw_calibration(figure: CalibrationFigure) -> SquarePlot:
    """Draw the share of positives against the mean probability.

    Args:
        figure: The bins.

    Returns:
        The plot, one bubble per bin.
    """
    cases = parse_numbers(figure.cases).astype(int).tolist()
    bins = list(
        zip(parse_numbers(figure.predicted).tolist(), parse_numbers(figure.observed).tolist(), cases, strict=True)
    )
    dots = tuple(Dot(to_x(x), to_y(y), _compute_radius(count, max(cases)), count) for x, y, count in bins)
    line = _join_points([x for x, _, _ in bins], [y for _, y, _ in bins])
    return SquarePlot(*_list_unit_ticks(), dots=dots, line=line, diagonal=_join_points(UNIT, UNIT))
