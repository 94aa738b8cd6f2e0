"""A track's pages and exports, and the lines of its rows for the rest of the site."""

from collections.abc import Iterator
from typing import Any

from cxrbench.catalog import card

from cxrbench_leaderboard.export import export
from cxrbench_leaderboard.model import evidence
from cxrbench_leaderboard.model.beside import beside
from cxrbench_leaderboard.model.lines import Line
from cxrbench_leaderboard.model.rows import Board, Row
from cxrbench_leaderboard.render import packs, submission_rows
from cxrbench_leaderboard.render.charts import forest
from cxrbench_leaderboard.render.pieces import Pieces, Span
from cxrbench_leaderboard.render.press import Made, Press, downloads
from cxrbench_leaderboard.views.paging import Part, parts

Files = Iterator[tuple[str, str | bytes]]
"""Files of the site: path and content, one after the other, so that they need not all be in memory."""


def track_files(press: Press, board: Board, table: str) -> Files:
    """The pages of a track, part by part, and the exports beside them; `table` are its rows as CSV."""
    base, shown = f"tracks/{board.file}", _evidence(board)
    files = [(f"{base}{suffix}", content) for suffix, content in _exports(board, shown, table).items() if content]
    yield from files
    links = downloads(name for name, _ in files)
    for part in parts(len(board.rows)):
        content = _rows(board, part) | {"files": links} | (shown if part.number == 1 else {})
        path = f"{base}{part.suffix}.html"
        yield path, press.page("track.html", path, made(board), **content)


def _exports(board: Board, shown: dict[str, Any], table: str) -> dict[str, str]:
    """The exports by the end of their names, empty where there is nothing to say."""
    claims = [claim for system in board.systems for claim in system.claims.values()]
    return {
        ".csv": export.metrics_csv(board),
        ".rows.csv": table,
        ".claims.csv": export.claims_csv(claims),
        ".json": export.results_json(board),
        ".bib": export.track_bib(board),
        ".tests.csv": export.tests_csv(board, shown["grid"], shown["readers"]),
        ".figures.csv": export.figures_csv(board, shown["pictures"]),
    }


def _evidence(board: Board) -> dict[str, Any]:
    """What the first page of a track shows beside its table."""
    devices = sorted({row.result.cost.device for row in board.rows if row.result.cost.device})
    return {
        "grid": evidence.grid(board),
        "readers": evidence.against_readers(board),
        "titles": {row.result.submission.name: row.result.submission.title for row in board.rows},
        "pictures": evidence.pictured(board),
        "costs": evidence.cost_plots(board),
        "devices": devices[:5],
        "besides": beside(board),
        "groups": evidence.groups(board, evidence.chosen(board)),
    }


def _rows(board: Board, part: Part) -> dict[str, Any]:
    """What a page of some rows shows of them; the first page has a chart of its rows."""
    own, first = board.cut(part.first, part.last), part.number == 1
    return {
        "board": own,
        "whole": board,
        "part": part,
        "forest": forest(own) if first else None,
        "pack": packs.inline(packs.ranking(board)) if first and part.count > 1 else None,
    }


def made(board: Board) -> Made:
    """What a track's pages are made from."""
    newest = max((row.source.started.date().isoformat() for row in board.rows), default="")
    return Made(len(board.rows), newest)


def pieces_of(board: Board, row: Row) -> Pieces:
    """What the submission's page shows of a row, printed."""
    return Pieces(
        scores=submission_rows.scores(board, row),
        run=submission_rows.run(board, row),
        cases=submission_rows.cases(board, row),
        record=export.record(board, row),
        csv=export.row_csv(board, row),
    )


def line_of(board: Board, row: Row, span: Span) -> Line:
    """A row in short."""
    return Line(
        track=board.name,
        synthetic=card(board.track.dataset).synthetic,
        about=row.result.submission,
        primary=row.primary,
        rank=row.rank,
        place=row.place,
        limits=row.limits,
        marks=row.marks,
        started=row.source.started.isoformat(),
        span=span,
    )
