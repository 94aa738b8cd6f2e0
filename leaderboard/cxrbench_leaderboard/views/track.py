"""The pages of a track: results, paired tests, costs, reported values, subgroups, figures."""

from collections.abc import Iterable, Iterator
from typing import Any

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.evidence import TrackEvidence
from cxrbench_leaderboard.model.forest_plot import draw_forest
from cxrbench_leaderboard.views.page import Page, ResultSources, list_downloads
from cxrbench_leaderboard.views.paging import RowRange, split_rows


def list_track_pages(board: Board, evidence: TrackEvidence, exports: Iterable[str]) -> Iterator[Page]:
    """List the pages of a track.

    Args:
        board: The track.
        evidence: What the first page shows besides the results.
        exports: Paths of the files beside the pages.

    Yields:
        One page per range of rows, the first rows first.
    """
    downloads = list_downloads(exports)
    sources = _find_sources(board)
    for rows in split_rows(len(board.rows)):
        content = _show_rows(board, rows) | {"evidence": evidence, "files": downloads}
        yield Page("track.html", f"tracks/{board.file}{rows.suffix}.html", sources, content)


def _show_rows(board: Board, rows: RowRange) -> dict[str, Any]:
    """What a page shows of some rows: `board` has these rows alone, `whole` has all rows of the track."""
    shown, first = board.select_rows(rows.first, rows.last), rows.number == 1
    return {
        "board": shown,
        "whole": board,
        "part": rows,
        "forest": draw_forest(shown) if first else None,
        "in_part": first and rows.count > 1,
    }


def _find_sources(board: Board) -> ResultSources:
    newest = max((row.file.started.date().isoformat() for row in board.rows), default="")
    return ResultSources(len(board.rows), newest)
