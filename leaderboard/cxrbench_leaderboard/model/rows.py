"""From results to boards: one board a track, ranked rows apart from rows that only stand beside them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

from cxrbench.case import ZONES
from cxrbench.catalog import Card, card
from cxrbench.reported.claims import TRACKS, Claim, System, systems_on
from cxrbench.results.schema import MetricValue, Result
from cxrbench.splits import ALL, DEFAULT, Split
from cxrbench.tasks.track import Track

from cxrbench_leaderboard.model.glossary import DIRECTION, GROUPS, Heading, badness, direction
from cxrbench_leaderboard.model.ranks import Comparison, Place, compare_rows, ranks_of
from cxrbench_leaderboard.model.sources import Found, Source, known_track
from cxrbench_leaderboard.render.cells import known_heading as heading

Kind = Literal["zones", "readers", "labels"]
"""What stands in the brackets of a metric key."""
KINDS = {"submission": "submission", "predictions": "predictions only", "rater": "radiologist"}


@dataclass(frozen=True)
class Row:
    """A submission on a track. `rank` is None for a row out of the ranking, and `reasons` says why in words.

    `place` is the rank with its interval and its group of rows that cannot be told apart.
    """

    source: Source
    rank: int | None
    reasons: tuple[str, ...]
    place: Place | None = None

    @property
    def result(self) -> Result:
        """The result that the row shows."""
        return self.source.result

    @property
    def primary(self) -> MetricValue:
        """The value that ranks."""
        return self.result.metrics[self.result.primary]

    @property
    def failures(self) -> tuple[tuple[str, int], ...]:
        """Why cases have no prediction, with how many each; case ids stay out of the pages."""
        return tuple(sorted(Counter(failed.reason for failed in self.result.coverage.failed).items()))

    @property
    def marks(self) -> tuple[str, ...]:
        """How the predictions came about, where they are not those of an isolated submission."""
        kind = self.result.submission.kind
        if kind != "submission":
            return (KINDS[kind],)
        return ("not isolated",) if self.result.sandbox != "bubblewrap" else ()

    @property
    def limits(self) -> tuple[str, ...]:
        """What keeps a system out of the ranking, in a few words each; in full they are the `reasons`."""
        cover, limits = self.result.coverage, []
        if not cover.complete:
            limits.append(f"{cover.predicted} of {cover.expected} cases")
        if self.result.submission.patients_seen:
            limits.append("trained on these patients")
        if self.result.track.split_sha256 != self.source.split.sha256:
            limits.append("another split version")
        return tuple(limits)

    def is_itself(self, label: str) -> bool:
        """Whether a bracket compares this radiologist with the same radiologist."""
        name = self.result.submission.name.removeprefix("radiologist-")
        return self.result.submission.kind == "rater" and label == f"vs_{name}"


@dataclass(frozen=True, slots=True)
class Detail:
    """One metric by its brackets: the key without them, and the labels in order."""

    base: str
    labels: tuple[str, ...]
    kind: Kind

    def key(self, label: str) -> str:
        """The metric key of one label."""
        return f"{self.base}[{label}]"

    @property
    def keys(self) -> tuple[str, ...]:
        """The metric keys of all labels."""
        return tuple(map(self.key, self.labels))

    @property
    def what(self) -> str:
        """What the brackets are."""
        if self.kind == "zones":
            return "by zone (A\N{EN DASH}C the patient's right lung, D\N{EN DASH}F the left, top to bottom)"
        return "between readers" if self.kind == "readers" else "in detail"

    def word(self, label: str) -> str:
        """A label as a heading: `vs_senior` is "against senior", `senior_vs_junior` "senior against junior"."""
        return label.replace("_vs_", " against ").replace("vs_", "against ").replace("_", " ")


@dataclass(frozen=True)
class Board:
    """One track: its rows, and the printed systems that stand beside them; `compared` are the ranked rows in pairs."""

    track: Track
    split: Split
    ranked: tuple[Row, ...]
    unranked: tuple[Row, ...]
    systems: tuple[System, ...]
    replaced: tuple[Source, ...] = ()
    compared: Comparison | None = None

    @cached_property
    def name(self) -> str:
        """The track as it is written in commands."""
        return str(self.track)

    @property
    def card(self) -> Card:
        """The card of the dataset."""
        return card(self.track.dataset)

    @cached_property
    def title(self) -> str:
        """The track in words, without its task."""
        part = "all cases" if self.track.part == ALL else f"part {self.track.part}"
        split = "" if self.track.split == DEFAULT else f", split {self.track.split}"
        return f"{self.track.dataset}{split}, {part}"

    @cached_property
    def task_title(self) -> str:
        """What is predicted."""
        return self.track.definition().title

    @cached_property
    def primary(self) -> str:
        """The metric key that ranks."""
        return self.track.definition().primary

    @cached_property
    def cases(self) -> tuple[str, ...]:
        """Ids of the track's cases, by the split."""
        return self.split.cases(self.track.part)

    @property
    def n_patients(self) -> int:
        """Patients of the track, by the split."""
        return len({self.split.patients[case] for case in self.cases})

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows, ranked first."""
        return self.ranked + self.unranked

    def cut(self, first: int, last: int) -> "Board":
        """The board with some of its rows alone, `first` (from 0) up to `last`, as one page shows them."""
        n = len(self.ranked)
        below = self.unranked[max(0, first - n) : max(0, last - n)]
        return replace(self, ranked=self.ranked[first:last], unranked=below)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Keys without brackets of all rows, the primary first, then group by group."""
        plain = {key for row in self.rows for key in row.result.metrics if "[" not in key}
        return _in_order(plain | {self.primary}, self.primary)

    @cached_property
    def printed_keys(self) -> tuple[str, ...]:
        """Keys without brackets that have a printed value."""
        plain = {key for system in self.systems for key in system.claims if "[" not in key}
        return _in_order(plain, self.primary)

    @cached_property
    def printed_details(self) -> tuple[Detail, ...]:
        """Printed values with brackets."""
        return _details({key for system in self.systems for key in system.claims}, self.primary)

    @cached_property
    def details(self) -> tuple[Detail, ...]:
        """Keys with brackets, by metric."""
        return _details({key for row in self.rows for key in row.result.metrics}, self.primary)

    @property
    def file(self) -> str:
        """The name of the track's files, without a suffix."""
        return self.track.file_name

    @property
    def n_printed(self) -> int:
        """Printed values that stand beside the track."""
        return sum(len(system.claims) for system in self.systems)

    @property
    def n_checked(self) -> int:
        """How many of them were recomputed from published files."""
        return sum(claim.checked is not None for system in self.systems for claim in system.claims.values())

    @property
    def groups(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The keys without brackets, by the group of their headings."""
        made: dict[str, tuple[str, ...]] = {}
        for key in self.keys:
            made[heading(key).group] = (*made.get(heading(key).group, ()), key)
        return tuple(made.items())

    def heading(self, key: str) -> Heading:
        """How a metric is headed."""
        return heading(key)

    @cached_property
    def direction(self) -> str:
        """Which way the primary metric points, in words."""
        return DIRECTION[self.better(self.primary)]

    def first_of(self, key: str) -> str:
        """The order in which a column sorts first: the better end on top."""
        return "desc" if self.better(key) == "higher" else "asc"

    @property
    def first(self) -> str:
        """The same for the primary metric."""
        return self.first_of(self.primary)

    def better(self, key: str) -> str:
        """Which way a metric points, by the results; where there is none, by the glossary."""
        return self._directions.get(key) or direction(key)

    @cached_property
    def _directions(self) -> dict[str, str]:
        """Which way each metric points, by the first row that has it."""
        found: dict[str, str] = {}
        for row in self.rows:
            for key, metric in row.result.metrics.items():
                found.setdefault(key, metric.better)
        return found


def boards(found: Found, claims: Sequence[Claim]) -> tuple[Board, ...]:
    """A board for every track with a result or a printed claim: real ones first, then by name."""
    by_track: dict[str, list[Source]] = {name: [] for name in TRACKS.values()}
    for source in found.sources:
        by_track.setdefault(str(source.track), []).append(source)
    made = [board_of(name, sources, found.replaced, claims) for name, sources in by_track.items()]
    return tuple(sorted(made, key=lambda board: (board.card.synthetic, board.name)))


def board_of(name: str, sources: Sequence[Source], replaced: Sequence[Source], claims: Sequence[Claim]) -> Board:
    """The board of one track, by its name as commands write it."""
    track, split = known_track(name)
    ranked, unranked, compared = rank(sources)
    return Board(
        track=track,
        split=split,
        ranked=ranked,
        unranked=unranked,
        systems=systems_on(name, claims),
        replaced=tuple(source for source in replaced if source.track == track),
        compared=compared,
    )


def rank(sources: Sequence[Source]) -> tuple[tuple[Row, ...], tuple[Row, ...], Comparison | None]:
    """Rows in the ranking, best first, rows out of it with the reason, and the ranked rows in pairs.

    Rows that cannot be told apart share a rank; see `ranks`.
    """
    least = min((source.result.coverage.unlabelled for source in sources), default=0)
    rows = [Row(source, None, (*reasons(source), *_fewer_labels(source, least))) for source in sources]
    taking = sorted((row for row in rows if not row.reasons), key=_place)
    results = [row.result for row in taking]
    compared = compare_rows(results)
    places = ranks_of(results, compared)
    ranked = tuple(_ranked(row, places[row.result.submission.name]) for row in taking)
    return ranked, tuple(sorted((row for row in rows if row.reasons), key=_place)), compared


def _ranked(row: Row, place: Place) -> Row:
    return Row(row.source, place.rank, (), place)


def reasons(source: Source) -> tuple[str, ...]:
    """Why a result takes no part in the ranking, in words; empty where it does."""
    result, found = source.result, []
    if result.submission.kind == "rater":
        found.append("a radiologist's own readings, shown beside the systems")
    if not result.coverage.complete:
        found.append(f"predicts {result.coverage.predicted} of {result.coverage.expected} cases")
    if result.submission.patients_seen:
        found.append(f"trained on {result.submission.patients_seen} of the track's {result.track.n_patients} patients")
    if result.metrics[result.primary].value is None:
        found.append(f"primary metric undefined: {result.metrics[result.primary].undefined}")
    if result.track.split_sha256 != source.split.sha256:
        found.append(f"scored on another version of the split (version {result.track.split_version})")
    return tuple(found)


def _fewer_labels(source: Source, least: int) -> tuple[str, ...]:
    """A reason where another row of the track was scored with the truth of more cases."""
    lacking = source.result.coverage.unlabelled - least
    return (f"its copy of the dataset lacks the truth of {lacking} cases",) if lacking else ()


def _order(metric: MetricValue) -> float:
    """Smaller is better, whichever way the metric points; undefined comes last."""
    return float("inf") if metric.value is None else badness(metric.value, metric.better)


def _place(row: Row) -> tuple[float, str]:
    return _order(row.primary), row.result.submission.name


def _in_order(keys: set[str], primary: str) -> tuple[str, ...]:
    """The primary metric, the rest of its group, then the other groups."""
    groups, first = ["", *GROUPS.values()], heading(primary).group

    def place(key: str) -> tuple[bool, bool, int, int, str]:
        head = heading(key)
        return key != primary, head.group != first, groups.index(head.group), head.place, key

    return tuple(sorted(keys, key=place))


def _details(keys: set[str], primary: str) -> tuple[Detail, ...]:
    """Single zones first, then readings against each other, then whatever else has brackets."""
    found: dict[tuple[Kind, str], set[str]] = {}
    for key in keys:
        base, label = key.partition("[")[0], heading(key).label
        if label:
            found.setdefault((_kind(label), base), set()).add(label)
    order = _in_order({base for _, base in found}, primary)
    places = [(kind, base) for kind in get_args(Kind) for base in order if (kind, base) in found]
    return tuple(Detail(base, tuple(sorted(found[kind, base])), kind) for kind, base in places)


def _kind(label: str) -> Kind:
    if label in ZONES:
        return "zones"
    return "readers" if "vs_" in label else "labels"
