"""detection: the probability of the finding (pneumonia, COVID-19) in one image, against `targets.finding`.

What needs a threshold (sensitivity, specificity, PPV, accuracy) is taken at one operating point: the probability
whose point on the ROC curve of the split's part `val` lies closest to the corner. `evaluate` predicts `val` too where
the split has one; a table of predictions may hold its cases beside the track's own. Without such predictions, or with
one class among them, the operating point is 0.5. The note of each of these metrics says which it was.
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
    corner_threshold,
    ece,
    ppv,
    roc_auc,
    sensitivity,
    specificity,
)
from cxrbench.tasks import Arrays, Measured, Task, tasks
from cxrbench.tasks.casewise import Floats, measured
from cxrbench.tasks.figures import Figures, labelled, of_probability, together
from cxrbench.tasks.scalars import Scalars

FREE: dict[str, Metric | RankMetric] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "brier": brier,
    "ece": ece(),
}
"""Metrics that need no threshold; the calibration error is over ten bins of equal width."""
AT_THRESHOLD = {"sensitivity": sensitivity, "specificity": specificity, "ppv": ppv, "accuracy": accuracy}
FALLBACK = 0.5


class Detection(Scalars):
    """The task at an operating point, with where that comes from; see the module's docstring."""

    name = "detection"
    title = "Finding or not"
    primary = "roc_auc"
    prediction = "probability: a number in [0, 1]"
    ranges: ClassVar = {"probability": (0.0, 1.0)}

    def __init__(self, threshold: float = FALLBACK, origin: str = "not chosen: no predictions on val") -> None:
        self.threshold, self.origin = threshold, origin

    def has_truth(self, case: Case) -> bool:
        """Whether it is known if the case has the finding."""
        return case.targets.finding is not None

    def tuned(self, cases: Sequence[Case], predictions: Sequence[Arrays]) -> Task:
        """The task at the operating point that is closest to the ROC curve's corner on these cases."""
        chosen = corner_threshold(_truth(cases), _probability(predictions))
        if np.isnan(chosen):
            return Detection(origin="not chosen: val has one class")
        return Detection(chosen, f"chosen on {len(cases)} cases of val")

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """Metrics over all thresholds, and those at the operating point."""
        truth, pred = _truth(cases), _probability(predictions)
        note = f"operating point {self.threshold:.4g}, {self.origin}"
        found = {key: measured(metric, truth, pred, patients) for key, metric in FREE.items()}
        for key, at in AT_THRESHOLD.items():
            found[key] = replace(measured(at(self.threshold), truth, pred, patients), note=note)
        return found

    def figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> Figures:
        """Calls at the operating point against the truth, the ROC curve, calibration."""
        truth, pred = _truth(cases), _probability(predictions)
        sides = truth.astype(np.intp), (pred >= self.threshold).astype(np.intp)
        columns = (f"below {self.threshold:.4g}", f"at least {self.threshold:.4g}")
        called = labelled("Finding at the operating point", *sides, ("no finding", "finding"), columns)
        return together(
            Figures({"called": called}), of_probability("finding", "Finding", truth, pred, patients=patients, seed=seed)
        )


tasks.register("detection")(Detection())


def _truth(cases: Sequence[Case]) -> Floats:
    return np.array([case.targets.finding for case in cases], np.float64)


def _probability(predictions: Sequence[Arrays]) -> Floats:
    return np.array([prediction["probability"] for prediction in predictions], np.float64)
