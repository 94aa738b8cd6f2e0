"""What a submission's page says of one of its rows, printed where the row is read, by the ten thousand."""

from collections.abc import Sequence
from functools import lru_cache

from cxrbench.results.schema import CaseScore
from markupsafe import escape

from cxrbench_leaderboard.model.gallery import small_html
from cxrbench_leaderboard.model.rows import Board, Row
from cxrbench_leaderboard.render.cells import metric_cell
from cxrbench_leaderboard.render.packs import cost_cells, isolation
from cxrbench_leaderboard.render.tables import day, device, predicted, rank_cell, remarked
from cxrbench_leaderboard.render.text import clean, cut, number

PICTURED = "phantom"
"""The dataset whose cases may be shown to anybody."""


def scores(board: Board, row: Row) -> str:
    """The row of the table of scores: the primary metric, its rank, how it ran and what it took."""
    head, ranked = board.heading(board.primary), len(board.ranked)
    cells = (
        f"<tr>{_where(board.file, board.title, board.task_title)}",
        f'<td data-key="metric">{escape(head.title)}<span class="note">{escape(board.direction)}</span></td>',
        metric_cell(row.primary, head, "value"),
        rank_cell(row, f' of <span data-value="{ranked}">{ranked}</span>'),
        predicted(row.result.coverage),
        f'<td data-key="isolation">{escape(isolation(row))}</td>',
        cost_cells(row),
        f'<td data-key="remarks" class="long">{remarked(row)}</td>',
        "</tr>",
    )
    return "\n".join(cells)


def run(board: Board, row: Row) -> str:
    """The row of the table of provenance."""
    result, own = row.result, row.result.provenance
    commit = f'<span class="note">{_hash(result.benchmark.commit)}</span>' if result.benchmark.commit else ""
    split = f'<a href="../splits/{escape(board.split.label)}.html">version {result.track.split_version}</a>'
    cells = (
        f"<tr>{_where(board.file, board.title, board.task_title)}",
        f'<td data-key="started">{day(row)}</td>',
        f'<td class="num" data-key="seconds" data-value="{own.seconds}">{number(own.seconds, 1)}</td>',
        f'<td class="num" data-key="seed" data-value="{own.seed}">{own.seed}</td>',
        f"<td>{escape(cut(clean(result.benchmark.version), 40))}{commit}</td>",
        f'<td>{split}<span class="note">{_hash(result.track.split_sha256)}</span></td>',
        f"<td>{_hash(row.source.sha256)}</td>",
        f"<td>{_hash(result.predictions.sha256) if result.predictions else 'not kept'}</td>",
        device(row),
        "</tr>",
    )
    return "\n".join(cells)


def cases(board: Board, row: Row) -> str:
    """The row of the table of cases, the furthest out first; nothing where no case may be named."""
    found, head, shown = row.result.extremes, board.heading(board.primary), board.track.dataset == PICTURED
    if found is None or not found.worst:
        return ""
    cells = (
        f"<tr>{_where(board.file, board.title, board.task_title)}",
        f"<td>{escape(head.title)}</td>",
        f"<td>{_named(found.worst, head.digits, shown)}</td>",
        f"<td>{_named(found.best, head.digits, shown)}</td>",
        "</tr>",
    )
    return "\n".join(cells)


@lru_cache(maxsize=64)
def _where(file: str, title: str, task: str) -> str:
    link = f'<a href="../tracks/{escape(file)}.html">{escape(title)}</a>'
    return f'<th scope="row" class="name" data-key="track">{link}<span class="note">{escape(task)}</span></th>'


@lru_cache(maxsize=1024)
def _hash(digest: str) -> str:
    shown = clean(digest)
    return f'<code class="hash" title="{escape(cut(shown, 64))}">{escape(shown[:12])}</code>'


def _named(found: Sequence[CaseScore], digits: int, shown: bool) -> str:
    items = (
        f"<li>{small_html(one.case) if shown else ''}<code>{escape(cut(clean(one.case), 120))}</code> "
        f'<span data-value="{one.value}">{number(one.value, digits)}</span></li>'
        for one in found
    )
    return f'<ol class="cases">{"".join(items)}</ol>'
