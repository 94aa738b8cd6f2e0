"""What a track page shows beside its table: the grid of paired tests, figures of some rows, accuracy against cost."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cxrbench.results.figures import CalibrationFigure, CountTable, RocFigure, numbers
from cxrbench.results.schema import Cost, MetricValue, Result
from cxrbench.scoring.subgroups import SUPPRESSED
from cxrbench.stats import Gap, holm

from cxrbench_leaderboard.model.glossary import badness
from cxrbench_leaderboard.model.paired import ALPHA, COUNTED, gaps, panel
from cxrbench_leaderboard.model.rows import Board, Row
from cxrbench_leaderboard.render import plots
from cxrbench_leaderboard.render.plots import CostPlot, Place, Plot
from cxrbench_leaderboard.render.text import clean, cut

PICTURED = 6
"""Rows of a track whose figures are drawn: ranked ones first, then radiologists, then the others."""
DOTS = 60
"""Rows in a plot of accuracy against cost: the front, then the best."""
COSTS = {
    "images_per_second": "Images a second",
    "parameters": "Parameters",
    "macs": "Multiply-accumulates an image",
}
"""Costs drawn; more images a second are cheaper, less of the other two."""
WIDE = 12
"""Columns above which a table of counts is folded away."""


@dataclass(frozen=True)
class Pictured:
    """One row's figures."""

    row: Row

    @property
    def title(self) -> str:
        """The submission's title."""
        return cut(clean(self.row.result.submission.title), 90)

    @property
    def slug(self) -> str:
        """A name for ids of the page."""
        return self.row.result.submission.name.replace(".", "-")

    @cached_property
    def confusions(self) -> list[tuple[str, CountTable]]:
        """Tables of classes, by name; small ones first."""
        own = [(name, one) for name, one in self._tables.items() if one.kind == "confusion"]
        return sorted(own, key=lambda one: len(one[1].columns))

    @property
    def spreads(self) -> list[tuple[str, CountTable, Plot]]:
        """Prediction against truth."""
        return [(name, one, plots.spread(one)) for name, one in self._tables.items() if one.kind == "spread"]

    @property
    def curves(self) -> list[tuple[str, RocFigure, Plot]]:
        """ROC curves; the operating point stands on the only one of a task that has one."""
        result = self.row.result
        curves = result.figures.curves if result.figures else {}
        point = plots.operating_point(result) if len(curves) == 1 else None
        return [(name, one, plots.roc(one, point)) for name, one in curves.items()]

    def calibration_of(self, name: str) -> tuple[CalibrationFigure | None, Plot | None]:
        """The reliability diagram that goes with a curve."""
        figures = self.row.result.figures
        one = figures.calibrations.get(name) if figures else None
        return one, None if one is None else plots.calibration(one)

    @property
    def _tables(self) -> Mapping[str, CountTable]:
        result = self.row.result
        return result.figures.tables if result.figures else {}


def chosen(board: Board, count: int = PICTURED) -> list[Row]:
    """The rows that are shown in more detail: ranked ones first, then radiologists, then the others."""
    readers = [row for row in board.unranked if row.result.submission.kind == "rater"]
    others = [row for row in board.unranked if row.result.submission.kind != "rater"]
    rows = [*board.ranked[: count - min(len(readers), 2)], *readers[:2], *others, *board.ranked]
    return list({row.result.submission.name: row for row in rows}.values())[:count]


def pictured(board: Board) -> list[Pictured]:
    """The rows whose figures are drawn on the track's page."""
    return [Pictured(row) for row in chosen(board) if _has_figures(row.result)]


def _has_figures(result: Result) -> bool:
    own = result.figures
    return own is not None and bool(own.tables or own.curves or own.calibrations)


def shade(table: CountTable, row: int, column: int) -> int:
    """How dark a cell is, 0 to 9: its share of its row."""
    whole = int(table.cells[row].sum())
    return 0 if not whole else math.ceil(9 * int(table.cells[row, column]) / whole)


@dataclass(frozen=True, slots=True)
class Grid:
    """Paired tests: `rows` against `columns` (submission names), the gap of each pair that was tested.

    A gap is positive where the row is better; its `p_holm` is corrected over `family` pairs.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Gap]
    family: int
    exact: bool


def grid(board: Board) -> Grid | None:
    """The first ranked rows, each against those behind it; corrected over every pair of the board."""
    found = board.compared
    if found is None:
        return None
    cells = {(gap.left, gap.right): gap for gap in found.pairs}
    n = len(found.panel.names)
    return Grid(found.shown[:-1], found.shown[1:], cells, n * (n - 1) // 2, found.panel.exact)


def against_readers(board: Board) -> Grid | None:
    """The first ranked rows against the radiologists who read every case; corrected over these pairs.

    None where a track has no such reader, or no ranked row with sums.
    """
    readers = [row.result for row in board.unranked if row.result.submission.kind == "rater" and _has_value(row)]
    if not readers:
        return None
    systems = [row.result for row in board.ranked[: COUNTED - 5]]
    both = panel([*systems, *readers[:5]])
    if both is None:
        return None
    names = {result.submission.name for result in readers}
    crossing = [gap for gap in gaps(both) if (gap.left in names) != (gap.right in names)]
    turned = [_turned(gap) if gap.left in names else gap for gap in crossing]
    if not turned:
        return None
    fixed = [replace(gap, p_holm=p) for gap, p in zip(turned, holm([gap.p for gap in turned]), strict=True)]
    rows = tuple(name for name in both.names if name not in names)
    columns = tuple(name for name in both.names if name in names)
    return Grid(rows, columns, {(gap.left, gap.right): gap for gap in fixed}, len(fixed), both.exact)


def _has_value(row: Row) -> bool:
    return row.primary.value is not None


def _turned(gap: Gap) -> Gap:
    """The same pair seen from the other side."""
    score = gap.score

    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    other = replace(score, value=minus(score.value), low=minus(score.high), high=minus(score.low))
    return Gap(gap.right, gap.left, other, gap.p, gap.p_holm)


def told_apart(gap: Gap) -> bool:
    """Whether the corrected p is below 0.05."""
    return gap.p_holm is not None and gap.p_holm < ALPHA


def cost_plots(board: Board) -> list[CostPlot]:
    """Accuracy against each cost that two rows or more have; radiologists are lines across."""
    rows = [row for row in board.rows if _has_value(row) and row.result.submission.kind != "rater"]
    levels = [
        (cut(clean(row.result.submission.title), 40), row.primary.value)
        for row in board.unranked
        if row.result.submission.kind == "rater" and row.primary.value is not None
    ]
    made = ((key, title, _places(board, key, rows)) for key, title in COSTS.items())
    return [plots.against_cost(key, title, places, levels[:3]) for key, title, places in made if len(places) > 1]


def _places(board: Board, key: str, rows: Sequence[Row]) -> list[Place]:
    """The rows that have the cost, those on the front first."""
    sign, better = (-1 if key == "images_per_second" else 1), board.better(board.primary)
    told = [(row, _cost(row.result.cost, key)) for row in rows]
    points = [(row, cost, badness(row.primary.value or 0.0, better)) for row, cost in told if cost]
    best, front = math.inf, set()
    for row, _, bad in sorted(points, key=lambda one: (sign * one[1], one[2])):
        if bad < best:
            best = bad
            front.add(id(row))
    order = sorted(points, key=lambda one: (id(one[0]) not in front, one[2]))
    return [
        Place(
            cut(row.result.submission.name, 28),
            cost,
            row.primary.value or 0.0,
            id(row) in front,
            bool(row.rank),
        )
        for row, cost, _ in order[:DOTS]
    ]


def _cost(cost: Cost, key: str) -> float | None:
    value = getattr(cost, key)
    return None if not value else float(value)


@dataclass(frozen=True, slots=True)
class Groups:
    """Subgroups with their cases: those shown and those suppressed; `rows` are the columns of the table."""

    rows: tuple[Row, ...]
    shown: tuple[tuple[str, int], ...]
    withheld: tuple[tuple[str, int], ...]


def groups(board: Board, rows: Sequence[Row]) -> Groups | None:
    """The subgroups of some rows; None where they have none."""
    told = [row for row in rows if row.result.subgroups]
    if not told:
        return None
    found: dict[str, MetricValue] = {}
    for row in told:
        for name, metrics in row.result.subgroups.items():
            if board.primary in metrics:
                found.setdefault(name, metrics[board.primary])
    counted = sorted((name, one.n, one.undefined == SUPPRESSED) for name, one in found.items())
    shown = tuple((name, n) for name, n, withheld in counted if not withheld)
    return Groups(tuple(told), shown, tuple((name, n) for name, n, withheld in counted if withheld))


def figure_lines(row: Row) -> list[tuple[str, str, str, str, float]]:
    """A row's figures as numbers: figure, what it gives, row, column, value; all that the file has."""
    figures = row.result.figures
    if figures is None:
        return []
    lines: list[tuple[str, str, str, str, float]] = []
    for name, table in figures.tables.items():
        for i, truth in enumerate(table.rows):
            lines += [
                (name, table.kind, truth, pred, int(table.cells[i, j]))
                for j, pred in enumerate(table.columns)
                if table.cells[i, j] or table.kind == "confusion"
            ]
    for name, curve in figures.curves.items():
        lines += [(name, "roc", key, "", getattr(curve, key)) for key in ("positive", "negative", "auc", "low", "high")]
        vectors = ("fpr", "tpr", "rates", "band_low", "band_high")
        lines += [
            (name, "roc", key, str(i), value)
            for key in vectors
            for i, value in enumerate(numbers(getattr(curve, key)).tolist())
        ]
    for name, bins in figures.calibrations.items():
        lines += [
            (name, "calibration", key, str(i), value)
            for key in ("predicted", "observed", "cases")
            for i, value in enumerate(numbers(getattr(bins, key)).tolist())
        ]
    return lines
