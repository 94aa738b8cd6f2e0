"""Rows of the tables that a large site has by the thousand, made without a template."""

from collections.abc import Iterable

from markupsafe import Markup

from cxrbench_leaderboard.cells import known_heading, metric_cell, title_link
from cxrbench_leaderboard.rows import Detail, Row


def detail_rows(rows: Iterable[Row], detail: Detail, up: str) -> Markup:
    """A metric by its brackets, a line a submission; a radiologist against himself has no number."""
    return Markup("\n").join(_detail_row(row, detail, up) for row in rows)


def _detail_row(row: Row, detail: Detail, up: str) -> Markup:
    about, metrics, head = row.result.submission, row.result.metrics, known_heading(detail.base)
    keys = zip(detail.labels, detail.keys, strict=True)
    cells = [
        _itself(key) if detail.kind == "readers" and row.is_itself(label) else metric_cell(metrics.get(key), head, key)
        for label, key in keys
    ]
    name = f'<th scope="row" class="name" data-key="submission">{title_link(about.name, about.title, up)}</th>'
    return Markup(f"<tr>{name}\n{Markup().join(cells)}\n</tr>")  # noqa: S704 - made of escaped parts


def _itself(key: str) -> Markup:
    return Markup('<td class="num empty" data-key="{}">itself</td>').format(key)
