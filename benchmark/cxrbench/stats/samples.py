"""The cases that a statistic was made of, and their sums within each patient."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics.base import Floats
from cxrbench.metrics.ranking import Indices

Bools = NDArray[np.bool_]
Patients = Sequence[str] | NDArray[np.str_] | NDArray[np.integer]
"""The patient of each case: names, or their codes as `encode_patients` gives them (cheaper where used often)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What an estimator was made of.

    Attributes:
        truth: True values `[k]`.
        pred: Predicted values `[k]`.
        member: The patient of each row `[k]`, as 0...m-1.
        n_patients: How many patients the weights are of (m).
        cases: The place of each row among all cases of the track `[k]`, rising; None where a row is not one case (a
            value per patient).
    """

    truth: Floats
    pred: Floats
    member: Indices
    n_patients: int
    cases: Indices | None

    def restrict(self, mask: Bools) -> "Sample | None":
        """Keep the rows of some cases; the patients stay those of the whole track.

        Args:
            mask: Which cases of the track to keep, `[cases]`.

        Returns:
            The smaller sample, which may be empty; None where a row is not one case.
        """
        if self.cases is None:
            return None
        kept = mask[self.cases]
        return replace(
            self,
            truth=self.truth[kept],
            pred=self.pred[kept],
            member=self.member[kept],
            cases=self.cases[kept],
        )

    @property
    def independent(self) -> bool:
        """Whether each patient has one case at most."""
        return len(np.unique(self.member)) == len(self.member)


def encode_patients(patients: Patients) -> Indices:
    """Number the patients.

    Args:
        patients: The patient of each case `[n]`.

    Returns:
        The patient of each case as a number 0...m-1, in the order of their sorted names, `[n]`.

    Example:
        >>> encode_patients(["b", "a", "b"]).tolist()
        [1, 0, 1]
    """
    return np.asarray(np.unique(np.asarray(patients), return_inverse=True)[1], np.intp)


def sum_by_patient(rows: Floats, member: Indices) -> Floats:
    """Add up rows within each patient, where every patient has a row.

    Args:
        rows: Contributions of the cases `[n, k]`.
        member: The patient of each case `[n]`, as 0...m-1.

    Returns:
        The sums, and in the last column how many cases the patient has: `[m, k + 1]`.

    Example:
        >>> sum_by_patient(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0])).tolist()
        [[5.0, 2.0], [2.0, 1.0]]
    """
    if not len(rows):
        return np.zeros((0, rows.shape[1] + 1))
    order = np.argsort(member, kind="stable")
    starts = np.flatnonzero(np.diff(member[order], prepend=-1))
    return np.add.reduceat(np.column_stack([rows, np.ones(len(rows))])[order], starts, axis=0)


def sum_over_patients(rows: Floats, member: Indices, n_patients: int) -> Floats:
    """Add up rows within each patient, where some patients may have none.

    Args:
        rows: Contributions of the cases `[n, k]`.
        member: The patient of each case `[n]`, as 0...m-1.
        n_patients: How many patients there are (m).

    Returns:
        The sums, and in the last column how many cases the patient has: `[m, k + 1]`; zeros for the other patients.

    Example:
        >>> sum_over_patients(np.array([[1.0], [2.0]]), np.array([2, 2]), 3).tolist()
        [[0.0, 0.0], [0.0, 0.0], [3.0, 2.0]]
    """
    table = np.zeros((n_patients, rows.shape[1] + 1))
    np.add.at(table, member, np.column_stack([rows, np.ones(len(rows))]))
    return table
