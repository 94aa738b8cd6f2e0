"""The human yardstick of a result: the submission as one more rater beside those who read the track's cases."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxrbench.errors import UsageError
from cxrbench.results.store import read_result
from cxrbench.scoring.compare import predictions_of
from cxrbench.scoring.score import lay_out
from cxrbench.stats import Yardstick, seed_of, yardstick
from cxrbench.tasks import Read
from cxrbench.tasks.track import Track


@dataclass(frozen=True, slots=True)
class Human:
    """The yardstick in mean absolute difference, on the `n` predicted cases that every rater read."""

    track: str
    n: int
    n_patients: int
    found: Yardstick

    def as_dict(self) -> dict[str, object]:
        """For JSON: `raters` and `submission` with their intervals, `ahead` (positive: agrees better), `matrix`."""
        names, matrix = self.found.names, self.found.matrix
        spans = {"raters": self.found.raters, "submission": self.found.submission, "ahead": self.found.gap}
        return {
            "track": self.track,
            "measure": "mean absolute difference",
            "n": self.n,
            "n_patients": self.n_patients,
            **{key: {"value": one.value, "low": one.low, "high": one.high} for key, one in spans.items()},
            "p": self.found.p,
            "verdict": self.found.verdict,
            "matrix": {a: {b: float(matrix[i, j]) for j, b in enumerate(names) if i != j} for i, a in enumerate(names)},
        }


def beside_raters(path: Path, data: str | None) -> Human:
    """Put a result's predictions beside the raters of its track.

    Raises `UsageError` where the task has no readings, fewer than two raters read the same cases, or the result is
    a rater's own.
    """
    result = read_result(path)
    if result.submission.kind == "rater":
        raise UsageError("the result is a rater's own", str(path), "give a submission's")
    ground = lay_out(Track.parse(result.track.name), data)
    task = ground.track.definition()
    predictions = predictions_of(result, path, ground)
    cases = [case for case in ground.cases if case.id in predictions]
    readings = task.readings(cases) if isinstance(task, Read) else {}
    if not isinstance(task, Read) or len(readings) < 2:
        raise UsageError("the track has no two raters", str(ground.track), "compare two results instead")
    read = np.logical_and.reduce([~np.isnan(one.reshape(len(cases), -1)).any(1) for one in readings.values()])
    if not read.any():
        raise UsageError("no case was read by all raters", str(ground.track), "compare two results instead")
    patients = [ground.split.patients[case.id] for case, use in zip(cases, read, strict=True) if use]
    found = yardstick(
        lambda left, right: task.disagreement(left, right, patients),
        task.scores([predictions[case.id] for case in cases])[read],
        {name: one[read] for name, one in readings.items()},
        "lower",
        n=len(patients),
        n_patients=len(set(patients)),
        seed=seed_of(str(ground.track)),
    )
    return Human(str(ground.track), len(patients), len(set(patients)), found)
