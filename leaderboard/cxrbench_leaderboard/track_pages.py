"""A track's pages and exports, and the lines of its rows for the rest of the site."""

from collections.abc import Iterator

from cxrbench.catalog import card
from markupsafe import Markup

from cxrbench_leaderboard import export, packs
from cxrbench_leaderboard.charts import BRIEF, forest
from cxrbench_leaderboard.lines import Line
from cxrbench_leaderboard.paging import Part, parts
from cxrbench_leaderboard.press import Made, Press, downloads
from cxrbench_leaderboard.rows import Board, Row

Files = Iterator[tuple[str, str]]
"""Files of the site: path and content, one after the other, so that they need not all be in memory."""


def track_files(press: Press, board: Board) -> Files:
    """The pages of a track, part by part, and the exports beside them."""
    base = f"tracks/{board.file}"
    names = [f"{base}{suffix}" for suffix in (".csv", ".rows.csv", ".claims.csv", ".json", ".bib")]
    claims = [claim for system in board.systems for claim in system.claims.values()]
    contents = (
        export.metrics_csv(board),
        export.rows_csv(board),
        export.claims_csv(claims),
        export.results_json(board),
        export.track_bib(board),
    )
    files = [(name, content) for name, content in zip(names, contents, strict=True) if content]
    yield from files
    for part in parts(len(board.rows)):
        path = f"{base}{part.suffix}.html"
        yield path, _page(press, path, board, part, [name for name, _ in files])


def _page(press: Press, path: str, board: Board, part: Part, files: list[str]) -> str:
    """A page of some rows; its charts are of the first rows, with which the first page is concerned."""
    own, first = board.cut(part.first, part.last), part.number == 1
    content = {
        "board": own,
        "whole": board,
        "part": part,
        "forest": forest(own) if first else None,
        "brief": BRIEF,
        "pack": packs.inline(packs.ranking(board)) if first and part.count > 1 else None,
        "files": downloads(files),
    }
    return press.page("track.html", path, made(board), **content)


def made(board: Board) -> Made:
    """What a track's pages are made from."""
    newest = max((row.source.started.date().isoformat() for row in board.rows), default="")
    return Made(len(board.rows), newest)


def line_of(press: Press, board: Board, row: Row) -> Line:
    """A row in short, its part of the submission's page printed."""

    def piece(macro: str) -> Markup:
        return Markup(press.piece("submission_rows.html", macro, board, row))  # noqa: S704 - made by the template

    return Line(
        track=board.name,
        synthetic=card(board.track.dataset).synthetic,
        about=row.result.submission,
        primary=row.primary,
        rank=row.rank,
        limits=row.limits,
        marks=row.marks,
        started=row.source.started.isoformat(),
        scores=piece("scores"),
        run=piece("run"),
        cases=piece("cases"),
        record=export.record(board, row),
        short=export.short(board, row),
        csv=export.row_csv(board, row),
    )
