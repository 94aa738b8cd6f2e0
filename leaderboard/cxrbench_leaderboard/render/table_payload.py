"""Long tables as inline data: the rows that a page does not show, for the script that sorts and filters them.

Each row is a text: the number of its table body, its opening and its cells, separated by `^`. The opening and each cell
are the number of a pattern of the column (nothing for the first) and the texts that fill it, separated by `|`. The
script fills the patterns and knows nothing else about cells.
"""

import json
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.render.cells import Cell
from cxrbench_leaderboard.render.tables import list_overview_cells, list_result_cells
from cxrbench_leaderboard.views.overview import OverviewTable
from cxrbench_leaderboard.views.paging import ROWS_PER_PAGE

Payload = dict[str, Any]
"""The inline data of a table, which becomes JSON and is read by the script."""


def render_ranking_payload(board: Board, up: str) -> Markup:
    """Render the rows of a track's results after those of the first page as inline data.

    Args:
        board: The track.
        up: The way from the page to the top of the site.

    Returns:
        The data.
    """
    bodies = ((0, board.ranked), (1, board.unranked))
    rows = [(body, row) for body, part in bodies for row in part][ROWS_PER_PAGE:]
    payload = make_payload((body, list_result_cells(row, board.keys, up, exact=False)) for body, row in rows)
    return to_inline_json(payload)


def render_overview_payload(table: OverviewTable, up: str) -> Markup:
    """Render the rows of the overview after those of the first page as inline data.

    Args:
        table: The table.
        up: The way from the page to the top of the site.

    Returns:
        The data.
    """
    payload = make_payload(
        (int(submission.is_reader), list_overview_cells(submission, table.tracks, up, exact=False))
        for submission in table.submissions[ROWS_PER_PAGE:]
    )
    return to_inline_json(payload)


def make_payload(rows: Iterable[tuple[int, Iterable[Cell]]]) -> Payload:
    """Make the inline data of a table.

    Args:
        rows: The number of the table body, and the cells of the row with its opening.

    Returns:
        `size` (rows per page), `patterns` (per column, each split at its texts) and `rows`.

    Example:
        >>> data = make_payload([(0, [Cell("<tr>"), Cell("<td>%s</td>", ("7",))]), (0, [Cell("<tr>"), Cell("<td/>")])])
        >>> data["patterns"]
        [[['<tr>']], [['<td>', '</td>'], ['<td/>']]]
        >>> data["rows"]
        ['0^^|7', '0^^1']
    """
    columns: list[dict[str, int]] = []

    def write_row(body: int, cells: Iterable[Cell]) -> str:
        texts = [str(body)]
        for at, cell in enumerate(cells):
            if at == len(columns):
                columns.append({})
            number = columns[at].setdefault(cell.pattern, len(columns[at]))
            texts.append("|".join((str(number or ""), *cell.texts)))
        return "^".join(texts)

    written = [write_row(body, cells) for body, cells in rows]
    patterns = [[_split_pattern(pattern) for pattern in column] for column in columns]
    return {"size": ROWS_PER_PAGE, "patterns": patterns, "rows": written}


def _split_pattern(pattern: str) -> list[str]:
    return [piece.replace("%%", "%") for piece in pattern.split("%s")]


def to_inline_json(payload: Payload) -> Markup:
    """Write JSON that may stand in a script element: no text in it can end the element.

    Args:
        payload: The data.

    Returns:
        The JSON.
    """
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))  # noqa: S704 - it holds no markup
