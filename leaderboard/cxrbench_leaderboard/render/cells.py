"""Cells of numbers, as pages show them and as the inline data of long tables hold them; made by the ten thousand."""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from cxrbench.results.schema import MetricValue
from markupsafe import Markup, escape

from cxrbench_leaderboard.model.glossary import Heading, badness, heading
from cxrbench_leaderboard.render.text import MISSING, clean, cut, interval, number

Packed = list[int | str] | str | None
"""A metric in inline data: value and bounds in units of the last digit shown, the value and why it has no bounds, the
reason for no value, or nothing."""


COMMON = (
    '<td class="num" data-key="%s" data-value="%r">%.*f'
    '<span class="interval" data-low="%r" data-high="%r">[%.*f, %.*f]</span></td>'
)
"""The cell of a metric above zero."""


@cache
def known_heading(key: str) -> Heading:
    """The heading of a metric key; a site has few keys and many cells."""
    return heading(key)


@cache
def escaped(key: str) -> str:
    """A metric key as it stands in an attribute."""
    return str(escape(key))


def plain_cell(value: float | None, text: object, key: str) -> Markup:
    """A plain measured number with its text, or a dash; the text is that number, so there is nothing to escape."""
    if value is None:
        return Markup(f'<td class="num empty" data-key="{key}">{MISSING}</td>')  # noqa: S704 - keys are ours
    return Markup(f'<td class="num" data-key="{key}" data-value="{value}">{text}</td>')  # noqa: S704


@lru_cache(maxsize=8192)
def title_link(name: str, title: str, up: str) -> Markup:
    """A submission by its title, strangers' words, isolated in direction; `up` is the way to the top of the site."""
    link = f'<a href="{up}submissions/{name}.html">{escape(cut(clean(title), 90))}</a>'
    return Markup(f'<bdi class="title">{link}</bdi>')  # noqa: S704 - the title is escaped, the name of safe letters


def metric_cell(value: MetricValue | None, head: Heading, key: str) -> Markup:
    """A metric with its interval, or a dash with the reason; the exact values stand in `data-` attributes."""
    return Markup(metric_html(value, head, escaped(key)))  # noqa: S704 - strangers' words are escaped


def metric_cells(metrics: Mapping[str, MetricValue], keys: Iterable[str]) -> Markup:
    """The metrics of one row, a cell a key."""
    cells = (metric_html(metrics.get(key), known_heading(key), escaped(key)) for key in keys)
    return Markup("\n".join(cells))  # noqa: S704 - as above


def metric_html(value: MetricValue | None, head: Heading, key: str) -> str:
    """The same as plain text that needs no escaping any more; `key` is escaped.

    Nearly all cells are numbers above zero with an interval: they are made in one go, as the others are in parts.
    """
    if value is not None and value.low is not None and value.low > 0 and value.better in ("higher", "lower"):
        exact, low, high, digits = value.value, value.low, value.high, head.digits
        return COMMON % (key, exact, digits, exact, low, high, digits, low, digits, high)
    if value is None or value.value is None:
        reason = "" if value is None else f'<span class="note">{escape(clean(value.undefined or ""))}</span>'
        return f'<td class="num empty" data-key="{key}">{MISSING}{reason}</td>'
    return f"{_measured(value, value.value, head.digits, key)}{_beside(value, head.digits)}</td>"


def overview_html(value: MetricValue, head: Heading, key: str, below: str) -> str:
    """A primary metric with its interval and what stands below it, as HTML."""
    if value.value is None:
        return metric_html(value, head, key)
    bounds = _beside(value, head.digits) if value.low is not None else ""
    return f"{_measured(value, value.value, head.digits, key)}{bounds}{below}</td>"


def _measured(metric: MetricValue, value: float, digits: int, key: str) -> str:
    """A cell up to its number, not closed; what is best in the middle has an order of its own."""
    signed, order = metric.better == "zero", ""
    if signed or metric.better == "one":
        order = f' data-sort="{badness(value, metric.better)}"'
    return f'<td class="num" data-key="{key}" data-value="{value}"{order}>{number(value, digits, signed=signed)}'


def _beside(metric: MetricValue, digits: int) -> str:
    low, high = metric.low, metric.high
    if low is None:
        return f'<span class="note">{escape(clean(metric.undefined))}</span>' if metric.undefined else ""
    shown = interval(low, high, digits, signed=metric.better == "zero")
    return f'<span class="interval" data-low="{low}" data-high="{high}">{shown}</span>'


def packed(value: MetricValue | None, digits: int) -> Packed:
    """A metric for inline data, exactly as it is shown: 0.4071 with three decimals is 407."""
    if value is None:
        return None
    if value.value is None:
        return clean(value.undefined or "")
    if value.low is None or value.high is None:
        return [in_units(value.value, digits), *([clean(value.undefined)] if value.undefined else [])]
    return [in_units(bound, digits) for bound in (value.value, value.low, value.high)]


def in_units(value: float, digits: int) -> int:
    """A number in units of its last digit shown, rounded as it is shown.

    >>> in_units(0.40712, 3), in_units(-0.0004, 3), in_units(2.675, 2)
    (407, 0, 267)
    """
    return int(f"{value:.{digits}f}".replace(".", ""))
