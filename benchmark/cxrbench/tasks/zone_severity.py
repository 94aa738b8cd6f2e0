"""zone-severity: how many of six lung zones are affected, 0-6 (Danilov et al. 2022; the T score of Signoroni et al.).

Truth is `targets.zone_severity`, the mean of two radiologists, so that half points occur. Errors and correlation are
on the numbers as they are; the kappas round both sides first, half to even, as the paper's own figures do. The paper's
Table 10 separates normal and COVID-19 radiographs: `mae[covid]`, `mae[normal]` and so on, of the cases whose target
`finding` is true or false. Where a dataset keeps the single `readings`, agreement with each reader is given beside that
between the readers: `kappa[vs_R]`, `kappa[R_vs_D]`, of the cases that both have scored.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import Metric, RankMetric, kappa, kappa_quadratic, mae, mean_error, pearson, rmse, spearman
from cxrbench.stats import Estimator, make_estimator
from cxrbench.tasks import Arrays, MeasuredMetric, tasks
from cxrbench.tasks.casewise import Floats, measure_cases, measure_chosen
from cxrbench.tasks.figures import TaskFigures, count_bins, count_classes
from cxrbench.tasks.readers import pair_readings, stack_readings
from cxrbench.tasks.scalars import ScalarTask

CLASSES = 7
METRICS: dict[str, Metric | RankMetric] = {
    "mae": mae,
    "rmse": rmse,
    "mean_error": mean_error,
    "pearson": pearson,
    "spearman": spearman,
    "kappa": kappa(CLASSES),
    "kappa_quadratic": kappa_quadratic(CLASSES),
}
APART = ("mae", "rmse", "mean_error")
"""Metrics of COVID-19 and normal radiographs alone: all normal ones score 0, so correlation and kappa are undefined."""


class ZoneSeverity(ScalarTask):
    """The task; see the module's docstring."""

    name = "zone-severity"
    title = "Affected lung zones, 0-6"
    primary = "mae"
    prediction = "zone_severity: a number in [0, 6]"
    ranges: ClassVar = {"zone_severity": (0.0, 6.0)}

    def has_truth(self, case: Case) -> bool:
        """Whether the case has the score.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.zone_severity is not None

    def list_readings(self, cases: Sequence[Case]) -> dict[str, Floats]:
        """The score `[n]` of each reader, NaN where a reader did not read the case.

        Args:
            cases: Cases `[n]`.

        Returns:
            The scores of each rater of these cases.
        """
        return stack_readings([case.targets.readings for case in cases], np.nan)

    def to_scores(self, predictions: Sequence[Arrays]) -> Floats:
        """The scores `[n]` of checked predictions.

        Args:
            predictions: Checked predictions `[n]`.

        Returns:
            Their scores.
        """
        return np.array([prediction["zone_severity"] for prediction in predictions], np.float64)

    def estimate_disagreement(self, left: Floats, right: Floats, patients: Sequence[str]) -> Estimator:
        """The mean absolute difference.

        Args:
            left: The scores of one rater.
            right: The scores of the other.
            patients: The patient of each case `[n]`.

        Returns:
            The estimator; lower is better.
        """
        return make_estimator(mae, left, right, patients)

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """All metrics on all cases; errors on COVID-19 and on normal radiographs alone, where both are there.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        truth = np.array([case.targets.zone_severity for case in cases], np.float64)
        pred = self.to_scores(predictions)
        metrics = {key: measure_cases(metric, truth, pred, patients) for key, metric in METRICS.items()}
        metrics |= _measure_readers(self.list_readings(cases), pred, patients)
        for label, finding in (("covid", True), ("normal", False)):
            chosen = np.array([case.targets.finding is finding for case in cases])
            for key in APART if chosen.any() else ():
                reason = f"no {label} case"
                metrics[f"{key}[{label}]"] = measure_chosen(METRICS[key], truth, pred, patients, chosen, none=reason)
        return metrics

    def make_figures(
        self,
        cases: Sequence[Case],
        predictions: Sequence[Arrays],
        patients: Sequence[str],  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> TaskFigures:
        """The score against the truth: rounded as the kappas have it, and in half points.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        truth = np.array([case.targets.zone_severity for case in cases], np.float64)
        pred = self.to_scores(predictions)
        tables = {
            "score": count_classes("Affected zones", truth, pred, tuple(map(str, range(CLASSES)))),
            "score_spread": count_bins("Affected zones", truth, pred, CLASSES - 1, (0.5, 0.5)),
        }
        return TaskFigures(tables)


tasks.register("zone-severity")(ZoneSeverity())


def _measure_readers(
    readings: Mapping[str, Floats], pred: Floats, patients: Sequence[str]
) -> dict[str, MeasuredMetric]:
    """Agreement of the prediction with each reader on the cases that the reader read, and of each two readers."""
    metrics: dict[str, MeasuredMetric] = {}
    for label, left, right in pair_readings(readings, pred):
        chosen = ~np.isnan(left + right)
        for key in ("mae", "pearson", "kappa"):
            metrics[f"{key}[{label}]"] = measure_chosen(
                METRICS[key], left, right, patients, chosen, none="no case read"
            )
    return metrics
