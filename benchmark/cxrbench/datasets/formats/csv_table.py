"""Label tables as text: what the file says, with no value guessed into a number or a missing one."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TextIO

from cxrbench.datasets import Problem
from cxrbench.errors import DataError

Row = dict[str, str]


def read_rows(
    path: Path,
    required: Iterable[str],
    *,
    separator: str = ",",
    encoding: str = "utf-8-sig",
    comment: str | None = None,
    rename: Mapping[str, str] | None = None,
) -> list[Row]:
    """Rows of a CSV file (or CSV in gzip) as stripped text; a byte-order mark, CRLF and leading comments are read.

    `rename` gives today's name for a column that older releases spell otherwise. A cell that says `NULL` or `NA`
    stays that text. Raises `DataError` where the file is absent, not in this encoding, or misses one of the
    `required` columns.
    """
    try:
        with _opened(path, encoding) as lines:
            kept = (line for line in lines if comment is None or not line.startswith(comment))
            reader = csv.reader(kept, delimiter=separator)
            names = [(rename or {}).get(name.strip(), name.strip()) for name in next(reader, [])]
            _check_columns(path, names, required)
            return [_row(names, cells) for cells in reader if cells]
    except FileNotFoundError:
        raise DataError("table not found", str(path), "check --data") from None
    except (UnicodeDecodeError, csv.Error, OSError, EOFError) as error:
        raise DataError(f"table cannot be read ({error})", str(path), "fetch the file again") from error


def read_secondary(
    path: Path, required: Iterable[str], *, comment: str | None = None
) -> tuple[list[Row], list[Problem]]:
    """Rows of a table that a dataset can do without: where it cannot be used no rows, and the reason as a problem."""
    try:
        return read_rows(path, required, comment=comment), []
    except DataError as error:
        return [], [Problem(path.name, f"{error.what}: not used")]


def _opened(path: Path, encoding: str) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _row(names: list[str], cells: list[str]) -> Row:
    """Cells by column; a row cut short has empty cells at its end."""
    row = dict.fromkeys(names, "")
    row.update(zip(names, map(str.strip, cells), strict=False))
    return row


def _check_columns(path: Path, found: Iterable[str], required: Iterable[str]) -> None:
    missing = sorted(set(required) - set(found))
    if missing:
        raise DataError(f"column missing: {', '.join(missing)}", str(path), "use the official file")


def distinct(rows: Iterable[Row], key: Callable[[Row], str], table: str) -> tuple[list[Row], list[Problem]]:
    """One row a key: of rows that are all equal one is kept, of rows that differ none; both are reported."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    kept = [group[0] for group in groups.values() if _equal(group)]
    problems = [
        Problem(name, f"{len(group)} rows in {table}, {_fate(group)}") for name, group in groups.items() if group[1:]
    ]
    return kept, problems


def _equal(group: list[Row]) -> bool:
    return all(row == group[0] for row in group)


def _fate(group: list[Row]) -> str:
    return "all equal: one kept" if _equal(group) else "which differ: none kept"
