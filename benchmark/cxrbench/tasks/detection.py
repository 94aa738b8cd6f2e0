"""detection: the probability of the finding (pneumonia, COVID-19) in one image, against `targets.finding`.

What needs a threshold (sensitivity, specificity, PPV, accuracy) is taken at one operating point: the probability
whose point on the ROC curve of the split's part `val` is closest to the corner. `evaluate` predicts `val` too where
the split has one; a table of predictions may hold its cases besides those of the track. Without such predictions, or
with one class among them, the operating point is 0.5. The note of each of these metrics says which it was.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import (
    Metric,
    RankMetric,
    accuracy,
    average_precision,
    brier,
    ece,
    find_corner_threshold,
    ppv,
    roc_auc,
    sensitivity,
    specificity,
)
from cxrbench.tasks import Arrays, MeasuredMetric, Task, tasks
from cxrbench.tasks.casewise import Floats, measure_cases
from cxrbench.tasks.figures import TaskFigures, count_labels, make_probability_figures, merge_figures
from cxrbench.tasks.scalars import ScalarTask

FREE: dict[str, Metric | RankMetric] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "brier": brier,
    "ece": ece(),
}
"""Metrics that need no threshold; the calibration error is over ten bins of equal width."""
AT_THRESHOLD = {"sensitivity": sensitivity, "specificity": specificity, "ppv": ppv, "accuracy": accuracy}
FALLBACK = 0.5


class Detection(ScalarTask):
    """The task at an operating point, with where that comes from; see the module's docstring."""

    name = "detection"
    title = "Finding or not"
    primary = "roc_auc"
    prediction = "probability: a number in [0, 1]"
    ranges: ClassVar = {"probability": (0.0, 1.0)}

    def __init__(self, threshold: float = FALLBACK, origin: str = "not chosen: no predictions on val") -> None:
        self.threshold, self.origin = threshold, origin

    def has_truth(self, case: Case) -> bool:
        """Whether it is known if the case has the finding.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.finding is not None

    def tune(self, cases: Sequence[Case], predictions: Sequence[Arrays]) -> Task:
        """The task at the operating point that is closest to the ROC curve's corner on these cases.

        Args:
            cases: Cases of the part `val` `[n]`.
            predictions: The checked prediction of each `[n]`.

        Returns:
            The task with its setting chosen on these cases.
        """
        chosen = find_corner_threshold(_read_truth(cases), _read_probabilities(predictions))
        if np.isnan(chosen):
            return Detection(origin="not chosen: val has one class")
        return Detection(chosen, f"chosen on {len(cases)} cases of val")

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """Metrics over all thresholds, and those at the operating point.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        truth, pred = _read_truth(cases), _read_probabilities(predictions)
        note = f"operating point {self.threshold:.4g}, {self.origin}"
        metrics = {key: measure_cases(metric, truth, pred, patients) for key, metric in FREE.items()}
        for key, at in AT_THRESHOLD.items():
            metrics[key] = replace(measure_cases(at(self.threshold), truth, pred, patients), note=note)
        return metrics

    def make_figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> TaskFigures:
        """Calls at the operating point against the truth, the ROC curve, calibration.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        truth, pred = _read_truth(cases), _read_probabilities(predictions)
        sides = truth.astype(np.intp), (pred >= self.threshold).astype(np.intp)
        columns = (f"below {self.threshold:.4g}", f"at least {self.threshold:.4g}")
        called = count_labels("Finding at the operating point", *sides, ("no finding", "finding"), columns)
        return merge_figures(
            TaskFigures({"called": called}),
            make_probability_figures("finding", "Finding", truth, pred, patients=patients, seed=seed),
        )


tasks.register("detection")(Detection())


def _read_truth(cases: Sequence[Case]) -> Floats:
    return np.array([case.targets.finding for case in cases], np.float64)


def _read_probabilities(predictions: Sequence[Arrays]) -> Floats:
    return np.array([prediction["probability"] for prediction in predictions], np.float64)
