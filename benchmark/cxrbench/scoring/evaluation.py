"""One evaluation: the predictions of a submission on cases of a track, its metrics, and the result made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.results.figures import FigureSet, make_figure_set
from cxrbench.results.provenance import describe_benchmark, record_provenance
from cxrbench.results.schema import (
    Cost,
    Coverage,
    Extremes,
    FailedCase,
    MetricValue,
    PredictionsFile,
    Result,
    SubmissionInfo,
)
from cxrbench.scoring.best_and_worst import find_extremes
from cxrbench.scoring.paired_sums import compute_paired_sums
from cxrbench.scoring.subgroups import score_subgroups
from cxrbench.scoring.track_cases import TrackCases
from cxrbench.scoring.training_overlap import count_patients_seen
from cxrbench.scoring.values import to_metric_value
from cxrbench.splits import Split, find_split
from cxrbench.stats import compute_intervals
from cxrbench.tasks import Arrays, MeasuredMetric, Task, TunableTask
from cxrbench.tasks.figures import FigureTask, TaskFigures


@dataclass(frozen=True)
class Evaluation:
    """Predictions on some cases of a track.

    Attributes:
        track_cases: The cases of the track.
        cases: The cases that are scored, each of them predicted.
        predictions: Checked predictions by case id, those of the tuning cases among them.
    """

    track_cases: TrackCases
    cases: Sequence[Case]
    predictions: Mapping[str, Arrays]

    @cached_property
    def patients(self) -> NDArray[np.str_]:
        """The patient of each case `[n]`, by the split."""
        return np.array(self.track_cases.list_patients(self.cases))

    @property
    def n_patients(self) -> int:
        """How many patients the cases are of."""
        return len(np.unique(self.patients))

    @property
    def seed(self) -> int:
        """The seed of all draws on the track."""
        return self.track_cases.seed

    @cached_property
    def task(self) -> Task:
        """The task of the track, its setting chosen on the tuning cases that are predicted."""
        task, tuning = self.track_cases.task, [case for case in self.track_cases.tuning if case.id in self.predictions]
        if tuning and isinstance(task, TunableTask):
            return task.tune(tuning, self._select_predictions(tuning))
        return task

    @cached_property
    def measured(self) -> dict[str, MeasuredMetric]:
        """Every metric of the task on the cases, ready to be drawn."""
        return self.measure(self.cases)

    def measure(self, cases: Sequence[Case]) -> dict[str, MeasuredMetric]:
        """Measure the task on some of the cases alone.

        Args:
            cases: Predicted cases.

        Returns:
            Every metric of the task on these cases.
        """
        return self.task.measure(cases, self._select_predictions(cases), self.track_cases.list_patients(cases))

    def _select_predictions(self, cases: Sequence[Case]) -> list[Arrays]:
        return [self.predictions[case.id] for case in cases]

    def score_metrics(self) -> dict[str, MetricValue]:
        """Every metric with its 95 % interval over the patients of the split."""
        scores = compute_intervals(
            {key: metric.estimator for key, metric in self.measured.items()},
            n=len(self.cases),
            n_patients=self.n_patients,
            seed=self.seed,
            reasons={key: metric.undefined for key, metric in self.measured.items()},
        )
        return {key: to_metric_value(score, self.measured[key], self.patients) for key, score in scores.items()}

    def score_subgroups(self) -> dict[str, dict[str, MetricValue]]:
        """The metrics of each subgroup, on the same draws as the whole."""
        return score_subgroups(
            self.cases, self.patients, self.measured, self.measure, seed=self.seed, primary=self.task.primary
        )

    def make_figures(self) -> FigureSet:
        """What the pages draw; the sums for paired comparison where every case of the track is predicted."""
        figures = TaskFigures()
        if isinstance(self.task, FigureTask):
            predictions = self._select_predictions(self.cases)
            figures = self.task.make_figures(self.cases, predictions, self.patients.tolist(), self.seed)
        primary = self.task.primary
        complete = len(self.cases) == self.track_cases.expected
        sums = compute_paired_sums(primary, self.measured[primary], self.patients, self.seed) if complete else None
        return make_figure_set(figures, sums)

    def find_extremes(self) -> Extremes | None:
        """The best and worst cases; None where the split is a rule, because the ids of its cases are not public."""
        track = self.track_cases.track
        public = isinstance(find_split(track.dataset, track.split), Split)
        return find_extremes(self.measured[self.task.primary], self.cases) if public else None

    def to_result(
        self,
        submission: SubmissionInfo,
        *,
        started: datetime,
        failed: Mapping[str, str],
        cost: Cost | None = None,
        sandbox: str = "none",
        predictions: PredictionsFile | None = None,
    ) -> Result:
        """Make the result of the evaluation.

        Args:
            submission: Who made the predictions.
            started: When the run started.
            failed: The reason for each case without a prediction.
            cost: What running the submission took; None where it did not run here.
            sandbox: How the submission was isolated.
            predictions: The table of predictions beside the result; None where none is kept.

        Returns:
            The result, with metrics, subgroups, figures and provenance.

        Raises:
            SubmissionError: Where the submission was trained on a part that does not exist.
            DataError: Where it cannot be checked which patients of the track were seen in training.
        """
        seen = count_patients_seen(self.track_cases, submission.trained_on)
        return Result(
            benchmark=describe_benchmark(),
            submission=submission.model_copy(update={"patients_seen": seen}),
            track=self.track_cases.to_info(),
            primary=self.task.primary,
            metrics=self.score_metrics(),
            subgroups=self.score_subgroups(),
            cost=cost or Cost(),
            coverage=self._describe_coverage(failed),
            sandbox=sandbox,
            predictions=predictions,
            figures=self.make_figures(),
            extremes=self.find_extremes(),
            provenance=record_provenance(started, self.seed),
        )

    def _describe_coverage(self, failed: Mapping[str, str]) -> Coverage:
        return Coverage(
            expected=self.track_cases.expected,
            predicted=len(self.cases),
            unlabelled=len(self.track_cases.unlabelled),
            failed=tuple(FailedCase(case=name, reason=failed[name]) for name in sorted(failed)),
        )
