"""The figures of single rows: confusion, prediction against truth, ROC curve, calibration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cxrbench.results.figures import CalibrationFigure, CountTable, RocFigure, parse_numbers
from cxrbench.results.schema import Result

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.square_plots import (
    SquarePlot,
    draw_calibration,
    draw_roc,
    draw_spread,
    find_operating_point,
)
from cxrbench_leaderboard.model.text import clean_text, shorten_text

MOST_ROWS = 6
"""Rows of a track whose figures are drawn: ranked rows first, then radiologists, then the others."""
WIDE = 12
"""Columns above which a table of counts is folded."""
FigureNumber = tuple[str, str, str, str, float]
"""A number of a figure: figure, kind, row, column, value."""


@dataclass(frozen=True)
class RowFigures:
    """The figures of one row."""

    row: Row

    @property
    def title(self) -> str:
        """The title of the submission."""
        return shorten_text(clean_text(self.row.result.submission.title), 90)

    @property
    def slug(self) -> str:
        """A name for ids of the page."""
        return self.row.result.submission.name.replace(".", "-")

    @cached_property
    def confusions(self) -> list[tuple[str, CountTable]]:
        """Confusion matrices by name, small ones first."""
        tables = [(name, table) for name, table in self._tables.items() if table.kind == "confusion"]
        return sorted(tables, key=lambda item: len(item[1].columns))

    @property
    def spreads(self) -> list[tuple[str, CountTable, SquarePlot]]:
        """Prediction against truth."""
        return [(name, table, draw_spread(table)) for name, table in self._tables.items() if table.kind == "spread"]

    @property
    def curves(self) -> list[tuple[str, RocFigure, SquarePlot]]:
        """ROC curves; the operating point is marked where a task has a single curve."""
        result = self.row.result
        curves = result.figures.curves if result.figures else {}
        point = find_operating_point(result) if len(curves) == 1 else None
        return [(name, curve, draw_roc(curve, point)) for name, curve in curves.items()]

    def draw_calibration(self, name: str) -> tuple[CalibrationFigure | None, SquarePlot | None]:
        """Draw the reliability diagram that belongs to a curve.

        Args:
            name: The name of the curve.

        Returns:
            The bins and their plot; None for both where there is no such diagram.
        """
        figures = self.row.result.figures
        bins = figures.calibrations.get(name) if figures else None
        return bins, None if bins is None else draw_calibration(bins)

    @property
    def _tables(self) -> Mapping[str, CountTable]:
        result = self.row.result
        return result.figures.tables if result.figures else {}


def choose_rows(board: Board, count: int = MOST_ROWS) -> list[Row]:
    """Choose the rows that are shown in more detail.

    Args:
        board: The track.
        count: The most rows.

    Returns:
        Ranked rows first, then radiologists (at least two, if there are two), then the others.
    """
    readers = [row for row in board.unranked if row.is_reader]
    others = [row for row in board.unranked if not row.is_reader]
    rows = [*board.ranked[: count - min(len(readers), 2)], *readers[:2], *others, *board.ranked]
    return list({row.result.submission.name: row for row in rows}.values())[:count]


def list_row_figures(board: Board) -> list[RowFigures]:
    """List the figures that the page of a track draws.

    Args:
        board: The track.

    Returns:
        The figures of the chosen rows that have any.
    """
    return [RowFigures(row) for row in choose_rows(board) if _has_figures(row.result)]


def _has_figures(result: Result) -> bool:
    figures = result.figures
    return figures is not None and bool(figures.tables or figures.curves or figures.calibrations)


def compute_shade(table: CountTable, row: int, column: int) -> int:
    """Compute how dark a cell of a confusion matrix is.

    Args:
        table: The counts.
        row: The row, from 0.
        column: The column, from 0.

    Returns:
        0 to 9, by the share of the cell in its row.
    """
    total = int(table.cells[row].sum())
    return 0 if not total else math.ceil(9 * int(table.cells[row, column]) / total)


def list_figure_numbers(row: Row) -> list[FigureNumber]:
    """List the numbers of a row's figures, all that the result file has.

    Args:
        row: The row.

    Returns:
        One entry per number; empty where the row has no figures.
    """
    figures = row.result.figures
    if figures is None:
        return []
    entries = [entry for name, table in figures.tables.items() for entry in _list_counts(name, table)]
    for name, curve in figures.curves.items():
        scalars = ("positive", "negative", "auc", "low", "high")
        entries += [(name, "roc", key, "", getattr(curve, key)) for key in scalars]
        entries += _list_vectors(name, "roc", curve, ("fpr", "tpr", "rates", "band_low", "band_high"))
    for name, bins in figures.calibrations.items():
        entries += _list_vectors(name, "calibration", bins, ("predicted", "observed", "cases"))
    return entries


def _list_counts(name: str, table: CountTable) -> list[FigureNumber]:
    return [
        (name, table.kind, truth, pred, int(table.cells[i, j]))
        for i, truth in enumerate(table.rows)
        for j, pred in enumerate(table.columns)
        if table.cells[i, j] or table.kind == "confusion"
    ]


def _list_vectors(name: str, kind: str, figure: object, keys: tuple[str, ...]) -> list[FigureNumber]:
    return [
        (name, kind, key, str(i), value)
        for key in keys
        for i, value in enumerate(parse_numbers(getattr(figure, key)).tolist())
    ]
