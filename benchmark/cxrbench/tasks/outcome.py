"""outcome: whether the patient was admitted to intensive care, or died, from the images (Tang et al. 2020).

Truth is `targets.icu` and `targets.death`, of the patient. So is the metric: a patient's score is the mean of the
predictions for the patient's images (a maximum would grow with the number of radiographs, and sicker patients have
more). Any number in [0, 1] that grows with the risk will do for `roc_auc`, for example the share of opacity.

`roc_auc` is the mean of `roc_auc[icu]` and `roc_auc[death]`, or the one that is known, and then the note says so.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import average_precision, roc_auc
from cxrbench.stats import encode_patients
from cxrbench.tasks import Arrays, MeasuredMetric, tasks
from cxrbench.tasks.casewise import Bools, Floats, average_metrics, measure_chosen
from cxrbench.tasks.figures import TaskFigures, make_probability_figures, merge_figures
from cxrbench.tasks.scalars import ScalarTask

OUTCOMES = ("icu", "death")
METRICS = {"roc_auc": roc_auc, "average_precision": average_precision}


class Outcome(ScalarTask):
    """The task; see the module's docstring."""

    name = "outcome"
    title = "Intensive care and death of the patient"
    primary = "roc_auc"
    prediction = "icu and death: a number in [0, 1] each"
    ranges: ClassVar = dict.fromkeys(OUTCOMES, (0.0, 1.0))

    def has_truth(self, case: Case) -> bool:
        """Whether one of the outcomes is known.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.icu is not None or case.targets.death is not None

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """Each metric of each outcome, and its mean over the outcomes that are known.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        metrics: dict[str, MeasuredMetric] = {}
        known = [name for name in OUTCOMES if any(getattr(case.targets, name) is not None for case in cases)]
        for name in known:
            metrics |= _measure_outcome(name, cases, predictions, patients)
        note = None if len(known) == len(OUTCOMES) else f"of {known[0]} alone: the other outcome is not known"
        means = {key: average_metrics([metrics[f"{key}[{name}]"] for name in known], note=note) for key in METRICS}
        return {**means, **metrics}

    def make_figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> TaskFigures:
        """ROC curve and calibration of each outcome, one value per patient.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        figures = []
        for name, title in zip(OUTCOMES, ("Intensive care", "Death"), strict=True):
            truth, score, owners, there = _average_by_patient(name, cases, predictions, patients)
            if there.any():
                kept = [owner for owner, use in zip(owners, there, strict=True) if use]
                figures.append(
                    make_probability_figures(name, title, truth[there], score[there], patients=kept, seed=seed)
                )
        return merge_figures(*figures)


tasks.register("outcome")(Outcome())


def _measure_outcome(
    name: str, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
) -> dict[str, MeasuredMetric]:
    """The metrics of an outcome, one value per patient; it is by case where each patient has one, in order."""
    truth, score, owners, there = _average_by_patient(name, cases, predictions, patients)
    known = np.array([getattr(case.targets, name) is not None for case in cases])
    by_case = np.array_equal(encode_patients(patients), np.arange(len(cases)))
    return {
        f"{key}[{name}]": replace(
            measure_chosen(metric, truth, score, owners, there, none=f"no {name} is known", by_case=by_case),
            counted=known,
        )
        for key, metric in METRICS.items()
    }


def _average_by_patient(
    name: str, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
) -> tuple[Floats, Floats, list[str], Bools]:
    """Truth (0 or 1) and score of each patient, the patients by name, and of which of them the outcome is known."""
    outcome = np.array([getattr(case.targets, name) for case in cases], np.float64)
    pred = np.array([prediction[name] for prediction in predictions], np.float64)
    owners, member = np.unique(np.asarray(patients), return_inverse=True)
    known = ~np.isnan(outcome)
    truth, score = (_average_known(values, member, known, len(owners)) for values in (outcome, pred))
    there = np.bincount(member[known], minlength=len(owners)) > 0
    return (truth > 0).astype(np.float64), score, owners.tolist(), there


def _average_known(values: Floats, member: np.ndarray, known: Bools, patients: int) -> Floats:
    """The mean of the known values of each patient; 0 for a patient without any."""
    count = np.bincount(member[known], minlength=patients)
    return np.asarray(np.bincount(member[known], values[known], patients) / np.maximum(count, 1))
