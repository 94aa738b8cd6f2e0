"""Tasks: what is predicted and how it is scored. One task per file, found by its registry.

A task checks one prediction at a time (it comes from untrusted code), turns predictions into table columns and
back, and names the estimators of its metrics. Everything else (draws, intervals, result files) is shared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import Direction
from cxrbench.registry import Registry
from cxrbench.stats import Estimator

Arrays = Mapping[str, NDArray[np.generic]]
"""A prediction of one case: key to array, exactly as the submission returned it."""
Row = dict[str, float | str | list[float]]
"""The same as columns of a table; lists where a prediction takes several rows (one per box)."""


@dataclass(frozen=True, slots=True)
class MeasuredMetric:
    """One metric of a task, ready to be drawn.

    Attributes:
        estimator: What it estimates.
        direction: Which values are better.
        undefined: Why it can be undefined.
        counted: Which cases are behind it `[n]`; None for all of them.
        note: What a reader must know beside the value (how many cases were left out and why, which operating point).
    """

    estimator: Estimator
    direction: Direction
    undefined: str = "no cases"
    counted: NDArray[np.bool_] | None = None
    note: str | None = None

    def restrict(self, mask: NDArray[np.bool_]) -> "MeasuredMetric | None":
        """The same metric of some cases; its note, which is on all cases, is dropped.

        Args:
            mask: Which cases to keep, `[n]`.

        Returns:
            The restricted metric; None where its estimator does not keep its cases.
        """
        estimator = self.estimator.restrict(mask)
        counted = mask if self.counted is None else mask & self.counted
        return None if estimator is None else replace(self, estimator=estimator, counted=counted, note=None)


class Task(Protocol):
    """What every task file registers.

    Attributes:
        name: The name of the task, the first part of a track's name.
        title: The name in words.
        primary: The key of the metric that ranks.
        prediction: What `predict` returns for an image, in words.
        several_rows: Whether a table may give a case more than one row.
    """

    name: str
    title: str
    primary: str
    prediction: str
    several_rows: bool

    def has_truth(self, case: Case) -> bool:
        """Whether a case has what the task is scored against.

        Args:
            case: A case of any dataset.

        Returns:
            Whether its targets hold the truth of the task.
        """
        ...

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
        """Check a prediction and bring it into its canonical form, which passes unchanged.

        Args:
            prediction: What a submission returned for one image.
            shape: The shape of the image, where the caller has it.

        Returns:
            The prediction in its canonical form.

        Raises:
            ValueError: With the rule that the prediction breaks.
        """
        ...

    def to_row(self, prediction: Arrays) -> Row:
        """Write a checked prediction as columns of a table.

        Args:
            prediction: A checked prediction.

        Returns:
            The columns.
        """
        ...

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """Read a prediction from columns of a table, the inverse of `to_row`.

        Args:
            row: The columns of one case.

        Returns:
            The prediction, not yet checked.

        Raises:
            ValueError: For other columns or text that is no number.
        """
        ...

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, MeasuredMetric]:
        """Measure predictions against the truth.

        Args:
            cases: Cases that have truth for the task `[n]`.
            predictions: The checked prediction of each case `[n]`.
            patients: The patient of each case `[n]`.

        Returns:
            Every metric of the task by its key, ready to be drawn.
        """
        ...


@runtime_checkable
class RaterTask(Protocol):
    """A task on which the readings of a radiologist can be scored as predictions."""

    def from_rater(self, case: Case, rater: str) -> Arrays:
        """The reading of a rater as if it were a prediction.

        Args:
            case: A case that the rater has read.
            rater: The name of the rater.

        Returns:
            The reading as a checked prediction.
        """
        ...


@runtime_checkable
class ReaderStudyTask(Protocol):
    """A task whose cases several raters may have read, so that a submission can be compared with them."""

    def list_readings(self, cases: Sequence[Case]) -> Mapping[str, NDArray[np.float64]]:
        """List the readings of each rater.

        Args:
            cases: Cases `[n]`.

        Returns:
            The scores of each rater of these cases, `[n]` or `[n, zones]`; NaN where a rater did not read a case.
        """
        ...

    def to_scores(self, predictions: Sequence[Arrays]) -> NDArray[np.float64]:
        """Bring predictions into the form of the readings.

        Args:
            predictions: Checked predictions `[n]`.

        Returns:
            Their scores, `[n]` or `[n, zones]`.
        """
        ...

    def estimate_disagreement(
        self, left: NDArray[np.float64], right: NDArray[np.float64], patients: Sequence[str]
    ) -> Estimator:
        """The mean absolute difference of two readings; lower is better.

        Args:
            left: The scores of one rater, `[n]` or `[n, zones]`.
            right: The scores of the other.
            patients: The patient of each case `[n]`.

        Returns:
            The estimator of the mean absolute difference.
        """
        ...


@runtime_checkable
class TunableTask(Protocol):
    """A task with a setting that is chosen on other cases than those it scores: the part `val` of the split."""

    def tune(self, cases: Sequence[Case], predictions: Sequence[Arrays]) -> Task:
        """Choose the setting.

        Args:
            cases: Cases of the part `val` `[n]`.
            predictions: The checked prediction of each `[n]`.

        Returns:
            The task with its setting chosen on these cases.
        """
        ...


tasks: Registry[Task] = Registry("task", "cxrbench.tasks")
