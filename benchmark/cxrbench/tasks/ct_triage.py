"""ct-triage: is this CT one of COVID-19, and how much of the lung is affected (Goncharov et al. 2020).

Truth is `targets.category`, `targets.affected_fraction["larger"]` and `targets.lesion_mask`, as far as a case has
them; each metric is of the cases that have its own. `roc_auc` is of COVID-19 against all others, `roc_auc_healthy`
against healthy lungs alone (with other pneumonias left out it is the easier question). `spearman` is of the affected
fraction; `spearman[ct_grade]` of the predicted fraction against the grade 0-4, where grades are all that is known.
`dice` is of the lesion masks, for submissions that return one: see `cxrbench.tasks.segmentation` for empty masks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import roc_auc, spearman
from cxrbench.metrics.masks import dice
from cxrbench.tasks import Arrays, Measured, Row, tasks
from cxrbench.tasks.casewise import Bools, Floats, among, case_mean
from cxrbench.tasks.figures import Figures, labelled, of_probability, spread, together
from cxrbench.tasks.scalars import Scalars
from cxrbench.tasks.segmentation import check_mask, compare_masks, mask_from_row, mask_to_row

MASK_KEYS = {"mask", "runs", "shape"}
MASK_COLUMNS = {"mask", "rle"}
CATEGORIES = ("healthy", "other", "covid")


class CtTriage(Scalars):
    """The task; see the module's docstring."""

    name = "ct-triage"
    title = "COVID-19 on CT, and how much of the lung is affected"
    primary = "roc_auc"
    prediction = "covid and affected_fraction: a number in [0, 1] each; mask: [D, H, W] of lesions, may be left out"
    ranges: ClassVar = dict.fromkeys(("covid", "affected_fraction"), (0.0, 1.0))

    def has_truth(self, case: Case) -> bool:
        """Whether the case has a category, an affected fraction, a grade or a lesion mask."""
        told = case.targets
        return any(one is not None for one in (told.category, told.affected_fraction, told.ct_grade, told.lesion_mask))

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
        """The two numbers, and the mask as run lengths where there is one."""
        mask = {key: value for key, value in prediction.items() if key in MASK_KEYS}
        numbers = super().check({key: prediction[key] for key in prediction if key not in mask})
        return {**numbers, **(check_mask(mask, shape) if mask else {})}

    def to_row(self, prediction: Arrays) -> Row:
        """Columns covid, affected_fraction and, with a mask, rle."""
        return {**super().to_row(prediction), **(mask_to_row(prediction) if "runs" in prediction else {})}

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """The inverse of `to_row`; the mask may be a path in column `mask`, and is absent where its cell is empty."""
        mask = {key: value for key, value in row.items() if key in MASK_COLUMNS and isinstance(value, str)}
        numbers = super().from_row({key: row[key] for key in row if key not in MASK_COLUMNS})
        return {**numbers, **(mask_from_row(mask) if mask else {})}

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """All metrics, each of the cases that have what it needs."""
        covid, fraction = (np.array([one[key] for one in predictions], np.float64) for key in self.ranges)
        found = _categories(cases, covid, patients)
        targets = {"spearman": _affected(cases)}
        targets["spearman[ct_grade]"] = np.array([case.targets.ct_grade for case in cases], np.float64)
        for key, truth in targets.items():
            found[key] = among(spearman, truth, fraction, patients, ~np.isnan(truth), none="no case has a truth for it")
        return {**found, "dice": _masks(cases, predictions, patients)}

    def figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> Figures:
        """ROC curves and calibration of COVID-19, categories by fifths of the probability, the affected fraction."""
        covid, fraction = (np.array([one[key] for one in predictions], np.float64) for key in self.ranges)
        affected = _affected(cases)
        there = ~np.isnan(affected)
        tables = {}
        if there.any():
            steps = (0.05, 0.05)
            tables["fraction_spread"] = spread("Affected fraction", affected[there], fraction[there], 1, steps)
        return together(Figures(tables), *_of_category(cases, covid, patients, seed))


tasks.register("ct-triage")(CtTriage())


def _categories(cases: Sequence[Case], pred: Floats, patients: Sequence[str]) -> dict[str, Measured]:
    """COVID-19 against all others, and against healthy."""
    category = np.array([case.targets.category or "" for case in cases])
    truth = (category == "covid").astype(np.float64)
    sides: dict[str, Bools] = {"roc_auc": category != "", "roc_auc_healthy": np.isin(category, ("covid", "healthy"))}
    return {
        key: among(roc_auc, truth, pred, patients, chosen, none="no case has a category")
        for key, chosen in sides.items()
    }


def _of_category(cases: Sequence[Case], pred: Floats, patients: Sequence[str], seed: int) -> list[Figures]:
    """Against all others and against healthy; nothing where no case has a category."""
    category = np.array([case.targets.category or "" for case in cases])
    known = category != ""
    if not known.any():
        return []
    rows = np.array([CATEGORIES.index(one) for one in category[known]], np.intp)
    fifth = np.minimum(np.floor(pred[known] * 5), 4).astype(np.intp)
    columns = tuple(f"{low / 5:g} to {(low + 1) / 5:g}" for low in range(5))
    table = labelled("Category by probability of COVID-19", rows, fifth, CATEGORIES, columns)
    found = [Figures({"category": table})]
    sides = {"covid": ("COVID-19 against all others", known)}
    sides["covid_healthy"] = ("COVID-19 against healthy", np.isin(category, ("covid", "healthy")))
    for name, (title, chosen) in sides.items():
        truth = (category[chosen] == "covid").astype(np.float64)
        owners = np.asarray(patients)[chosen].tolist()
        found.append(of_probability(name, title, truth, pred[chosen], patients=owners, seed=seed))
    return found


def _affected(cases: Sequence[Case]) -> Floats:
    """The fraction of the more affected lung, NaN where it is not known."""
    return np.array([(case.targets.affected_fraction or {}).get("larger", np.nan) for case in cases])


def _masks(cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]) -> Measured:
    """Mean Dice over the cases whose lesions are drawn and predicted."""
    drawn = np.array([case.targets.lesion_mask is not None for case in cases])
    both = drawn & np.array(["runs" in prediction for prediction in predictions])
    rows = np.flatnonzero(both).tolist()
    found = compare_masks([cases[i] for i in rows], [predictions[i] for i in rows], "lesion_mask", surface=False)
    values = np.full(len(cases), np.nan)
    values[rows] = dice(found.counts)
    one = case_mean(values, patients, better="higher", undefined="no case has drawn and predicted lesions")
    missing = int((drawn & ~both).sum())
    return replace(one, note=f"left out: {missing}, with drawn lesions but no predicted mask") if missing else one
