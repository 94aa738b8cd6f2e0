"""monitoring: does the predicted severity follow a patient from study to study (Amer et al. 2020, sections IV-C, V-D).

Truth is a severity that goes with the study: `targets.affected_fraction["larger"]`, measured on CT, or else the global
Brixia score. Studies of one patient are ordered by `targets.day`; a step leads from one to the next, and two studies
of one day make none. Its direction is "worse" or "not worse" (the paper's label 1 where the ratio of the two is above
1, else 0; taken as their difference, so that a step from 0 has one too).

`direction` is the share of steps whose direction is right. `pearson`, `spearman`, `slope` and `intercept` are over
studies, the line of the prediction on the truth; they are given where every study has the same kind of truth.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import Direction, Metric, RankMetric, intercept, pearson, slope, spearman
from cxrbench.tasks import Arrays, MeasuredMetric, tasks
from cxrbench.tasks.casewise import Bools, Floats, measure_chosen, measure_mean
from cxrbench.tasks.figures import TaskFigures, count_labels
from cxrbench.tasks.scalars import ScalarTask

METRICS: dict[str, Metric | RankMetric] = {
    "pearson": pearson,
    "spearman": spearman,
    "slope": slope,
    "intercept": intercept,
}
Step = tuple[int, int]


class Monitoring(ScalarTask):
    """The task; see the module's docstring."""

    name = "monitoring"
    title = "The course of severity from study to study"
    primary = "direction"
    prediction = "severity: any finite number that grows with the disease"
    ranges: ClassVar = {"severity": (-np.inf, np.inf)}

    def has_truth(self, case: Case) -> bool:
        """Whether the study has a day and a severity.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.day is not None and (
            _read_affected_fraction(case) is not None or case.targets.brixia is not None
        )

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """The share of right directions, and correlation and line over studies.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        truth, alike = _read_severity(cases)
        pred = np.array([prediction["severity"] for prediction in predictions], np.float64)
        right = np.full(len(cases), np.nan)
        for before, after in list_steps(cases, patients):
            if alike[before] == alike[after]:
                right[after] = (pred[after] > pred[before]) == (truth[after] > truth[before])
        share = measure_mean(
            right, patients, direction=Direction.HIGHER, undefined="no patient has two studies of different days"
        )
        chosen = np.full(len(cases), alike.all() or not alike.any())
        reason = "the studies have different kinds of truth"
        lines = {
            key: measure_chosen(metric, truth, pred, patients, chosen, none=reason) for key, metric in METRICS.items()
        }
        return {"direction": share, **lines}

    def make_figures(
        self,
        cases: Sequence[Case],
        predictions: Sequence[Arrays],
        patients: Sequence[str],
        seed: int,  # noqa: ARG002
    ) -> TaskFigures:
        """The direction of every step against the truth's; nothing where there is no step.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        truth, alike = _read_severity(cases)
        pred = np.array([prediction["severity"] for prediction in predictions], np.float64)
        pairs = np.array([(a, b) for a, b in list_steps(cases, patients) if alike[a] == alike[b]], np.intp).reshape(
            -1, 2
        )
        if not len(pairs):
            return TaskFigures()
        before, after = pairs.T
        sides = [(values[after] > values[before]).astype(np.intp) for values in (truth, pred)]
        names = ("not worse", "worse")
        return TaskFigures({"direction": count_labels("Direction of a step", sides[0], sides[1], names, names)})


tasks.register("monitoring")(Monitoring())


def list_steps(cases: Sequence[Case], patients: Sequence[str]) -> list[Step]:
    """List the steps from one study of a patient to the next.

    Args:
        cases: Studies `[n]`, each with a day.
        patients: The patient of each study `[n]`.

    Returns:
        Pairs of places (before, after): consecutive studies of a patient, by day; equal days make no step.
    """
    of_patient: dict[str, list[int]] = defaultdict(list)
    for row, patient in enumerate(patients):
        of_patient[patient].append(row)
    pairs = []
    for rows in of_patient.values():
        dated = sorted((day, row) for row in rows if (day := cases[row].targets.day) is not None)
        pairs += [(a, b) for (before, a), (after, b) in pairwise(dated) if before < after]
    return pairs


def _read_affected_fraction(case: Case) -> float | None:
    return (case.targets.affected_fraction or {}).get("larger")


def _read_severity(cases: Sequence[Case]) -> tuple[Floats, Bools]:
    """Severity of each study, and whether it is the fraction on CT."""
    on_ct = np.array([_read_affected_fraction(case) is not None for case in cases])
    values = [
        _read_affected_fraction(case) if ct else sum(case.targets.brixia or ())
        for case, ct in zip(cases, on_ct, strict=True)
    ]
    return np.array(values, np.float64), on_ct
