"""Estimators: statistics of a sample as functions of patient weights.

A draw gives each patient a weight (how often it was drawn). An `Estimator` turns patient weights `[draws, patients]`
into values `[draws]`; any such function will do. Those made here are transparent besides: sums that can be stacked,
so that all metrics of all submissions are one matrix product (`evaluate`), and parts that are evaluated once however
many estimators are made of them.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics.base import Floats, Metric, checked, finished
from cxrbench.metrics.ranking import Counts, Indices, RankMetric, whole
from cxrbench.metrics.raters import RaterMetric

Estimator = Callable[[Floats], Floats]
Patients = Sequence[str] | NDArray[np.integer]
"""The patient of each case: names, or their codes as `patient_codes` gives them (cheaper where used often)."""
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Sample:
    """What an estimator was made of: truth and prediction `[n]`, and the patient `[n]` of each case as 0...m-1."""

    truth: Floats
    pred: Floats
    member: Indices
    n_patients: int


@dataclass(frozen=True, slots=True, eq=False)
class Additive:
    """A statistic that is a function of sums over patients: `table` `[patients, k + 1]`, the last column cases."""

    table: Floats
    finish: Callable[[Floats, Floats], Floats]
    source: tuple[Metric, Sample] | None = None

    def __call__(self, weights: Floats) -> Floats:
        """Values `[draws]` for patient weights `[draws, patients]`."""
        return self.of_totals(weights @ self.table)

    def of_totals(self, totals: Floats) -> Floats:
        """Values for sums `[..., k + 1]` of the table's rows."""
        return finished(self.finish, totals[..., :-1], totals[..., -1])


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A statistic that needs its cases in order."""

    value: Callable[[Counts], Floats]
    source: tuple[RankMetric, Sample]

    def __call__(self, weights: Floats) -> Floats:
        """Values `[draws]` for patient weights `[draws, patients]`."""
        return self.value(weights)


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """A statistic made of others, draw by draw: a mean over zones, a difference of two submissions."""

    parts: tuple[Estimator, ...]
    combine: Callable[[Sequence[Floats]], Floats]

    def __call__(self, weights: Floats) -> Floats:
        """Values `[draws]` for patient weights `[draws, patients]`."""
        return self.combine([part(weights) for part in self.parts])


def patient_codes(patients: Patients) -> Indices:
    """The patient of each case as a number 0...m-1, in the order of their sorted names."""
    return np.asarray(np.unique(np.asarray(patients), return_inverse=True)[1], np.intp)


def clustered(metric: Metric | RankMetric, truth: Floats, pred: Floats, patients: Patients) -> Estimator:
    """The metric as a function of patient weights; raises `ValueError` where a side breaks the metric's rules."""
    member = patient_codes(patients)
    sample = Sample(*checked(metric.name, truth, pred), member, int(member.max(initial=-1)) + 1)
    if isinstance(metric, RankMetric):
        return Ranked(metric.over(sample.truth, sample.pred, member), (metric, sample))
    return Additive(patient_sums(metric.columns(sample.truth, sample.pred), member), metric.finish, (metric, sample))


def clustered_readings(metric: RaterMetric, readings: Floats, patients: Patients) -> Estimator:
    """A metric of many raters, readings `[n, raters]`, as a function of patient weights."""
    return Additive(patient_sums(metric.columns(metric.checked(readings)), patient_codes(patients)), metric.finish)


def patient_sums(rows: Floats, member: Indices) -> Floats:
    """The rows `[n, k]` added up within each patient, and how many cases it has: `[patients, k + 1]`."""
    if not len(rows):
        return np.zeros((0, rows.shape[1] + 1))
    order = np.argsort(member, kind="stable")
    starts = np.flatnonzero(np.diff(member[order], prepend=-1))
    return np.add.reduceat(np.column_stack([rows, np.ones(len(rows))])[order], starts, axis=0)


def mean_of(estimators: Sequence[Estimator]) -> Estimator:
    """The plain mean of estimators; NaN in a draw in which one of them is."""
    return Combined(tuple(estimators), lambda values: np.asarray(np.mean(values, axis=0)))


def evaluate(estimators: Mapping[K, Estimator], weights: Iterable[Floats]) -> dict[K, Floats]:
    """Values `[draws]` of every estimator on chunks of patient weights, each part evaluated once.

    The distinct columns of all additive parts stand side by side, so that a chunk is one matrix product and what
    metrics or submissions share (the truth's marginals, the number of cases) is added up once.
    """
    leaves = {id(leaf): leaf for one in estimators.values() for leaf in _leaves(one)}
    additive = {key: leaf for key, leaf in leaves.items() if isinstance(leaf, Additive)}
    ordered = {key: leaf for key, leaf in leaves.items() if isinstance(leaf, Ranked)}
    foreign = {key: leaf for key, leaf in leaves.items() if key not in additive and key not in ordered}
    stacked, places = _stack([leaf.table for leaf in additive.values()])
    found: dict[int, list[Floats]] = {key: [] for key in leaves}
    for rows in weights:
        totals = rows @ stacked if additive else rows
        for (key, part), own in zip(additive.items(), places, strict=True):
            found[key].append(part.of_totals(totals[:, own]))
        counts = whole(rows, rows.shape[1]) if ordered else rows
        for key, leaf in ordered.items():
            found[key].append(leaf.value(counts))
        for key, other in foreign.items():
            found[key].append(np.asarray(other(rows), np.float64))
    values = {key: np.concatenate(parts) if parts else np.zeros(0) for key, parts in found.items()}
    return {key: _value(one, values) for key, one in estimators.items()}


def _stack(tables: Sequence[Floats]) -> tuple[Floats, list[list[int]]]:
    """The distinct columns of all tables side by side, and the places of each table's own."""
    columns: list[Floats] = []
    place: dict[bytes, int] = {}
    places: list[list[int]] = []
    for table in tables:
        contiguous = np.ascontiguousarray(table.T)
        keys = [hashlib.blake2b(column).digest() for column in contiguous]
        for key, column in zip(keys, contiguous, strict=True):
            if key not in place:
                place[key] = len(columns)
                columns.append(column)
        places.append([place[key] for key in keys])
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0)), places


def _leaves(estimator: Estimator) -> list[Estimator]:
    if isinstance(estimator, Combined):
        return [leaf for part in estimator.parts for leaf in _leaves(part)]
    return [estimator]


def _value(estimator: Estimator, values: Mapping[int, Floats]) -> Floats:
    if isinstance(estimator, Combined):
        return estimator.combine([_value(part, values) for part in estimator.parts])
    return values[id(estimator)]
