"""Writing CSV: a text that a spreadsheet would take for a formula gets an apostrophe in front."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from cxrbench_leaderboard.export.records import Fields


def to_csv(lines: Sequence[Fields]) -> str:
    """Write a table.

    Args:
        lines: Its lines, with the same keys in the same order.

    Returns:
        The table with a heading; empty where it has no line.
    """
    if not lines:
        return ""
    return _write_table(list(lines[0]), ([_to_cell(value) for value in line.values()] for line in lines))


def stack_tables(tables: Sequence[str]) -> str:
    """Stack tables with the same heading.

    Args:
        tables: The tables as CSV.

    Returns:
        One table with one heading.
    """
    parts = [table.partition("\n") for table in tables]
    return "".join([*(f"{heading}\n" for heading, _, _ in parts[:1]), *(rest for _, _, rest in parts)])


@lru_cache(maxsize=4096)
def quote_text(text: str | None) -> str:
    """Quote a text as a cell of a table, where a line is put together by hand.

    Args:
        text: The text, or None for an empty cell.

    Returns:
        The cell.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([_guard_text(text), ""])
    return out.getvalue()[:-1]


def _write_table(heading: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(lines)
    return out.getvalue()


def _to_cell(value: Any) -> Any:
    """What a spreadsheet may read: booleans as words, and no text that begins as a formula does, except numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _guard_text(value) if isinstance(value, str) else value


def _guard_text(value: str | None) -> str | None:
    if value and value[0] in "=+-@\t\r" and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
