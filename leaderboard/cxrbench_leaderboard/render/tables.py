"""Rows of the tables that a large site has by the ten thousand, without a template."""

from collections.abc import Iterable, Iterator, Sequence

from markupsafe import Markup

from cxrbench_leaderboard.model.glossary import MetricHeading, describe_metric
from cxrbench_leaderboard.model.metric_columns import LabelledMetric
from cxrbench_leaderboard.model.rows import KINDS, Row
from cxrbench_leaderboard.model.summaries import RowSummary, SubmissionSummary, TrackSummary
from cxrbench_leaderboard.model.text import clean_text, shorten_text
from cxrbench_leaderboard.render.cells import (
    Cell,
    escape_key,
    escape_text,
    join_cells,
    list_metric_cells,
    make_metric_cell,
    make_missing_cell,
    make_span,
    make_title_link,
)
from cxrbench_leaderboard.render.run_cells import (
    list_cost_cells,
    make_coverage_cell,
    make_date_cell,
    make_device_cell,
    make_exact_value,
    make_isolation_cell,
    make_rank_cell,
    make_rank_interval,
)

ROW, READER_ROW = Cell("<tr>"), Cell('<tr class="rater">')


def list_result_cells(row: Row, keys: Sequence[str], up: str, *, exact: bool = True) -> list[Cell]:
    """List the cells of a row of a track's results: rank, submission, metrics, run, cost.

    Args:
        row: The row.
        keys: The metric columns.
        up: The way from the page to the top of the site.
        exact: Whether the cells carry the exact values.

    Returns:
        The opening of the row, then its cells.
    """
    return [
        READER_ROW if row.is_reader else ROW,
        make_rank_cell(row, exact=exact),
        _make_submission_cell(row, up),
        *list_metric_cells(row.result.metrics, keys, exact=exact),
        make_coverage_cell(row.result.coverage),
        make_isolation_cell(row),
        *list_cost_cells(row.result.cost),
        make_device_cell(row),
        make_date_cell(row),
    ]


def _make_submission_cell(row: Row, up: str) -> Cell:
    about, parts = row.result.submission, []
    if about.authors:
        authors = escape_text(shorten_text(clean_text(about.authors), 120))
        parts.append(Cell('<bdi class="note">%s</bdi>', (authors,)))
    parts += [make_span("mark", mark) for mark in row.marks]
    parts += [make_span("note", note) for note in row.notes]
    return join_cells(_open_submission_cell(about.name, about.title, up), *parts, Cell("</th>"))


def _open_submission_cell(name: str, title: str, up: str) -> Cell:
    """The heading of a submission's row, not closed."""
    return join_cells(Cell('<th scope="row" class="name" data-key="submission">'), make_title_link(name, title, up))


def render_result_row(row: Row, keys: Sequence[str], up: str) -> Markup:
    """Render a row of a track's results.

    Args:
        row: The row.
        keys: The metric columns.
        up: The way from the page to the top of the site.

    Returns:
        The row.
    """
    return _close_row(list_result_cells(row, keys, up))


def _close_row(cells: Iterable[Cell]) -> Markup:
    return Markup("\n".join([*(cell.html for cell in cells), "</tr>\n"]))  # noqa: S704 - the texts are escaped


def render_detail_rows(rows: Iterable[Row], detail: LabelledMetric, up: str) -> Markup:
    """Render the rows of a metric with labels.

    Args:
        rows: The rows.
        detail: The metric with its labels.
        up: The way from the page to the top of the site.

    Returns:
        One row per submission; a radiologist has no number against himself or herself.
    """
    heading = describe_metric(detail.base)
    columns = [(label, key, escape_key(key)) for label, key in zip(detail.labels, detail.keys, strict=True)]
    shown = (_list_detail_cells(row, detail, heading, columns, up) for row in rows)
    return Markup("").join(_close_row(cells) for cells in shown)


def _list_detail_cells(
    row: Row, detail: LabelledMetric, heading: MetricHeading, columns: Sequence[tuple[str, str, str]], up: str
) -> Iterator[Cell]:
    about, metrics = row.result.submission, row.result.metrics
    yield ROW
    yield join_cells(_open_submission_cell(about.name, about.title, up), Cell("</th>"))
    for label, key, escaped in columns:
        if detail.kind == "readers" and row.is_same_reader(label):
            yield Cell(f'<td class="num empty" data-key="{escaped}">same reader</td>')
        else:
            yield make_metric_cell(metrics.get(key), heading, escaped)


def list_overview_cells(
    submission: SubmissionSummary, tracks: Iterable[TrackSummary], up: str, *, exact: bool = True
) -> list[Cell]:
    """List the cells of a row of the overview: the primary metric of a submission on each track.

    Args:
        submission: The submission.
        tracks: The columns.
        up: The way from the page to the top of the site.
        exact: Whether the cells carry the exact values.

    Returns:
        The opening of the row, then its cells.
    """
    about = submission.about
    marks = [make_span("mark", KINDS[about.kind])] if about.kind != "submission" else []
    heading = join_cells(_open_submission_cell(about.name, about.title, up), *marks, Cell("</th>"))
    cells = (_make_overview_cell(submission.rows.get(track.name), track, exact=exact) for track in tracks)
    return [ROW, heading, *cells]


def _make_overview_cell(row: RowSummary | None, track: TrackSummary, *, exact: bool) -> Cell:
    key = escape_key(track.name)
    if row is None:
        return make_missing_cell(key)
    if row.primary.value is None:
        return make_metric_cell(row.primary, track.primary, key)
    parts = [make_metric_cell(row.primary, track.primary, key, exact=exact, end="")]
    if row.rank is not None:
        parts.append(Cell('<span class="note"'))
        parts.append(make_exact_value(row.rank) if exact else Cell(""))
        parts.append(Cell(f">rank %s of {track.n_ranked}</span>", (str(row.rank),)))
        parts.append(make_rank_interval(row.ranking, exact=exact))
    parts += [make_span(kind, text) for kind, text in _list_remarks(row)]
    return join_cells(*parts, Cell("</td>"))


def _list_remarks(row: RowSummary) -> Iterator[tuple[str, str]]:
    """The class and the words of each remark below a value on the overview, besides its rank."""
    if row.rank is None and row.about.kind != "rater":
        yield "note", "not ranked"
    yield from (("mark warn", limit) for limit in row.limits)
    yield from (("mark", mark) for mark in row.marks if mark == "not isolated")


def render_overview_row(submission: SubmissionSummary, tracks: Iterable[TrackSummary], up: str) -> Markup:
    """Render a row of the overview.

    Args:
        submission: The submission.
        tracks: The columns.
        up: The way from the page to the top of the site.

    Returns:
        The row.
    """
    return _close_row(list_overview_cells(submission, tracks, up))
