"""What a submission's page shows of a row: printed with the row's track, in a file until that page is made.

A thousand submissions have more of it than memory should hold.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from markupsafe import Markup
from pydantic_core import from_json, to_json


@dataclass(frozen=True, slots=True)
class Pieces:
    """A row's parts of its submission's page as HTML, its object and its table of one line in the exports."""

    scores: str
    run: str
    cases: str
    record: str
    csv: str


@dataclass(frozen=True, slots=True)
class Span:
    """Where the pieces of a row lie: the file of its track, and the bytes in it."""

    file: str
    start: int
    size: int


def keep(path: Path, rows: Iterable[Pieces]) -> Iterator[Span]:
    """Write the pieces of rows into a file, one after the other."""
    with path.open("wb") as file:
        for row in rows:
            start = file.tell()
            yield Span(path.name, start, file.write(to_json(astuple(row))))


def kept(folder: Path, span: Span) -> Pieces:
    """The pieces of one row from the folder of the file that `keep` wrote."""
    with (folder / span.file).open("rb") as file:
        file.seek(span.start)
        scores, run, cases, record, csv = from_json(file.read(span.size))
    return Pieces(Markup(scores), Markup(run), Markup(cases), record, csv)  # noqa: S704 - made by templates
