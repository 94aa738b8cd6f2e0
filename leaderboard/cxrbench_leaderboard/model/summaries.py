"""What of a track and of a row is shown outside the page of the track: on the overview, on the pages of submissions.

A track is read and written in one step, possibly in another process; only these summaries leave that step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from cxrbench.catalog import find_card
from cxrbench.metrics.direction import Direction
from cxrbench.reported.claims import Claim
from cxrbench.results.schema import MetricValue, SubmissionInfo
from cxrbench.stats import Rank

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.glossary import MetricHeading
from cxrbench_leaderboard.model.rows import Row


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """A track without its rows: its name and words, its split, its primary metric, how many rows and cases it has."""

    name: str
    file: str
    task: str
    dataset: str
    split: str
    part: str
    split_label: str
    split_version: int
    split_sha256: str
    title: str
    task_title: str
    synthetic: bool
    primary: MetricHeading
    direction: Direction
    sort_order: str
    n_ranked: int
    n_unranked: int
    n_cases: int
    n_patients: int
    n_reported: int
    n_checked: int


@dataclass(frozen=True, slots=True)
class RowSummary:
    """A row in short."""

    track: str
    synthetic: bool
    about: SubmissionInfo
    primary: MetricValue
    ranking: Rank | None
    limits: tuple[str, ...]
    marks: tuple[str, ...]
    started: str

    @property
    def rank(self) -> int | None:
        """The rank; None for a row that is not ranked."""
        return self.ranking.rank if self.ranking else None


@dataclass(frozen=True, slots=True)
class SubmissionSummary:
    """A submission on several tracks: its newest result describes it, `rows` has its row per track."""

    about: SubmissionInfo
    newest: RowSummary
    rows: dict[str, RowSummary]

    @property
    def is_reader(self) -> bool:
        """Whether it is a radiologist and no system."""
        return self.about.kind == "rater"


@dataclass(frozen=True)
class SiteSummary:
    """Every track and every row of the site in short, and the values that papers report."""

    tracks: tuple[TrackSummary, ...]
    rows: tuple[RowSummary, ...]
    claims: tuple[Claim, ...]

    @property
    def newest(self) -> str:
        """The day (UTC) of the newest result, empty where there is none."""
        return max((row.started[:10] for row in self.rows), default="")

    @property
    def real_tracks(self) -> tuple[TrackSummary, ...]:
        """Tracks on real data."""
        return tuple(track for track in self.tracks if not track.synthetic)

    @property
    def synthetic_tracks(self) -> tuple[TrackSummary, ...]:
        """Tracks on the phantom."""
        return tuple(track for track in self.tracks if track.synthetic)

    @cached_property
    def real_submissions(self) -> tuple[SubmissionSummary, ...]:
        """Submissions with a result on real data."""
        return group_by_submission([row for row in self.rows if not row.synthetic])

    @cached_property
    def synthetic_submissions(self) -> tuple[SubmissionSummary, ...]:
        """Submissions with a result on the phantom."""
        return group_by_submission([row for row in self.rows if row.synthetic])

    @property
    def used_tracks(self) -> tuple[TrackSummary, ...]:
        """Tracks on real data that have a result."""
        used = set(chain.from_iterable(submission.rows for submission in self.real_submissions))
        return tuple(track for track in self.real_tracks if track.name in used)


def summarize_track(board: Board) -> TrackSummary:
    """Summarize a track for the overview and the exports.

    Args:
        board: The track.

    Returns:
        The summary.
    """
    return TrackSummary(
        name=board.name,
        file=board.file,
        task=board.track.task,
        dataset=board.track.dataset,
        split=board.track.split,
        part=board.track.part,
        split_label=board.split.label,
        split_version=board.split.version,
        split_sha256=board.split.sha256,
        title=board.title,
        task_title=board.task_title,
        synthetic=board.card.synthetic,
        primary=board.heading(board.primary),
        direction=board.find_direction(board.primary),
        sort_order=board.find_sort_order(board.primary),
        n_ranked=len(board.ranked),
        n_unranked=len(board.unranked),
        n_cases=len(board.cases),
        n_patients=board.n_patients,
        n_reported=board.n_reported,
        n_checked=board.n_checked,
    )


def summarize_row(board: Board, row: Row) -> RowSummary:
    """Summarize a row for the overview and the pages of submissions.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The summary.
    """
    return RowSummary(
        track=board.name,
        synthetic=find_card(board.track.dataset).synthetic,
        about=row.result.submission,
        primary=row.primary,
        ranking=row.ranking,
        limits=row.limits,
        marks=row.marks,
        started=row.file.started.isoformat(),
    )


def group_by_submission(rows: Sequence[RowSummary]) -> tuple[SubmissionSummary, ...]:
    """Group rows by their submission.

    Args:
        rows: Rows of any tracks.

    Returns:
        One entry per submission: systems by title, then radiologists.
    """
    by_name: dict[str, dict[str, RowSummary]] = {}
    for row in rows:
        by_name.setdefault(row.about.name, {})[row.track] = row
    submissions = []
    for by_track in by_name.values():
        newest = max(by_track.values(), key=lambda row: (row.started, row.track))
        submissions.append(SubmissionSummary(newest.about, newest, by_track))
    return tuple(sorted(submissions, key=lambda item: (item.is_reader, item.about.title.casefold(), item.about.name)))
