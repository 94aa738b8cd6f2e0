"""Cells of tables as HTML patterns and the texts that fill them, made by the ten thousand.

A pattern is HTML with a `%s` per text, and the texts are escaped. A page has the cells filled; the inline data of a
long table has each pattern once and the texts of every cell, and the script fills them by the same rule. So each cell
is laid out here and nowhere else. Exact values are attributes of the cells of a page; the inline data leaves them out.
"""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from cxrbench.metrics.direction import Direction
from cxrbench.results.schema import MetricValue
from markupsafe import Markup, escape

from cxrbench_leaderboard.model.glossary import MetricHeading, describe_metric
from cxrbench_leaderboard.model.text import (
    MISSING,
    clean_text,
    format_number,
    shorten_text,
)

TARGETS = {Direction.ZERO, Direction.ONE}
"""Metrics whose best value is in the middle: their cells sort by the distance from it."""


class Cell(NamedTuple):
    """A cell, or a part of one: a pattern with a `%s` per text, and the escaped texts."""

    pattern: str
    texts: tuple[str, ...] = ()

    @property
    def html(self) -> str:
        """The cell as HTML."""
        return self.pattern % self.texts


def join_cells(*parts: Cell) -> Cell:
    """Join the parts of a cell.

    Args:
        parts: The parts in order.

    Returns:
        Their patterns and texts one after the other.

    Example:
        >>> join_cells(Cell("<td>%s", ("1",)), Cell("</td>")).html
        '<td>1</td>'
    """
    return Cell("".join(part.pattern for part in parts), tuple(text for part in parts for text in part.texts))


@lru_cache(maxsize=8192)
def escape_text(text: str) -> str:
    """Escape a text for HTML and for the inline data, where `|` and `^` separate texts and cells.

    Args:
        text: A text for content or for an attribute in double quotes.

    Returns:
        The escaped text.

    Example:
        >>> escape_text("a < b | c ^ d")
        'a &lt; b &#124; c &#94; d'
    """
    return str(escape(text)).replace("|", "&#124;").replace("^", "&#94;")


@cache
def escape_key(key: str) -> str:
    """Escape a column's key for an attribute within a pattern.

    Args:
        key: A metric key or the name of a track.

    Returns:
        The escaped key.
    """
    return str(escape(key)).replace("%", "&#37;")


def make_missing_cell(key: str, reason: str = "") -> Cell:
    """Make the cell of a missing value.

    Args:
        key: The escaped key of the column.
        reason: Why the value is missing, in the words of the result file.

    Returns:
        A dash, with the reason below it.
    """
    pattern = f'<td class="num empty" data-key="{key}">{MISSING}'
    if not reason:
        return Cell(f"{pattern}</td>")
    return Cell(f'{pattern}<span class="note">%s</span></td>', (escape_text(clean_text(reason)),))


def make_number_cell(value: float | None, text: object, key: str) -> Cell:
    """Make the cell of a plain number.

    Args:
        value: The number, or None.
        text: The number as it is shown, which needs no escaping.
        key: The key of the column, one of this package.

    Returns:
        The cell; a dash for None.
    """
    if value is None:
        return make_missing_cell(key)
    return Cell(f'<td class="num" data-key="{key}" data-value="%s">%s</td>', (str(value), str(text)))


@lru_cache(maxsize=4096)
def _make_pattern(key: str, end: str, whole: str, *, exact: bool) -> str:
    """The pattern of a measured value with its interval; `whole` is what all three numbers begin with."""
    value, bounds = (' data-value="%s"', ' data-low="%s" data-high="%s"') if exact else ("", "")
    number = f"{whole}%s"
    interval = f'<span class="interval"{bounds}>[{number}, {number}]</span>'
    return f'<td class="num" data-key="{key}"{value}>{number}{interval}{end}'


def make_metric_cell(
    metric: MetricValue | None, heading: MetricHeading, key: str, *, exact: bool = True, end: str = "</td>"
) -> Cell:
    """Make the cell of a metric with its interval.

    Nearly all cells are numbers above zero with an interval: they are made at once, all others in parts.

    Args:
        metric: The metric, or None where the row lacks it.
        heading: The heading of the metric.
        key: The escaped key of the column.
        exact: Whether the cell carries the exact values.
        end: The end of the cell's pattern.

    Returns:
        The cell; a dash with the reason where the metric is undefined.
    """
    if metric is None:
        return make_missing_cell(key)
    value, low, high, digits = metric.value, metric.low, metric.high, heading.digits
    if value is None:
        return make_missing_cell(key, metric.undefined or "")
    if low is None or high is None or low <= 0 or metric.better in TARGETS:
        return _make_metric_parts(metric, value, digits, key, exact=exact, end=end)
    texts = f"{value:.{digits}f}", f"{low:.{digits}f}", f"{high:.{digits}f}"
    if exact:
        return Cell(_make_pattern(key, end, "", exact=True), (repr(value), texts[0], repr(low), repr(high), *texts[1:]))
    if texts[2].startswith("0."):
        return Cell(_make_pattern(key, end, "0.", exact=False), (texts[0][2:], texts[1][2:], texts[2][2:]))
    return Cell(_make_pattern(key, end, "", exact=False), texts)


def _make_metric_parts(metric: MetricValue, value: float, digits: int, key: str, *, exact: bool, end: str) -> Cell:
    """The cell of any value: with a sign, with a sort key, or with a reason instead of an interval."""
    signed, low, high = metric.better is Direction.ZERO, metric.low, metric.high
    parts = [Cell(f'<td class="num" data-key="{key}"')]
    if exact:
        parts.append(Cell(' data-value="%s"', (str(value),)))
    if metric.better in TARGETS:
        parts.append(Cell(' data-sort="%s"', (str(metric.better.loss(value)),)))
    parts.append(Cell(">%s", (format_number(value, digits, signed=signed),)))
    if low is not None and high is not None:
        bounds = Cell(' data-low="%s" data-high="%s"', (str(low), str(high))) if exact else Cell("")
        texts = tuple(format_number(bound, digits, signed=signed) for bound in (low, high))
        parts += [Cell('<span class="interval"'), bounds, Cell(">[%s, %s]</span>", texts)]
    elif metric.undefined:
        parts.append(make_span("note", clean_text(metric.undefined)))
    return join_cells(*parts, Cell(end))


def make_span(kind: str, text: str) -> Cell:
    """Make a text of a class, as a part of a cell.

    Args:
        kind: The class.
        text: The text, not escaped.

    Returns:
        The part.
    """
    return Cell(f'<span class="{kind}">%s</span>', (escape_text(text),))


def to_metric_markup(metric: MetricValue | None, heading: MetricHeading, key: str) -> Markup:
    """Render the cell of a metric for a template.

    Args:
        metric: The metric, or None.
        heading: The heading of the metric.
        key: The key of the column, not escaped.

    Returns:
        The cell.
    """
    return Markup(make_metric_cell(metric, heading, escape_key(key)).html)  # noqa: S704 - the texts are escaped


def to_number_markup(value: float | None, text: object, key: str) -> Markup:
    """Render the cell of a plain number for a template.

    Args:
        value: The number, or None.
        text: The number as it is shown.
        key: The key of the column, one of this package.

    Returns:
        The cell.
    """
    return Markup(make_number_cell(value, text, key).html)  # noqa: S704 - numbers and keys of this package


def list_metric_cells(metrics: Mapping[str, MetricValue], keys: Iterable[str], *, exact: bool = True) -> list[Cell]:
    """List the metrics of one row.

    Args:
        metrics: The metrics of the row.
        keys: The columns.
        exact: Whether the cells carry the exact values.

    Returns:
        One cell per key.
    """
    return [make_metric_cell(metrics.get(key), describe_metric(key), escape_key(key), exact=exact) for key in keys]


def make_title_link(name: str, title: str, up: str) -> Cell:
    """Make the link to a submission, its title isolated in direction.

    Args:
        name: The name of the submission.
        title: Its title, in the words of its authors.
        up: The way from the page to the top of the site.

    Returns:
        The link, as a part of a cell.
    """
    pattern = f'<bdi class="title"><a href="{up}submissions/%s.html">%s</a></bdi>'
    return Cell(pattern, (name, escape_text(shorten_text(clean_text(title), 90))))


def to_title_markup(name: str, title: str, up: str) -> Markup:
    """Render the link to a submission for a template.

    Args:
        name: The name of the submission.
        title: Its title.
        up: The way from the page to the top of the site.

    Returns:
        The link.
    """
    return Markup(make_title_link(name, title, up).html)  # noqa: S704 - the title is escaped, the name of safe letters
