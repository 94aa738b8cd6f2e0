"""Label tables as text: what the file says, with no value guessed into a number or a missing one."""

import csv
from collections.abc import Iterable
from pathlib import Path

from cxrbench.errors import DataError

Row = dict[str, str]


def read_rows(
    path: Path,
    required: Iterable[str],
    *,
    separator: str = ",",
    encoding: str = "utf-8-sig",
    comment: str | None = None,
) -> list[Row]:
    """Rows of a CSV file as stripped text; a byte-order mark, CRLF and leading comment lines are understood.

    Raises `DataError` where the file is absent, not in this encoding, or misses one of the `required` columns.
    """
    try:
        with path.open(encoding=encoding, newline="") as lines:
            kept = (line for line in lines if comment is None or not line.startswith(comment))
            reader = csv.DictReader(kept, delimiter=separator)
            _check_columns(path, reader.fieldnames or (), required)
            return [{_clean(key): _clean(value) for key, value in row.items()} for row in reader]
    except FileNotFoundError:
        raise DataError("table not found", str(path), "check --data") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"table cannot be read ({error})", str(path), "fetch the file again") from error


def _clean(text: object) -> str:
    return text.strip() if isinstance(text, str) else ""


def _check_columns(path: Path, found: Iterable[str], required: Iterable[str]) -> None:
    missing = sorted(set(required) - {_clean(name) for name in found})
    if missing:
        raise DataError(f"column missing: {', '.join(missing)}", str(path), "use the official file")
