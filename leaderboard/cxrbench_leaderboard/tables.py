"""Rows of the tables that a large site has by the thousand, made without a template."""

from collections.abc import Iterable

from markupsafe import Markup

from cxrbench_leaderboard.cells import escaped, known_heading, metric_html, title_link
from cxrbench_leaderboard.rows import Detail, Row


def detail_rows(rows: Iterable[Row], detail: Detail, up: str) -> Markup:
    """A metric by its brackets, a line a submission; a radiologist against himself has no number."""
    return Markup("\n".join(_detail_row(row, detail, up) for row in rows))  # noqa: S704 - made of escaped parts


def _detail_row(row: Row, detail: Detail, up: str) -> str:
    about, metrics, head = row.result.submission, row.result.metrics, known_heading(detail.base)
    keys = zip(detail.labels, detail.keys, strict=True)
    cells = [
        _itself(key)
        if detail.kind == "readers" and row.is_itself(label)
        else metric_html(metrics.get(key), head, escaped(key))
        for label, key in keys
    ]
    name = f'<th scope="row" class="name" data-key="submission">{title_link(about.name, about.title, up)}</th>'
    return f"<tr>{name}\n{''.join(cells)}\n</tr>"


def _itself(key: str) -> str:
    return f'<td class="num empty" data-key="{escaped(key)}">itself</td>'
