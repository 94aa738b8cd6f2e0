"""Estimators: statistics of a sample as functions of patient weights.

A draw gives each patient a weight (how often the patient was drawn). An estimator turns patient weights
`[draws, patients]` into values `[draws]`. Sums can be stacked besides, so that all metrics of all submissions are one
matrix product (`evaluate_estimators`), and parts are evaluated once however many estimators are made of them.
Estimators of truth and prediction are in `cxrbench.stats.sample_estimators`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.metrics.ranking import Indices
from cxrbench.stats.exchange import NOT_ALIKE, check_alike
from cxrbench.stats.paired_tests import FormulaTest
from cxrbench.stats.samples import Bools
from cxrbench.stats.stacking import ColumnStack, WeightChunk

K = TypeVar("K", bound=Hashable)


class Estimator(ABC):
    """A statistic that can be drawn, and restricted to some cases where it keeps the cases it was made of.

    What a kind of estimator cannot do gives None: this class is the one that can be drawn and nothing else.
    """

    @property
    @abstractmethod
    def n_patients(self) -> int:
        """How many patients the weights are of."""

    @property
    def cases(self) -> Indices | None:
        """The places of the cases behind the statistic among those of the track `[k]`; None where they are unknown."""
        return None

    @property
    def sum_columns(self) -> Floats | None:
        """The table of sums `[patients, k + 1]` that can be stacked with those of others; None where there is none."""
        return None

    @abstractmethod
    def draw(self, weights: Floats) -> Floats:
        """Evaluate the statistic in some draws.

        Args:
            weights: Patient weights `[draws, patients]`.

        Returns:
            The values `[draws]`, NaN where undefined.
        """

    def point(self) -> float:
        """The value in the sample itself, NaN where undefined."""
        return float(self.draw(np.ones((1, self.n_patients)))[0])

    def restrict(self, mask: Bools) -> "Estimator | None":  # noqa: ARG002
        """The same statistic of some cases, as a function of the weights of all patients.

        Args:
            mask: Which cases of the track to keep, `[cases]`.

        Returns:
            The restricted estimator; None where the statistic does not keep its cases.
        """
        return None

    def per_case(self) -> Floats | None:
        """The statistic of each of its cases alone `[k]`, NaN where undefined; None where it needs several cases."""
        return None

    def paired_test(self, other: "Estimator") -> FormulaTest | None:  # noqa: ARG002
        """Test the difference from another submission by a formula.

        Args:
            other: The same metric of the other submission, on the same cases.

        Returns:
            The test; None where the metric has none.
        """
        return None

    def exchange(self, others: Sequence["Estimator"], bits: Floats) -> Floats:  # noqa: ARG002
        """Values after this submission and the others exchange patients, two at a time.

        Args:
            others: The same metric of other submissions, on the same cases.
            bits: Which patients are kept, `[draws, patients]` of 0 and 1.

        Returns:
            The value of submission i after the exchange with j, `[i, j, draws]`; this submission is the first.

        Raises:
            ValueError: Where the estimators are not of one metric on the same cases, or do not keep their cases.
        """
        raise ValueError(NOT_ALIKE)

    def extend(self, columns: Indices, n_patients: int) -> "Estimator":
        """The same statistic as a function of the weights of more patients.

        Args:
            columns: The place of each present patient among all, `[patients]`.
            n_patients: How many patients there are in all.

        Returns:
            The estimator, to which the added patients make no difference.
        """
        return FunctionEstimator(lambda weights: self.draw(weights[:, columns]), n_patients)

    def leaves(self) -> "list[Estimator]":
        """The estimators that this one is made of, itself where it has no parts."""
        return [self]

    def draw_chunk(self, chunk: WeightChunk) -> Floats:
        """Evaluate a leaf in some draws, sharing what all estimators need of the weights.

        Args:
            chunk: Patient weights of some draws.

        Returns:
            The values `[draws]`.
        """
        return np.asarray(self.draw(chunk.weights), np.float64)

    def combine_leaves(self, values: Mapping[int, Floats]) -> Floats:
        """The values of this estimator from those of its leaves.

        Args:
            values: The values `[draws]` of each leaf, by its `id`.

        Returns:
            The values `[draws]`.
        """
        return values[id(self)]

    def _gather_alike(self, others: Sequence["Estimator"]) -> list[Self]:
        """This estimator and the others, all of one kind; else `ValueError`."""
        same = [other for other in others if isinstance(other, type(self))]
        check_alike(len(same) == len(others))
        return [self, *same]


@dataclass(frozen=True, eq=False)
class FunctionEstimator(Estimator):
    """Any function of patient weights; it can be drawn and nothing else.

    Attributes:
        function: The function from patient weights `[draws, patients]` to values `[draws]`.
        patients: How many patients the weights are of.
    """

    function: Callable[[Floats], Floats]
    patients: int

    @property
    def n_patients(self) -> int:
        """How many patients the weights are of."""
        return self.patients

    def draw(self, weights: Floats) -> Floats:
        """See `Estimator.draw`."""
        return self.function(weights)


@dataclass(frozen=True, eq=False)
class CombinedEstimator(Estimator):
    """A statistic made of others, draw by draw: a mean over zones, a difference of two submissions.

    It can do what all its parts can. Only parts on the same cases can be restricted: where they are on different
    cases, a subgroup may lack one of them and the statistic is then another one.

    Attributes:
        parts: The estimators that it is made of.
        combine: The function from their values `[draws]` each to its own `[draws]`.
    """

    parts: tuple[Estimator, ...]
    combine: Callable[[Sequence[Floats]], Floats]

    @property
    def n_patients(self) -> int:
        """How many patients the weights are of."""
        return self.parts[0].n_patients

    @property
    def cases(self) -> Indices | None:
        """The places of its cases `[k]`; None where they are unknown or differ between its parts."""
        places = [part.cases for part in self.parts]
        first = places[0]
        if first is None or any(other is None or not np.array_equal(other, first) for other in places):
            return None
        return first

    def draw(self, weights: Floats) -> Floats:
        """See `Estimator.draw`."""
        return self.combine([part.draw(weights) for part in self.parts])

    def restrict(self, mask: Bools) -> Estimator | None:
        """See `Estimator.restrict`."""
        if self.cases is None:
            return None
        parts = [restricted for part in self.parts if (restricted := part.restrict(mask)) is not None]
        return CombinedEstimator(tuple(parts), self.combine) if len(parts) == len(self.parts) else None

    def per_case(self) -> Floats | None:
        """See `Estimator.per_case`."""
        if self.cases is None:
            return None
        parts = [values for part in self.parts if (values := part.per_case()) is not None]
        return self.combine(parts) if len(parts) == len(self.parts) else None

    def exchange(self, others: Sequence[Estimator], bits: Floats) -> Floats:
        """See `Estimator.exchange`."""
        group = self._gather_alike(others)
        check_alike(len({len(estimator.parts) for estimator in group}) == 1)
        columns = zip(*(estimator.parts for estimator in group), strict=True)
        return self.combine([parts[0].exchange(parts[1:], bits) for parts in columns])

    def extend(self, columns: Indices, n_patients: int) -> Estimator:
        """See `Estimator.extend`."""
        return CombinedEstimator(tuple(part.extend(columns, n_patients) for part in self.parts), self.combine)

    def leaves(self) -> list[Estimator]:
        """The leaves of all its parts."""
        return [leaf for part in self.parts for leaf in part.leaves()]

    def combine_leaves(self, values: Mapping[int, Floats]) -> Floats:
        """See `Estimator.combine_leaves`."""
        return self.combine([part.combine_leaves(values) for part in self.parts])


def make_undefined(n_patients: int) -> Estimator:
    """Make the estimator of no case at all.

    Args:
        n_patients: How many patients the weights are of.

    Returns:
        An estimator that is undefined in every draw.
    """
    return FunctionEstimator(lambda weights: np.full(weights.shape[:-1], np.nan), n_patients)


def average_estimators(estimators: Sequence[Estimator]) -> Estimator:
    """Average estimators draw by draw.

    Args:
        estimators: Estimators of one kind, such as those of the six lung zones.

    Returns:
        Their plain mean; NaN in a draw in which one of them is.

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> truth, patients = np.array([0.0, 1.0]), ["a", "b"]
        >>> zones = [make_estimator(mae, truth, np.array(pred), patients) for pred in ([0, 2], [1, 4])]
        >>> average_estimators(zones).point()
        1.25
    """
    return CombinedEstimator(tuple(estimators), lambda values: np.asarray(np.mean(values, axis=0)))


def evaluate_estimators(estimators: Mapping[K, Estimator], weights: Iterable[Floats]) -> dict[K, Floats]:
    """Evaluate many estimators on the same draws, each part once.

    The distinct columns of all sums stand side by side, so that a chunk of draws is one matrix product and what
    metrics or submissions share (the marginals of the truth, the number of cases) is added up once.

    Args:
        estimators: The estimators by any key.
        weights: Patient weights `[draws, patients]` in chunks.

    Returns:
        The values `[draws]` of every estimator.

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> estimator = make_estimator(mae, np.array([0.0, 1.0]), np.array([0.0, 3.0]), ["a", "b"])
        >>> evaluate_estimators({"mae": estimator}, [np.array([[1.0, 1.0], [2.0, 0.0]])])["mae"].tolist()
        [1.0, 0.0]
    """
    leaves = {id(leaf): leaf for estimator in estimators.values() for leaf in estimator.leaves()}
    stack = ColumnStack({key: leaf.sum_columns for key, leaf in leaves.items() if leaf.sum_columns is not None})
    drawn: dict[int, list[Floats]] = {key: [] for key in leaves}
    for rows in weights:
        chunk = WeightChunk(rows, stack)
        for key, leaf in leaves.items():
            drawn[key].append(leaf.draw_chunk(chunk))
    values = {key: np.concatenate(parts) if parts else np.zeros(0) for key, parts in drawn.items()}
    return {key: estimator.combine_leaves(values) for key, estimator in estimators.items()}
