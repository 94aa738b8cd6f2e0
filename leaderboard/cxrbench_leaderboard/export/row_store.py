"""What the pages of submissions show of their rows, kept on disk until these pages are made.

A thousand submissions have more of it than memory should hold.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from markupsafe import Markup
from pydantic_core import from_json, to_json

from cxrbench_leaderboard.views.submission import SubmissionRow


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """Where a row is stored: the file of its track, the first byte, the number of bytes."""

    file: str
    start: int
    size: int


def store_rows(path: Path, rows: Iterable[SubmissionRow]) -> Iterator[StoredSpan]:
    """Write rows into a file, one after the other.

    Args:
        path: The file.
        rows: The rows of one track.

    Yields:
        Where each row is stored.
    """
    with path.open("wb") as file:
        for row in rows:
            start = file.tell()
            yield StoredSpan(path.name, start, file.write(to_json(astuple(row))))


def load_row(folder: Path, span: StoredSpan) -> SubmissionRow:
    """Read a row that `store_rows` wrote.

    Args:
        folder: The folder of the file.
        span: Where the row is stored.

    Returns:
        The row.
    """
    with (folder / span.file).open("rb") as file:
        file.seek(span.start)
        scores, run, cases, record, csv = from_json(file.read(span.size))
    return SubmissionRow(Markup(scores), Markup(run), Markup(cases), record, csv)  # noqa: S704 - rendered before
