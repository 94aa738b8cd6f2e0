"""Tasks: what is predicted and how it is scored. One task a file, found by its registry.

A task checks one prediction at a time (it comes from untrusted code), turns predictions into table columns and
back, and names the estimators of its metrics. Everything else (draws, intervals, result files) is shared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import Better
from cxrbench.registry import Registry
from cxrbench.stats import Estimator

Arrays = Mapping[str, NDArray[np.generic]]
"""A prediction of one case: key to array, exactly as it crossed the wire."""
Row = dict[str, float | str | list[float]]
"""The same as columns of a table; lists where a prediction takes several rows (one a box)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of a task, ready to be drawn: what it estimates, which way it points, why it can be undefined.

    `counted` `[n]` says which cases stand behind it (None: all of them); `note` what a reader must know beside the
    value: how many cases were left out and why, which operating point.
    """

    estimator: Estimator
    better: Better
    undefined: str = "no cases"
    counted: NDArray[np.bool_] | None = None
    note: str | None = None


class Task(Protocol):
    """What every task file registers.

    `primary` is the metric key that ranks; `several_rows` is whether a table may give a case more than one row.
    `check` raises `ValueError` with the broken rule, and leaves what it returned as it is. `measure` needs truth,
    checked predictions and patients in one order; cases without the task's target never reach it.
    """

    name: str
    title: str
    primary: str
    prediction: str
    several_rows: bool

    def has_truth(self, case: Case) -> bool:
        """Whether the case has what the task is scored against."""
        ...

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:
        """The prediction in its canonical form; `ValueError` with the rule that it breaks.

        `shape` is that of the case's image where the caller has it.
        """
        ...

    def to_row(self, prediction: Arrays) -> Row:
        """A checked prediction as columns of a table."""
        ...

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """The inverse of `to_row`; `ValueError` for other columns or text that is no number."""
        ...

    def measure(
        self, cases: Sequence[Case], predictions: Sequence[Arrays], patients: Sequence[str]
    ) -> dict[str, Measured]:
        """Every metric of the task, ready to be drawn."""
        ...


@runtime_checkable
class Rated(Protocol):
    """A task that a radiologist's own readings can be scored on."""

    def from_rater(self, case: Case, rater: str) -> Arrays:
        """A rater's reading of the case as if it were a prediction."""
        ...


@runtime_checkable
class Read(Protocol):
    """A task whose cases several raters may have read: the submission can be put beside them as one more."""

    def readings(self, cases: Sequence[Case]) -> Mapping[str, NDArray[np.float64]]:
        """The scores of each rater of these cases, `[n]` or `[n, zones]`; NaN where a rater did not read a case."""
        ...

    def scores(self, predictions: Sequence[Arrays]) -> NDArray[np.float64]:
        """Checked predictions in the form of the readings."""
        ...

    def disagreement(self, left: NDArray[np.float64], right: NDArray[np.float64], patients: Sequence[str]) -> Estimator:
        """The mean absolute difference of two readings: lower is better."""
        ...


@runtime_checkable
class Tuned(Protocol):
    """A task with a setting that is chosen on other cases than those it scores: the part `val` of the split."""

    def tuned(self, cases: Sequence[Case], predictions: Sequence[Arrays]) -> Task:
        """The task with its setting chosen on these cases."""
        ...


tasks: Registry[Task] = Registry("task", "cxrbench.tasks")
