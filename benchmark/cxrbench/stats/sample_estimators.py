"""Estimators of a metric of truth and prediction: they keep their cases, so that they can be restricted and tested."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cxrbench.metrics.base import Floats, Metric, apply_finish, check_vectors
from cxrbench.metrics.ranking import Counts, Indices, RankMetric
from cxrbench.stats.estimators import Estimator, make_undefined
from cxrbench.stats.exchange import check_alike, exchange_ranks, exchange_sums, stack_sums
from cxrbench.stats.paired_tests import FormulaTest, compare_accuracy, compare_roc_auc
from cxrbench.stats.samples import Bools, Patients, Sample, encode_patients, sum_by_patient, sum_over_patients
from cxrbench.stats.stacking import WeightChunk


@dataclass(frozen=True, eq=False)
class SumEstimator(Estimator):
    """A statistic that is a function of sums over patients.

    Attributes:
        table: Sums of each patient `[patients, k + 1]`; the last column is the number of cases.
        finish: The function from sums `[..., k]` and weight `[...]` to the value `[...]`.
        source: The metric and the cases that it was made of; None where it does not keep them.
    """

    table: Floats
    finish: Callable[[Floats, Floats], Floats]
    source: tuple[Metric, Sample] | None = None

    @property
    def n_patients(self) -> int:
        """How many patients the weights are of."""
        return len(self.table)

    @property
    def cases(self) -> Indices | None:
        """The places of its cases among those of the track `[k]`."""
        return self.source[1].cases if self.source else None

    @property
    def sum_columns(self) -> Floats:
        """The table of sums."""
        return self.table

    def draw(self, weights: Floats) -> Floats:
        """See `Estimator.draw`."""
        return self._finish_sums(weights @ self.table)

    def draw_chunk(self, chunk: WeightChunk) -> Floats:
        """See `Estimator.draw_chunk`."""
        return self._finish_sums(chunk.sum_table(id(self)))

    def _finish_sums(self, sums: Floats) -> Floats:
        return apply_finish(self.finish, sums[..., :-1], sums[..., -1])

    def restrict(self, mask: Bools) -> Estimator | None:
        """See `Estimator.restrict`."""
        return _restrict_source(self.source, mask) if self.source else None

    def per_case(self) -> Floats | None:
        """See `Estimator.per_case`."""
        if self.source is None:
            return None
        metric, sample = self.source
        return apply_finish(self.finish, metric.columns(sample.truth, sample.pred), np.ones(len(sample.truth)))

    def paired_test(self, other: Estimator) -> FormulaTest | None:
        """McNemar's test of two accuracies, where each patient has one case."""
        sources = [part.source for part in (self, other) if isinstance(part, SumEstimator) and part.source]
        if len(sources) < 2 or any(metric.name != "accuracy" for metric, _ in sources):
            return None
        return compare_accuracy(*sources)

    def exchange(self, others: Sequence[Estimator], bits: Floats) -> Floats:
        """See `Estimator.exchange`."""
        group = self._gather_alike(others)
        sources = [part.source for part in group if part.source]
        check_alike(len(sources) == len(group))
        metrics, samples = zip(*sources, strict=True)
        return exchange_sums(self.finish, stack_sums(metrics, samples, [part.table for part in group]), bits)

    def extend(self, columns: Indices, n_patients: int) -> Estimator:
        """See `Estimator.extend`; the sums of the added patients are zeros, so that the table can be stacked."""
        table = np.zeros((n_patients, self.table.shape[1]))
        table[columns] = self.table
        return SumEstimator(table, self.finish)


@dataclass(frozen=True, eq=False)
class RankEstimator(Estimator):
    """A statistic that needs its cases in order.

    Attributes:
        metric: The metric.
        sample: The cases that it was made of.
        value: The function from patient weights `[draws, patients]` to values `[draws]`, the cases sorted once.
    """

    metric: RankMetric
    sample: Sample
    value: Callable[[Counts], Floats] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        value = self.metric.bind_cases(self.sample.truth, self.sample.pred, self.sample.member)
        object.__setattr__(self, "value", value)

    @property
    def n_patients(self) -> int:
        """How many patients the weights are of."""
        return self.sample.n_patients

    @property
    def cases(self) -> Indices | None:
        """The places of its cases among those of the track `[k]`."""
        return self.sample.cases

    def draw(self, weights: Floats) -> Floats:
        """See `Estimator.draw`."""
        return self.value(weights)

    def draw_chunk(self, chunk: WeightChunk) -> Floats:
        """See `Estimator.draw_chunk`."""
        return self.value(chunk.counts)

    def restrict(self, mask: Bools) -> Estimator | None:
        """See `Estimator.restrict`."""
        return _restrict_source((self.metric, self.sample), mask)

    def paired_test(self, other: Estimator) -> FormulaTest | None:
        """DeLong's test of two ROC AUCs."""
        if not isinstance(other, RankEstimator) or self.metric.name != "roc_auc":
            return None
        return compare_roc_auc(self.sample, other.sample)

    def exchange(self, others: Sequence[Estimator], bits: Floats) -> Floats:
        """See `Estimator.exchange`."""
        group = self._gather_alike(others)
        return exchange_ranks([part.metric for part in group], [part.sample for part in group], bits)

    def extend(self, columns: Indices, n_patients: int) -> Estimator:
        """See `Estimator.extend`."""
        sample = replace(self.sample, member=columns[self.sample.member], n_patients=n_patients, cases=None)
        return RankEstimator(self.metric, sample)


def make_estimator(
    metric: Metric | RankMetric, truth: Floats, pred: Floats, patients: Patients, *, by_case: bool = True
) -> Estimator:
    """Make the estimator of a metric on all cases.

    Args:
        metric: A metric of truth and prediction.
        truth: True values `[n]`, all finite.
        pred: Predicted values `[n]`, all finite.
        patients: The patient of each case `[n]`.
        by_case: Whether a row is one case; False for a value per patient, which cannot be restricted to some cases.

    Returns:
        The metric as a function of patient weights, patients in the order of their sorted names.

    Raises:
        ValueError: Where the shapes differ or a value breaks the rules of the metric.

    Example:
        >>> from cxrbench.metrics import mae
        >>> estimator = make_estimator(mae, np.array([1.0, 2.0, 0.0]), np.array([1.0, 1.0, 2.0]), ["a", "a", "b"])
        >>> estimator.point(), estimator.draw(np.array([[2.0, 0.0]])).tolist()
        (1.0, [0.5])
    """
    member = encode_patients(patients)
    sides = check_vectors(metric.name, truth, pred)
    cases = np.arange(len(member)) if by_case else None
    sample = Sample(*sides, member, int(member.max(initial=-1)) + 1, cases)
    if isinstance(metric, RankMetric):
        return RankEstimator(metric, sample)
    table = sum_by_patient(metric.columns(sample.truth, sample.pred), member)
    return SumEstimator(table, metric.finish, (metric, sample))


def make_chosen_estimator(
    metric: Metric | RankMetric,
    truth: Floats,
    pred: Floats,
    patients: Patients,
    chosen: Bools,
    *,
    by_case: bool = True,
) -> Estimator:
    """Make the estimator of a metric on some cases, drawn with all patients.

    Args:
        metric: A metric of truth and prediction.
        truth: True values `[n]`, finite where chosen.
        pred: Predicted values `[n]`, finite where chosen.
        patients: The patient of each case `[n]`.
        chosen: Which cases count, `[n]`.
        by_case: Whether a row is one case; False for a value per patient, which cannot be restricted to some cases.

    Returns:
        The metric of the chosen cases as a function of the weights of all patients; undefined where none is chosen.

    Raises:
        ValueError: Where a chosen value breaks the rules of the metric.

    Example:
        >>> from cxrbench.metrics import mae
        >>> sides = np.array([1.0, np.nan, 0.0]), np.array([1.0, 1.0, 2.0])
        >>> make_chosen_estimator(mae, *sides, ["a", "b", "c"], np.array([True, False, True])).point()
        1.0
    """
    member = encode_patients(patients)
    n_patients = int(member.max()) + 1
    if not chosen.any():
        return make_undefined(n_patients)
    cases = np.flatnonzero(chosen) if by_case else None
    sides = check_vectors(metric.name, truth[chosen], pred[chosen])
    return _estimate_sample(metric, Sample(*sides, member[chosen], n_patients, cases))


def _restrict_source(source: tuple[Metric | RankMetric, Sample], mask: Bools) -> Estimator | None:
    metric, sample = source[0], source[1].restrict(mask)
    if sample is None:
        return None
    return _estimate_sample(metric, sample) if len(sample.truth) else make_undefined(sample.n_patients)


def _estimate_sample(metric: Metric | RankMetric, sample: Sample) -> Estimator:
    """The estimator of some patients' cases, as a function of the weights of all patients."""
    if isinstance(metric, RankMetric):
        return RankEstimator(metric, sample)
    rows = metric.columns(sample.truth, sample.pred)
    return SumEstimator(sum_over_patients(rows, sample.member, sample.n_patients), metric.finish, (metric, sample))
