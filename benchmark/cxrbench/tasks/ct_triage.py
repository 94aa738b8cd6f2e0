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
from cxrbench.metrics import Direction, roc_auc, spearman
from cxrbench.metrics.masks import dice
from cxrbench.tasks import Arrays, MeasuredMetric, Row, tasks
from cxrbench.tasks.casewise import Bools, Floats, measure_chosen, measure_mean
from cxrbench.tasks.figures import TaskFigures, count_bins, count_labels, make_probability_figures, merge_figures
from cxrbench.tasks.masks.comparison import compare_masks
from cxrbench.tasks.masks.prediction import check_mask, make_mask_row, read_mask_row
from cxrbench.tasks.scalars import ScalarTask

MASK_KEYS = {"mask", "runs", "shape"}
MASK_COLUMNS = {"mask", "rle"}
CATEGORIES = ("healthy", "other", "covid")


class CtTriage(ScalarTask):
    """The task; see the module's docstring."""

    name = "ct-triage"
    title = "COVID-19 on CT, and how much of the lung is affected"
    primary = "roc_auc"
    prediction = "covid and affected_fraction: a number in [0, 1] each; mask: [D, H, W] of lesions, may be left out"
    ranges: ClassVar = dict.fromkeys(("covid", "affected_fraction"), (0.0, 1.0))

    def has_truth(self, case: Case) -> bool:
        """Whether the case has a category, an affected fraction, a grade or a lesion mask.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        targets = case.targets
        kinds = (targets.category, targets.affected_fraction, targets.ct_grade, targets.lesion_mask)
        return any(truth is not None for truth in kinds)

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
        """The two numbers, and the mask as run lengths where there is one.

        Args:
            prediction: What a submission returned for one image.
            shape: The shape of the image, where known.

        Returns:
            The prediction in its canonical form.

        Raises:
            ValueError: With the rule that the prediction breaks.
        """
        mask = {key: value for key, value in prediction.items() if key in MASK_KEYS}
        numbers = super().check({key: prediction[key] for key in prediction if key not in mask})
        return {**numbers, **(check_mask(mask, shape) if mask else {})}

    def to_row(self, prediction: Arrays) -> Row:
        """Columns covid, affected_fraction and, with a mask, rle.

        Args:
            prediction: A checked prediction.

        Returns:
            The columns.
        """
        return {**super().to_row(prediction), **(make_mask_row(prediction) if "runs" in prediction else {})}

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """Read a prediction from columns of a table.

        The mask may be a path in column `mask`, and is absent where its cell is empty.

        Args:
            row: The columns of one case.

        Returns:
            The prediction, not yet checked.

        Raises:
            ValueError: For other columns or text that is no number.
        """
        mask = {key: value for key, value in row.items() if key in MASK_COLUMNS and isinstance(value, str)}
        numbers = super().from_row({key: row[key] for key in row if key not in MASK_COLUMNS})
        return {**numbers, **(read_mask_row(mask) if mask else {})}

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """All metrics, each of the cases that have what it needs.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        covid, fraction = (np.array([pred[key] for pred in predictions], np.float64) for key in self.ranges)
        metrics = _measure_categories(cases, covid, patients)
        targets = {"spearman": _read_affected_fractions(cases)}
        targets["spearman[ct_grade]"] = np.array([case.targets.ct_grade for case in cases], np.float64)
        for key, truth in targets.items():
            known = ~np.isnan(truth)
            metrics[key] = measure_chosen(spearman, truth, fraction, patients, known, none="no case has a truth for it")
        return {**metrics, "dice": _measure_masks(cases, predictions, patients)}

    def make_figures(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str], seed: int
    ) -> TaskFigures:
        """ROC curves and calibration of COVID-19, categories by fifths of the probability, the affected fraction.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        covid, fraction = (np.array([pred[key] for pred in predictions], np.float64) for key in self.ranges)
        affected = _read_affected_fractions(cases)
        known = ~np.isnan(affected)
        tables = {}
        if known.any():
            steps = (0.05, 0.05)
            tables["fraction_spread"] = count_bins("Affected fraction", affected[known], fraction[known], 1, steps)
        return merge_figures(TaskFigures(tables), *_draw_categories(cases, covid, patients, seed))


tasks.register("ct-triage")(CtTriage())


def _measure_categories(cases: Sequence[Case], pred: Floats, patients: Sequence[str]) -> dict[str, MeasuredMetric]:
    """COVID-19 against all others, and against healthy."""
    category = np.array([case.targets.category or "" for case in cases])
    truth = (category == "covid").astype(np.float64)
    sides: dict[str, Bools] = {"roc_auc": category != "", "roc_auc_healthy": np.isin(category, ("covid", "healthy"))}
    return {
        key: measure_chosen(roc_auc, truth, pred, patients, chosen, none="no case has a category")
        for key, chosen in sides.items()
    }


def _draw_categories(cases: Sequence[Case], pred: Floats, patients: Sequence[str], seed: int) -> list[TaskFigures]:
    """Against all others and against healthy; nothing where no case has a category."""
    category = np.array([case.targets.category or "" for case in cases])
    known = category != ""
    if not known.any():
        return []
    rows = np.array([CATEGORIES.index(name) for name in category[known]], np.intp)
    fifth = np.minimum(np.floor(pred[known] * 5), 4).astype(np.intp)
    columns = tuple(f"{low / 5:g} to {(low + 1) / 5:g}" for low in range(5))
    table = count_labels("Category by probability of COVID-19", rows, fifth, CATEGORIES, columns)
    figures = [TaskFigures({"category": table})]
    sides = {"covid": ("COVID-19 against all others", known)}
    sides["covid_healthy"] = ("COVID-19 against healthy", np.isin(category, ("covid", "healthy")))
    for name, (title, chosen) in sides.items():
        truth = (category[chosen] == "covid").astype(np.float64)
        owners = np.asarray(patients)[chosen].tolist()
        figures.append(make_probability_figures(name, title, truth, pred[chosen], patients=owners, seed=seed))
    return figures


def _read_affected_fractions(cases: Sequence[Case]) -> Floats:
    """The fraction of the more affected lung, NaN where it is not known."""
    return np.array([(case.targets.affected_fraction or {}).get("larger", np.nan) for case in cases])


def _measure_masks(cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]) -> MeasuredMetric:
    """Mean Dice over the cases whose lesions are drawn and predicted."""
    drawn = np.array([case.targets.lesion_mask is not None for case in cases])
    both = drawn & np.array(["runs" in prediction for prediction in predictions])
    rows = np.flatnonzero(both).tolist()
    comparison = compare_masks([cases[i] for i in rows], [predictions[i] for i in rows], "lesion_mask", surface=False)
    values = np.full(len(cases), np.nan)
    values[rows] = dice(comparison.counts)
    metric = measure_mean(
        values, patients, direction=Direction.HIGHER, undefined="no case has drawn and predicted lesions"
    )
    missing = int((drawn & ~both).sum())
    note = f"left out: {missing}, with drawn lesions but no predicted mask"
    return replace(metric, note=note) if missing else metric
