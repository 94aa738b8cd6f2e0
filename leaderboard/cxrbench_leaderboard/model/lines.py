"""What of a row is shown outside its own track's page: on the overview, its submission's page, in the site's exports.

A track is read and printed by itself, possibly in another process; only columns and lines leave it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxrbench.results.schema import MetricValue, SubmissionInfo

from cxrbench_leaderboard.export.export import track_record
from cxrbench_leaderboard.model.glossary import Heading
from cxrbench_leaderboard.model.ranks import Place
from cxrbench_leaderboard.model.rows import Board
from cxrbench_leaderboard.render.pieces import Span


@dataclass(frozen=True, slots=True)
class Column:
    """A track without its rows; `record` is its object in the exports."""

    name: str
    file: str
    task: str
    dataset: str
    split: str
    title: str
    task_title: str
    synthetic: bool
    primary: Heading
    better: str
    first: str
    ranked: int
    unranked: int
    cases: int
    patients: int
    printed: int
    record: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row in short; `span` is where the pieces of its submission's page are kept."""

    track: str
    synthetic: bool
    about: SubmissionInfo
    primary: MetricValue
    rank: int | None
    place: Place | None
    limits: tuple[str, ...]
    marks: tuple[str, ...]
    started: str
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission over some tracks: its newest result gives the words, `lines` what it has on each track."""

    about: SubmissionInfo
    newest: Line
    lines: Mapping[str, Line]

    @property
    def is_rater(self) -> bool:
        """Whether it is a radiologist and no system."""
        return self.about.kind == "rater"


def column_of(board: Board) -> Column:
    """What the overview says of a track."""
    return Column(
        name=board.name,
        file=board.file,
        task=board.track.task,
        dataset=board.track.dataset,
        split=board.split.label,
        title=board.title,
        task_title=board.task_title,
        synthetic=board.card.synthetic,
        primary=board.heading(board.primary),
        better=board.better(board.primary),
        first=board.first,
        ranked=len(board.ranked),
        unranked=len(board.unranked),
        cases=len(board.cases),
        patients=board.n_patients,
        printed=board.n_printed,
        record=track_record(board),
    )


def entries(lines: Sequence[Line]) -> tuple[Entry, ...]:
    """One entry a submission: systems by title, then radiologists."""
    by_name: dict[str, dict[str, Line]] = {}
    for line in lines:
        by_name.setdefault(line.about.name, {})[line.track] = line
    found = []
    for own in by_name.values():
        newest = max(own.values(), key=lambda line: (line.started, line.track))
        found.append(Entry(newest.about, newest, own))
    return tuple(sorted(found, key=lambda one: (one.is_rater, one.about.title.casefold(), one.about.name)))
