"""Inter-rater agreement of a result: the submission as one more rater beside those who read the cases of the track."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.errors import UsageError
from cxrbench.metrics import Direction
from cxrbench.results.store import read_result
from cxrbench.scoring.compare import read_predictions
from cxrbench.scoring.track_cases import TrackCases, load_track_cases
from cxrbench.stats import RaterComparison, compare_with_raters
from cxrbench.tasks import ReaderStudyTask
from cxrbench.tasks.track import Track


@dataclass(frozen=True, slots=True)
class InterRaterAgreement:
    """Agreement of a submission with the raters, and of the raters with each other, in mean absolute difference.

    Attributes:
        track: The name of the track.
        n: How many predicted cases every rater read.
        n_patients: How many patients these are of.
        comparison: The agreement of every two, with intervals.
    """

    track: str
    n: int
    n_patients: int
    comparison: RaterComparison

    def as_dict(self) -> dict[str, object]:
        """For JSON: `raters` and `submission` with their intervals, `ahead` (positive: agrees better), `matrix`."""
        comparison = self.comparison
        names, matrix = comparison.names, comparison.matrix
        spans = {"raters": comparison.raters, "submission": comparison.submission, "ahead": comparison.advantage}
        return {
            "track": self.track,
            "measure": "mean absolute difference",
            "n": self.n,
            "n_patients": self.n_patients,
            **{key: {"value": span.value, "low": span.low, "high": span.high} for key, span in spans.items()},
            "p": comparison.p,
            "verdict": comparison.verdict,
            "matrix": {a: {b: float(matrix[i, j]) for j, b in enumerate(names) if i != j} for i, a in enumerate(names)},
        }


def measure_agreement(path: Path, data: str | None) -> InterRaterAgreement:
    """Compare the predictions of a result with the raters of its track.

    Args:
        path: The result file of a submission.
        data: The folder below which datasets are; None for the default place.

    Returns:
        The agreement on the predicted cases that every rater read.

    Raises:
        UsageError: Where the task has no readings, fewer than two raters read the same cases, or the result is that of
            a rater.
        DataError: Where the predictions are absent or were changed.
    """
    result = read_result(path)
    if result.submission.kind == "rater":
        raise UsageError("the result is a rater's own", str(path), "give a submission's")
    track_cases = load_track_cases(Track.parse(result.track.name), data)
    predictions = read_predictions(result, path, track_cases)
    cases = [case for case in track_cases.cases if case.id in predictions]
    task = track_cases.task
    readings = task.list_readings(cases) if isinstance(task, ReaderStudyTask) else {}
    if not isinstance(task, ReaderStudyTask) or len(readings) < 2:
        raise UsageError("the track has no two raters", str(track_cases.track), "compare two results instead")
    complete = _find_complete(readings, cases, track_cases)
    patients = track_cases.list_patients([case for case, kept in zip(cases, complete, strict=True) if kept])
    comparison = compare_with_raters(
        lambda left, right: task.estimate_disagreement(left, right, patients),
        task.to_scores([predictions[case.id] for case in cases])[complete],
        {name: scores[complete] for name, scores in readings.items()},
        Direction.LOWER,
        n=len(patients),
        n_patients=len(set(patients)),
        seed=track_cases.seed,
    )
    return InterRaterAgreement(str(track_cases.track), len(patients), len(set(patients)), comparison)


def _find_complete(
    readings: Mapping[str, NDArray[np.float64]], cases: Sequence[Case], track_cases: TrackCases
) -> NDArray[np.bool_]:
    """Which cases every rater read."""
    unread = [np.isnan(scores.reshape(len(cases), -1)).any(1) for scores in readings.values()]
    complete = ~np.logical_or.reduce(unread)
    if not complete.any():
        raise UsageError("no case was read by all raters", str(track_cases.track), "compare two results instead")
    return np.asarray(complete)
