"""Rows of the tables that a large site has by the ten thousand, made without a template."""

from collections.abc import Iterable, Sequence

from cxrbench.results.schema import Coverage
from markupsafe import Markup, escape

from cxrbench_leaderboard.model.lines import Column, Entry, Line
from cxrbench_leaderboard.model.ranks import Place
from cxrbench_leaderboard.model.rows import Detail, Row
from cxrbench_leaderboard.render.cells import (
    escaped,
    known_heading,
    metric_cells,
    metric_html,
    overview_html,
    title_link,
)
from cxrbench_leaderboard.render.packs import cost_cells, isolation, notes, place_text, remarks
from cxrbench_leaderboard.render.text import MISSING, clean, cut


def result_row(row: Row, keys: Sequence[str], up: str) -> Markup:
    """A row of a track's results: rank, submission, every metric, how it ran and what it took."""
    kind = ' class="rater"' if row.result.submission.kind == "rater" else ""
    cells = (
        f"<tr{kind}>",
        rank_cell(row),
        _who(row, up),
        metric_cells(row.result.metrics, keys),
        predicted(row.result.coverage),
        f'<td data-key="isolation">{escape(isolation(row))}</td>',
        cost_cells(row),
        device(row),
        f'<td data-key="started">{day(row)}</td>',
        "</tr>\n",
    )
    return Markup("\n".join(cells))  # noqa: S704 - made of escaped parts


def rank_cell(row: Row, of: str = "") -> str:
    """The rank with what is put behind it, and the interval of the row's place."""
    if row.rank is None:
        return f'<td class="num empty" data-key="rank">{MISSING}</td>'
    return f'<td class="num" data-key="rank" data-value="{row.rank}">{row.rank}{of}{place(row.place)}</td>'


def _who(row: Row, up: str) -> str:
    about = row.result.submission
    authors = f'<bdi class="note">{escape(cut(clean(about.authors), 120))}</bdi>' if about.authors else ""
    marks = "".join(f'<span class="mark">{escape(mark)}</span>' for mark in row.marks)
    return f"{_named(about.name, about.title, up)}{authors}{marks}{remarked(row)}</th>"


def _named(name: str, title: str, up: str) -> str:
    """The heading of a submission's row, not closed."""
    return f'<th scope="row" class="name" data-key="submission">{title_link(name, title, up)}'


def remarked(row: Row) -> str:
    """Why a row is not ranked, and why cases have no prediction."""
    return "".join(f'<span class="note">{escape(note)}</span>' for note in notes(row))


def place(one: Place | None) -> str:
    """The interval of a row's place; nothing where it has none."""
    shown = place_text(one)
    return f'<span class="interval" data-low="{one.low}" data-high="{one.high}">{shown}</span>' if one and shown else ""


def predicted(cover: Coverage) -> str:
    """How many of the cases have a prediction."""
    done, of = cover.predicted, cover.expected
    return f'<td class="num" data-key="predicted" data-value="{done}">{done} / <span data-value="{of}">{of}</span></td>'


def device(row: Row) -> str:
    """What the predictions were made on."""
    return f'<td data-key="device">{escape(cut(clean(row.result.cost.device or MISSING), 40))}</td>'


def day(row: Row) -> str:
    """The day (UTC) of the run."""
    return f'<time datetime="{row.source.started.isoformat()}">{row.source.started.date()}</time>'


def detail_rows(rows: Iterable[Row], detail: Detail, up: str) -> Markup:
    """A metric by its brackets, a line a submission; a radiologist against himself has no number."""
    keys = [(label, key, escaped(key)) for label, key in zip(detail.labels, detail.keys, strict=True)]
    return Markup("\n".join(_detail_row(row, detail, keys, up) for row in rows))  # noqa: S704 - made of escaped parts


def _detail_row(row: Row, detail: Detail, keys: Sequence[tuple[str, str, str]], up: str) -> str:
    about, metrics, head = row.result.submission, row.result.metrics, known_heading(detail.base)
    own = detail.kind == "readers" and about.kind == "rater"
    cells = [
        _itself(name) if own and row.is_itself(label) else metric_html(metrics.get(key), head, name)
        for label, key, name in keys
    ]
    return f"<tr>{_named(about.name, about.title, up)}</th>\n{''.join(cells)}\n</tr>"


def _itself(key: str) -> str:
    return f'<td class="num empty" data-key="{key}">itself</td>'


def overview_cells(entry: Entry, columns: Iterable[Column]) -> Markup:
    """The primary metric of a submission on each track, with rank, place and remarks."""
    return Markup("".join(_overview_cell(entry.lines.get(one.name), one) for one in columns))  # noqa: S704 - as above


def _overview_cell(line: Line | None, column: Column) -> str:
    key = escaped(column.name)
    if line is None:
        return f'<td class="num empty" data-key="{key}">{MISSING}</td>\n'
    below = "".join(f'<span class="{kind}">{escape(words)}</span>' for kind, words in remarks(line))
    if line.rank:
        rank = f'<span class="note" data-value="{line.rank}">rank {line.rank} of {column.ranked}</span>'
        below = f"{rank}{place(line.place)}{below}"
    return overview_html(line.primary, column.primary, key, below) + "\n"
