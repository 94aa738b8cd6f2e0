"""extent-opacity: geographic extent 0-8 and opacity 0-6, each the sum of both lungs (Cohen et al. 2020).

Truth is `targets.extent` and `targets.opacity`. Each has its own metrics, `extent_pearson`, `opacity_mae` and so on;
the primary metric, `pearson`, is the mean of the two correlations. A dataset that gives only one of the two scores is
scored on that one, and the note says so. The line (`..._slope`, `..._intercept`) is of the prediction on the truth.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from cxrbench.case import Case
from cxrbench.metrics import Metric, RankMetric, intercept, mae, mean_error, mse, pearson, r2, rmse, slope, spearman
from cxrbench.tasks import Arrays, MeasuredMetric, tasks
from cxrbench.tasks.casewise import Floats, average_metrics, measure_chosen
from cxrbench.tasks.figures import TaskFigures, count_bins
from cxrbench.tasks.scalars import ScalarTask

METRICS: dict[str, Metric | RankMetric] = {
    "pearson": pearson,
    "spearman": spearman,
    "r2": r2,
    "mae": mae,
    "mse": mse,
    "rmse": rmse,
    "mean_error": mean_error,
    "slope": slope,
    "intercept": intercept,
}


class ExtentOpacity(ScalarTask):
    """The task; see the module's docstring."""

    name = "extent-opacity"
    title = "Geographic extent 0-8 and opacity 0-6"
    primary = "pearson"
    prediction = "extent: a number in [0, 8], and opacity: a number in [0, 6]"
    ranges: ClassVar = {"extent": (0.0, 8.0), "opacity": (0.0, 6.0)}

    def has_truth(self, case: Case) -> bool:
        """Whether the case has one of the two scores.

        Args:
            case: A case of any dataset.

        Returns:
            Whether it has truth for the task.
        """
        return case.targets.extent is not None or case.targets.opacity is not None

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """Every metric of each score, and the mean correlation.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        metrics: dict[str, MeasuredMetric] = {}
        known = []
        for score in self.ranges:
            truth = np.array([getattr(case.targets, score) for case in cases], np.float64)
            pred = np.array([prediction[score] for prediction in predictions], np.float64)
            metrics |= _measure_score(score, truth, pred, patients)
            known += [score] if (~np.isnan(truth)).any() else []
        note = None if len(known) == len(self.ranges) else f"of {known[0]} alone: no case has the other score"
        return {"pearson": average_metrics([metrics[f"{score}_pearson"] for score in known], note=note), **metrics}

    def make_figures(
        self,
        cases: Sequence[Case],
        predictions: Sequence[Arrays],
        patients: Sequence[str],  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> TaskFigures:
        """Each score against the truth, in half points, of the cases that have it.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.
            seed: The seed of the draws on the track.

        Returns:
            All figures of the task.
        """
        tables = {}
        for score, (_, top) in self.ranges.items():
            truth = np.array([getattr(case.targets, score) for case in cases], np.float64)
            pred = np.array([prediction[score] for prediction in predictions], np.float64)
            known = ~np.isnan(truth)
            if known.any():
                tables[f"{score}_spread"] = count_bins(score.capitalize(), truth[known], pred[known], top, (0.5, 0.5))
        return TaskFigures(tables)


tasks.register("extent-opacity")(ExtentOpacity())


def _measure_score(score: str, truth: Floats, pred: Floats, patients: Sequence[str]) -> dict[str, MeasuredMetric]:
    """The metrics of a score on the cases that have it (`truth` is NaN elsewhere)."""
    chosen = ~np.isnan(truth)
    return {
        f"{score}_{key}": measure_chosen(metric, truth, pred, patients, chosen, none=f"no case has {score}")
        for key, metric in METRICS.items()
    }
