"""Long tables as inline data: every row of them, for the script that sorts and filters what a page shows in part.

A row is `[body, cell, ...]`, a cell what its column's type says: `head` a name with its marks, `metric` see `cells`,
`number` a value with its text and what stands below it, `text` words. `null` is a dash. The script makes the cells that
the templates make.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from cxrbench_leaderboard.model.glossary import Heading
from cxrbench_leaderboard.model.lines import Column, Entry, Line
from cxrbench_leaderboard.model.ranks import Place
from cxrbench_leaderboard.model.rows import Board, Row
from cxrbench_leaderboard.render.cells import known_heading, packed, plain_cell
from cxrbench_leaderboard.render.text import MISSING, clean, cut, large, number
from cxrbench_leaderboard.views.paging import ROWS

Pack = dict[str, Any]
"""What becomes JSON here and is read by the script."""
COSTS = (
    "parameters",
    "macs",
    "images_per_second",
    "latency_p50_ms",
    "latency_p95_ms",
    "peak_memory_bytes",
)


def inline(pack: Pack) -> Markup:
    """JSON that may stand in a script element: no text in it can end the element."""
    text = json.dumps(pack, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))  # noqa: S704 - it holds no markup


def ranking(board: Board) -> Pack:
    """Every row of a track, as its table of results shows them."""
    metrics = [_metric(key, known_heading(key), board.better(key)) for key in board.keys]
    columns = [
        {"key": "rank", "type": "number"},
        {"key": "submission", "type": "head"},
        *metrics,
        {"key": "predicted", "type": "number"},
        {"key": "isolation", "type": "text"},
        *({"key": key, "type": "number"} for key in COSTS),
        {"key": "device", "type": "text"},
        {"key": "started", "type": "text"},
    ]
    bodies = ((0, board.ranked), (1, board.unranked))
    rows = [[body, *_cells(board.keys, row)] for body, own in bodies for row in own]
    return {"to": "../submissions/", "size": ROWS, "columns": columns, "rows": rows}


def _metric(key: str, head: Heading, better: str) -> Pack:
    return {"key": key, "type": "metric", "digits": head.digits, "better": better}


def _cells(keys: Sequence[str], row: Row) -> Iterator[Any]:
    about, result = row.result.submission, row.result
    yield None if row.rank is None else [row.rank, str(row.rank), *filter(None, [place_text(row.place)])]
    yield [cut(clean(about.title), 90), about.name, cut(clean(about.authors), 120), row.marks, notes(row)]
    yield from (packed(result.metrics.get(key), known_heading(key).digits) for key in keys)
    yield [result.coverage.predicted, f"{result.coverage.predicted} / {result.coverage.expected}"]
    yield isolation(row)
    yield from costs(row)
    yield cut(clean(result.cost.device or MISSING), 40)
    yield row.source.started.date().isoformat()


def notes(row: Row) -> list[str]:
    """What stands below a row's name: why it is not ranked, and why cases have no prediction."""
    reasons = [f"Not ranked: {clean('; '.join(row.reasons))}."] if row.reasons else []
    return reasons + [f"{count} without prediction: {cut(clean(why), 120)}" for why, count in row.failures]


def isolation(row: Row) -> str:
    """How the submission was kept apart, in a word."""
    return cut(clean(row.result.sandbox), 40) if row.result.submission.kind == "submission" else "not run here"


def costs(row: Row) -> Iterator[list[Any] | None]:
    """What a run took, in the order of `COSTS`: the number and its text."""
    cost = row.result.cost
    latency = (cost.latency_ms.p50, cost.latency_ms.p95) if cost.latency_ms else (None, None)
    mebibytes = cost.peak_memory_bytes and cost.peak_memory_bytes / 1048576
    yield from (value if value is None else [value, large(value)] for value in (cost.parameters, cost.macs))
    yield from (value if value is None else [value, number(value, 1)] for value in (cost.images_per_second, *latency))
    yield None if mebibytes is None else [cost.peak_memory_bytes, number(mebibytes, 0)]


def cost_cells(row: Row) -> Markup:
    """The same as cells of a table."""
    pairs = zip(COSTS, costs(row), strict=True)
    cells = (plain_cell(pair[0], pair[1], key) if pair else plain_cell(None, "", key) for key, pair in pairs)
    return Markup("".join(cells))  # noqa: S704 - numbers and keys of ours


def overview(columns: Sequence[Column], entries: Sequence[Entry]) -> Pack:
    """Every submission's primary metric on every track, its cells with rank, place (low, high) and remarks.

    A remark is the number of one of `words`.
    """
    words: dict[tuple[str, str], int] = {}
    heads = [{**_metric(one.name, one.primary, one.better), "of": one.ranked} for one in columns]
    rows = [[int(one.is_rater), *_overview_cells(columns, one, words)] for one in entries]
    return {
        "to": "submissions/",
        "size": ROWS,
        "columns": [{"key": "submission", "type": "head"}, *heads],
        "words": list(words),
        "rows": rows,
    }


def _overview_cells(columns: Sequence[Column], entry: Entry, words: dict[tuple[str, str], int]) -> Iterator[Any]:
    yield [cut(clean(entry.about.title), 90), entry.about.name, "", kind_marks(entry.about.kind), []]
    for column in columns:
        line = entry.lines.get(column.name)
        value = packed(line.primary, column.primary.digits) if line else None
        if line is None or not isinstance(value, list):
            yield value
        else:
            bounds = value if len(value) == 3 else [value[0], None, None]
            place = (line.place.low, line.place.high) if line.place else (None, None)
            yield [*bounds, line.rank, *place, *(words.setdefault(word, len(words)) for word in remarks(line))]


def kind_marks(kind: str) -> list[str]:
    """What marks a row that no system of ours made here."""
    named: Mapping[str, list[str]] = {"rater": ["radiologist"], "predictions": ["predictions only"]}
    return named.get(kind, [])


def place_text(place: Place | None) -> str:
    """The interval of a row's place in words; nothing where it has none."""
    if place is None or place.low is None:
        return ""
    return f"place {place.low}" if place.low == place.high else f"places {place.low}\N{EN DASH}{place.high}"


def remarks(line: Line) -> Iterator[tuple[str, str]]:
    """The class and the words of what stands below a value on the overview, its rank aside."""
    if line.rank is None and line.about.kind != "rater":
        yield "note", "not ranked"
    yield from (("mark warn", mark) for mark in line.limits)
    yield from (("mark", mark) for mark in line.marks if mark == "not isolated")
