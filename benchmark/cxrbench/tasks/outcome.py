"""outcome: whether the patient was admitted to intensive care, or died, from the images (Tang et al. 2020).

Truth is `targets.icu` and `targets.death`, of the patient. So is the metric: a patient's score is the mean of the
predictions for his images (a maximum would grow with the number of films, and the sicker have more). Any number that
grows with the risk will do for `roc_auc`, the share of opacity, say, as long as it lies in [0, 1].

`roc_auc` is the mean of `roc_auc[icu]` and `roc_auc[death]`, or the one that is known, and then the note says so.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import average_precision, roc_auc
from cxrbench.tasks import Arrays, Measured, tasks
from cxrbench.tasks.casewise import Bools, Floats, among, mean_of
from cxrbench.tasks.figures import Figures, of_probability, together
from cxrbench.tasks.scalars import Scalars

OUTCOMES = ("icu", "death")
METRICS = {"roc_auc": roc_auc, "average_precision": average_precision}


class Outcome(Scalars):
    """The task; see the module's docstring."""

    name = "outcome"
    title = "Intensive care and death of the patient"
    primary = "roc_auc"
    prediction = "icu and death: a number in [0, 1] each"
    ranges: ClassVar = dict.fromkeys(OUTCOMES, (0.0, 1.0))

    def has_truth(self, case: Case) -> bool:
        """Whether one of the outcomes is known."""
        return case.targets.icu is not None or case.targets.death is not None

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """Each metric of each outcome, and its mean over the outcomes that are known."""
        found: dict[str, Measured] = {}
        known = [name for name in OUTCOMES if any(getattr(case.targets, name) is not None for case in cases)]
        for name in known:
            found |= _of(name, cases, predictions, patients)
        note = None if len(known) == len(OUTCOMES) else f"of {known[0]} alone: the other outcome is not known"
        means = {key: mean_of([found[f"{key}[{name}]"] for name in known], note=note) for key in METRICS}
        return {**means, **found}

    def figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> Figures:
        """ROC curve and calibration of each outcome, a value a patient."""
        found = []
        for name, title in zip(OUTCOMES, ("Intensive care", "Death"), strict=True):
            truth, score, owners, there = _by_patient(name, cases, predictions, patients)
            if there.any():
                own = [owner for owner, use in zip(owners, there, strict=True) if use]
                found.append(of_probability(name, title, truth[there], score[there], patients=own, seed=seed))
        return together(*found)


tasks.register("outcome")(Outcome())


def _of(
    name: str, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
) -> dict[str, Measured]:
    """The metrics of one outcome, a value a patient."""
    truth, score, owners, there = _by_patient(name, cases, predictions, patients)
    known = np.array([getattr(case.targets, name) is not None for case in cases])
    return {
        f"{key}[{name}]": replace(
            among(metric, truth, score, owners, there, none=f"no {name} is known"),
            counted=known,
        )
        for key, metric in METRICS.items()
    }


def _by_patient(
    name: str, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
) -> tuple[Floats, Floats, list[str], Bools]:
    """Truth (0 or 1) and score of each patient, the patients by name, and of which of them the outcome is known."""
    told = np.array([getattr(case.targets, name) for case in cases], np.float64)
    pred = np.array([prediction[name] for prediction in predictions], np.float64)
    owners, member = np.unique(np.asarray(patients), return_inverse=True)
    known = ~np.isnan(told)
    truth, score = (_a_patient(values, member, known, len(owners)) for values in (told, pred))
    there = np.bincount(member[known], minlength=len(owners)) > 0
    return (truth > 0).astype(np.float64), score, owners.tolist(), there


def _a_patient(values: Floats, member: np.ndarray, known: Bools, patients: int) -> Floats:
    """The mean of the known values of each patient; 0 for a patient without any."""
    count = np.bincount(member[known], minlength=patients)
    return np.asarray(np.bincount(member[known], values[known], patients) / np.maximum(count, 1))
