"""The table rows of a submission's page, rendered together with their track, by the ten thousand."""

from collections.abc import Sequence
from functools import lru_cache

from cxrbench.results.schema import CaseScore
from markupsafe import escape

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.gallery import describe_thumbnail
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.text import clean_text, format_number, shorten_text
from cxrbench_leaderboard.render.cells import make_metric_cell
from cxrbench_leaderboard.render.run_cells import (
    list_cost_cells,
    make_coverage_cell,
    make_date_cell,
    make_device_cell,
    make_isolation_cell,
    make_rank_cell,
)

PICTURED = "phantom"
"""The dataset whose cases may be shown to anybody."""


def render_scores(board: Board, row: Row) -> str:
    """Render the row of the table of scores: the primary metric, its rank, the run and its cost.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The table row.
    """
    heading = board.heading(board.primary)
    notes = "".join(f'<span class="note">{escape(note)}</span>' for note in row.notes)
    cells = (
        f"<tr>{_render_track(board.file, board.title, board.task_title)}",
        f'<td data-key="metric">{escape(heading.title)}<span class="note">{escape(board.direction_phrase)}</span></td>',
        make_metric_cell(row.primary, heading, "value").html,
        make_rank_cell(row, total=len(board.ranked)).html,
        make_coverage_cell(row.result.coverage).html,
        make_isolation_cell(row).html,
        *(cell.html for cell in list_cost_cells(row.result.cost)),
        f'<td data-key="remarks" class="long">{notes}</td>',
        "</tr>",
    )
    return "\n".join(cells)


def render_run(board: Board, row: Row) -> str:
    """Render the row of the table of provenance.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The table row.
    """
    result, provenance = row.result, row.result.provenance
    commit = f'<span class="note">{_render_hash(result.benchmark.commit)}</span>' if result.benchmark.commit else ""
    split = f'<a href="../splits/{escape(board.split.label)}.html">version {result.track.split_version}</a>'
    seconds = format_number(provenance.seconds, 1)
    cells = (
        f"<tr>{_render_track(board.file, board.title, board.task_title)}",
        make_date_cell(row).html,
        f'<td class="num" data-key="seconds" data-value="{provenance.seconds}">{seconds}</td>',
        f'<td class="num" data-key="seed" data-value="{provenance.seed}">{provenance.seed}</td>',
        f"<td>{escape(shorten_text(clean_text(result.benchmark.version), 40))}{commit}</td>",
        f'<td>{split}<span class="note">{_render_hash(result.track.split_sha256)}</span></td>',
        f"<td>{_render_hash(row.file.sha256)}</td>",
        f"<td>{_render_hash(result.predictions.sha256) if result.predictions else 'not kept'}</td>",
        make_device_cell(row).html,
        "</tr>",
    )
    return "\n".join(cells)


def render_cases(board: Board, row: Row) -> str:
    """Render the row of the table of worst and best cases.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The table row; nothing where no case may be named.
    """
    extremes, heading = row.result.extremes, board.heading(board.primary)
    if extremes is None or not extremes.worst:
        return ""
    pictured = board.track.dataset == PICTURED
    cells = (
        f"<tr>{_render_track(board.file, board.title, board.task_title)}",
        f"<td>{escape(heading.title)}</td>",
        f"<td>{_render_case_list(extremes.worst, heading.digits, pictured=pictured)}</td>",
        f"<td>{_render_case_list(extremes.best, heading.digits, pictured=pictured)}</td>",
        "</tr>",
    )
    return "\n".join(cells)


@lru_cache(maxsize=64)
def _render_track(file: str, title: str, task: str) -> str:
    link = f'<a href="../tracks/{escape(file)}.html">{escape(title)}</a>'
    return f'<th scope="row" class="name" data-key="track">{link}<span class="note">{escape(task)}</span></th>'


@lru_cache(maxsize=1024)
def _render_hash(digest: str) -> str:
    shown = clean_text(digest)
    return f'<code class="hash" title="{escape(shorten_text(shown, 64))}">{escape(shown[:12])}</code>'


def _render_case_list(cases: Sequence[CaseScore], digits: int, *, pictured: bool) -> str:
    items = (
        f"<li>{_render_thumbnail(case.case) if pictured else ''}"
        f"<code>{escape(shorten_text(clean_text(case.case), 120))}</code> "
        f'<span data-value="{case.value}">{format_number(case.value, digits)}</span></li>'
        for case in cases
    )
    return f'<ol class="cases">{"".join(items)}</ol>'


def _render_thumbnail(case: str) -> str:
    """The thumbnail of a case of the phantom; nothing for another id."""
    description = describe_thumbnail(case)
    if description is None:
        return ""
    return f'<img src="../phantom/{case}.webp" width="256" height="128" loading="lazy" alt="{escape(description)}">'
