"""The cases of a track in this copy of its dataset, and the predictions that are checked against them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cxrbench.case import Case
from cxrbench.catalog import find_card
from cxrbench.datasets import Dataset, load
from cxrbench.errors import DataError, SubmissionError
from cxrbench.results.schema import TrackInfo
from cxrbench.splits import ALL, Split
from cxrbench.stats import derive_seed
from cxrbench.tasks import Arrays, Row, Task, TunableTask
from cxrbench.tasks.track import Track

TUNING = "val"
"""The part that settings may be chosen on."""


@dataclass(frozen=True)
class TrackCases:
    """The cases of a track in this copy of its dataset.

    Attributes:
        track: The track.
        dataset: The dataset as it was read.
        split: The split of the track.
        cases: The cases of the track that are in this copy and have truth for the task.
        absent: Cases of the track that this copy lacks, with the reason.
        tuning: Cases of the part `val`, where the task has a setting to choose and the track is another part.
        unlabelled: Cases of the part for which the dataset gives no truth for the task; no prediction is expected.
        data: The folder below which the dataset was found; None for the default place.
    """

    track: Track
    dataset: Dataset
    split: Split
    cases: tuple[Case, ...]
    absent: Mapping[str, str]
    tuning: tuple[Case, ...] = ()
    unlabelled: tuple[str, ...] = ()
    data: str | None = None

    @property
    def task(self) -> Task:
        """The task of the track, with its default setting."""
        return self.track.definition()

    @property
    def seed(self) -> int:
        """The seed of all draws on this track."""
        return derive_seed(str(self.track))

    @property
    def expected(self) -> int:
        """How many cases a complete row predicts."""
        return len(self.cases) + len(self.absent)

    @property
    def patients(self) -> list[str]:
        """The patient of each case, by the split."""
        return self.list_patients(self.cases)

    def list_patients(self, cases: Sequence[Case]) -> list[str]:
        """List the patients of some cases.

        Args:
            cases: Cases of the track's dataset.

        Returns:
            The patient of each, by the split.
        """
        return [self.split.patients[case.id] for case in cases]

    def to_info(self) -> TrackInfo:
        """The track as it is recorded in a result."""
        track, split, card = self.track, self.split, find_card(self.track.dataset)
        names = split.cases(track.part)
        return TrackInfo(
            name=str(track),
            task=track.task,
            dataset=track.dataset,
            dataset_version=card.version,
            synthetic=card.synthetic,
            split=split.name,
            split_version=split.version,
            split_sha256=split.sha256,
            part=track.part,
            n_cases=len(names),
            n_patients=len({split.patients[name] for name in names}),
        )


def load_track_cases(track: Track, data: str | None) -> TrackCases:
    """Load the dataset of a track and select its cases.

    Args:
        track: The track.
        data: The folder below which datasets are; None for the default place.

    Returns:
        The cases; a case that the copy lacks is absent, with a reason.

    Raises:
        DataError: Where no case of the track is there.
    """
    dataset, task = load(track.dataset, data), track.definition()
    split = track.load_split(dataset.cases)
    by_id = dataset.by_id
    names = split.cases(track.part)
    absent = {name: "not in this copy of the dataset" for name in names if name not in by_id}
    unlabelled = tuple(name for name in names if name in by_id and not task.has_truth(by_id[name]))
    cases = tuple(by_id[name] for name in names if name in by_id and task.has_truth(by_id[name]))
    if not cases:
        raise DataError(f"no case of the track {track} was found", str(data), "check --data")
    return TrackCases(track, dataset, split, cases, absent, _list_tuning_cases(track, split, by_id), unlabelled, data)


def _list_tuning_cases(track: Track, split: Split, by_id: Mapping[str, Case]) -> tuple[Case, ...]:
    task = track.definition()
    if not isinstance(task, TunableTask) or track.part in (TUNING, ALL) or TUNING not in split.parts:
        return ()
    return tuple(by_id[name] for name in split.cases(TUNING) if name in by_id and task.has_truth(by_id[name]))


def check_predictions(track_cases: TrackCases, rows: Mapping[str, Row]) -> dict[str, Arrays]:
    """Read predictions from the rows of a table and check each by the rules of the task.

    Args:
        track_cases: The cases of the track.
        rows: The columns of each prediction, by case id.

    Returns:
        The checked predictions, by case id.

    Raises:
        SubmissionError: Where a case is not of the track or a prediction breaks a rule; it names the case and the rule.
    """
    task = track_cases.task
    known = set(track_cases.split.cases(track_cases.track.part)) | {case.id for case in track_cases.tuning}
    extra = sorted(set(rows) - known)
    if extra:
        raise SubmissionError(f"{len(extra)} predictions are not of this track", extra[0], "leave them out")
    predictions: dict[str, Arrays] = {}
    for case, row in rows.items():
        try:
            predictions[case] = task.check(task.from_row(row))
        except ValueError as error:
            raise SubmissionError(str(error), f"case {case}", "correct the prediction") from error
    return predictions
