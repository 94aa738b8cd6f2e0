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
    """Read a CSV file (or CSV in gzip) as stripped text. A byte-order mark and CRLF line ends are accepted.

    Args:
        path: The file; a name in `.gz` is unpacked.
        required: Columns that must be there.
        separator: The character between cells.
        encoding: The encoding of the text.
        comment: Lines that begin with this are skipped.
        rename: Today's name of a column that older releases spell otherwise.

    Returns:
        One dict per row, column to cell. A cell that says `NULL` or `NA` stays that text.

    Raises:
        DataError: The file is absent, is not in this encoding, or lacks a required column.
    """
    try:
        with _open_table(path, encoding) as lines:
            kept = (line for line in lines if comment is None or not line.startswith(comment))
            reader = csv.reader(kept, delimiter=separator)
            names = [(rename or {}).get(name.strip(), name.strip()) for name in next(reader, [])]
            _check_columns(path, names, required)
            return [_make_row(names, cells) for cells in reader if cells]
    except FileNotFoundError:
        raise DataError("table not found", str(path), "check --data") from None
    except (UnicodeDecodeError, csv.Error, OSError, EOFError) as error:
        raise DataError(f"table cannot be read ({error})", str(path), "fetch the file again") from error


def read_optional_rows(
    path: Path, required: Iterable[str], *, comment: str | None = None
) -> tuple[list[Row], list[Problem]]:
    """Read a table that a dataset can do without.

    Args:
        path: The file.
        required: Columns that must be there.
        comment: Lines that begin with this are skipped.

    Returns:
        The rows and no problem, or no rows and the reason why the table cannot be used.
    """
    try:
        return read_rows(path, required, comment=comment), []
    except DataError as error:
        return [], [Problem(path.name, f"{error.what}: not used")]


def _open_table(path: Path, encoding: str) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _make_row(names: list[str], cells: list[str]) -> Row:
    """Cells by column; a row cut short has empty cells at its end."""
    row = dict.fromkeys(names, "")
    row.update(zip(names, map(str.strip, cells), strict=False))
    return row


def _check_columns(path: Path, columns: Iterable[str], required: Iterable[str]) -> None:
    missing = sorted(set(required) - set(columns))
    if missing:
        raise DataError(f"column missing: {', '.join(missing)}", str(path), "use the official file")


def drop_duplicates(rows: Iterable[Row], key: Callable[[Row], str], table: str) -> tuple[list[Row], list[Problem]]:
    """Keep one row per key: the first of equal rows, none of rows that differ. Both are reported.

    Args:
        rows: The rows of a table.
        key: The value of a row that should be unique.
        table: The name of the table, for the reports.

    Returns:
        The rows kept, in their order, and one problem per repeated key.

    Example:
        >>> rows = [{"id": "a"}, {"id": "a"}, {"id": "b", "age": "1"}, {"id": "b", "age": "2"}]
        >>> kept, problems = drop_duplicates(rows, lambda row: row["id"], "labels.csv")
        >>> kept
        [{'id': 'a'}]
        >>> [problem.reason for problem in problems]
        ['2 rows in labels.csv, all equal: one kept', '2 rows in labels.csv, which differ: none kept']
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    kept = [group[0] for group in groups.values() if _has_equal_rows(group)]
    problems = [
        Problem(name, f"{len(group)} rows in {table}, {describe_duplicates(equal=_has_equal_rows(group))}")
        for name, group in groups.items()
        if group[1:]
    ]
    return kept, problems


def _has_equal_rows(group: list[Row]) -> bool:
    return all(row == group[0] for row in group)


def describe_duplicates(*, equal: bool) -> str:
    """Describe what is done with the entries of a repeated key.

    Args:
        equal: Whether all entries of the key are the same.

    Returns:
        The end of a problem's reason.
    """
    return "all equal: one kept" if equal else "which differ: none kept"
