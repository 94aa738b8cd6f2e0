"""From results to boards: one board per track, with ranked rows and the rows that are shown without a rank."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cxrbench.catalog import DatasetCard, find_card
from cxrbench.metrics.direction import Direction
from cxrbench.reported.claims import Claim, ReportedSystem, list_systems
from cxrbench.splits import ALL, DEFAULT, Split
from cxrbench.stats import PanelComparison
from cxrbench.tasks.track import Track

from cxrbench_leaderboard.model.glossary import MetricHeading, describe_metric, find_direction
from cxrbench_leaderboard.model.metric_columns import LabelledMetric, list_labelled_metrics, sort_keys
from cxrbench_leaderboard.model.ranks import compare_results, make_ranks
from cxrbench_leaderboard.model.result_files import ResultFile, load_known_track
from cxrbench_leaderboard.model.rows import Row, list_reasons


@dataclass(frozen=True)
class Board:
    """One track: its rows, and the systems with reported values; `compared` holds the paired tests of ranked rows."""

    track: Track
    split: Split
    ranked: tuple[Row, ...]
    unranked: tuple[Row, ...]
    systems: tuple[ReportedSystem, ...]
    replaced: tuple[ResultFile, ...] = ()
    compared: PanelComparison | None = None

    @cached_property
    def name(self) -> str:
        """The track as commands write it."""
        return str(self.track)

    @property
    def file(self) -> str:
        """The name of the track's files, without their ending."""
        return self.track.file_name

    @property
    def card(self) -> DatasetCard:
        """The card of the dataset."""
        return find_card(self.track.dataset)

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
        """The key of the primary metric."""
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
        """All rows, ranked rows first."""
        return self.ranked + self.unranked

    def select_rows(self, first: int, last: int) -> "Board":
        """Select the rows of one page.

        Args:
            first: The first row, from 0.
            last: One more than the last row.

        Returns:
            The board with these rows alone.
        """
        n = len(self.ranked)
        below = self.unranked[max(0, first - n) : max(0, last - n)]
        return replace(self, ranked=self.ranked[first:last], unranked=below)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Metric keys without labels of all rows, the primary metric first, then group by group."""
        plain = {key for row in self.rows for key in row.result.metrics if "[" not in key}
        return sort_keys(plain | {self.primary}, self.primary)

    @cached_property
    def reported_keys(self) -> tuple[str, ...]:
        """Metric keys without labels that have a reported value."""
        plain = {key for system in self.systems for key in system.claims if "[" not in key}
        return sort_keys(plain, self.primary)

    @cached_property
    def reported_details(self) -> tuple[LabelledMetric, ...]:
        """Reported metrics with labels."""
        return list_labelled_metrics({key for system in self.systems for key in system.claims}, self.primary)

    @cached_property
    def details(self) -> tuple[LabelledMetric, ...]:
        """Metrics with labels of all rows."""
        return list_labelled_metrics({key for row in self.rows for key in row.result.metrics}, self.primary)

    @property
    def n_reported(self) -> int:
        """Values that papers report on this track."""
        return sum(len(system.claims) for system in self.systems)

    @property
    def n_checked(self) -> int:
        """Reported values that were recomputed."""
        return sum(claim.checked is not None for system in self.systems for claim in system.claims.values())

    @cached_property
    def groups(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Columns under their group headings."""
        groups: dict[str, tuple[str, ...]] = {}
        for key in self.keys:
            group = describe_metric(key).group
            groups[group] = (*groups.get(group, ()), key)
        return tuple(groups.items())

    def heading(self, key: str) -> MetricHeading:
        """Describe a metric for a heading.

        Args:
            key: A metric key.

        Returns:
            The heading.
        """
        return describe_metric(key)

    @cached_property
    def direction_phrase(self) -> str:
        """The direction of the primary metric in words."""
        return self.find_direction(self.primary).phrase

    def find_sort_order(self, key: str) -> str:
        """Find the order in which a column sorts first, with the better values on top.

        Args:
            key: A metric key.

        Returns:
            "asc" or "desc".
        """
        return "desc" if self.find_direction(key) is Direction.HIGHER else "asc"

    def find_direction(self, key: str) -> Direction:
        """Find the direction of a metric by the results, or by the glossary where no row has the metric.

        Args:
            key: A metric key.

        Returns:
            The direction.
        """
        return self._directions.get(key) or find_direction(key)

    @cached_property
    def _directions(self) -> dict[str, Direction]:
        """The direction of each metric, by the first row that has the metric."""
        directions: dict[str, Direction] = {}
        for row in self.rows:
            for key, metric in row.result.metrics.items():
                directions.setdefault(key, metric.better)
        return directions


def build_board(
    name: str, files: Sequence[ResultFile], replaced: Sequence[ResultFile], claims: Sequence[Claim]
) -> Board:
    """Build the board of one track.

    Args:
        name: The track as commands write it.
        files: The results of the track.
        replaced: Results that an earlier folder replaces.
        claims: The values that papers report, of any track.

    Returns:
        The board.
    """
    track, split = load_known_track(name)
    ranked, unranked, compared = rank_results(files)
    return Board(
        track=track,
        split=split,
        ranked=ranked,
        unranked=unranked,
        systems=list_systems(name, claims),
        replaced=tuple(file for file in replaced if file.track == track),
        compared=compared,
    )


def rank_results(files: Sequence[ResultFile]) -> tuple[tuple[Row, ...], tuple[Row, ...], PanelComparison | None]:
    """Rank the results of one track; rows that do not differ significantly share a rank (see `ranks`).

    Args:
        files: The results.

    Returns:
        Ranked rows, best first; rows out of the ranking with their reasons; the paired tests of the ranked rows.
    """
    fewest = min((file.result.coverage.unlabelled for file in files), default=0)
    rows = sorted((Row(file, list_reasons(file, fewest)) for file in files), key=_sort_key)
    taking_part = [row for row in rows if not row.reasons]
    results = [row.result for row in taking_part]
    compared = compare_results(results)
    rankings = make_ranks(results, compared)
    ranked = tuple(replace(row, ranking=rankings[row.result.submission.name]) for row in taking_part)
    return ranked, tuple(row for row in rows if row.reasons), compared


def _sort_key(row: Row) -> tuple[float, str]:
    """The loss of the primary metric, with an undefined value last, then the name."""
    metric = row.primary
    loss = float("inf") if metric.value is None else metric.better.loss(metric.value)
    return loss, row.result.submission.name
