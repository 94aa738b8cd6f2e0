"""From numbers a case to measured metrics: means, ratios of sums, and metrics on some of the cases.

Every function takes values and patients in the order of the cases. What concerns some cases only is still drawn with
all patients of the track, so that every metric meets the same draws.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxrbench import stats
from cxrbench.metrics import Better, Metric, RankMetric
from cxrbench.metrics.base import checked
from cxrbench.stats import Estimator, clustered
from cxrbench.stats.estimators import Additive, Ranked, Sample, patient_codes
from cxrbench.tasks import Measured

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def measured(metric: Metric | RankMetric, truth: Floats, pred: Floats, patients: Sequence[str]) -> Measured:
    """A metric on all cases."""
    return Measured(clustered(metric, truth, pred, patients), metric.better, metric.undefined)


def among(
    metric: Metric | RankMetric, truth: Floats, pred: Floats, patients: Sequence[str], chosen: Bools, *, none: str
) -> Measured:
    """A metric on the chosen cases; `none` is the reason where no case is chosen."""
    if not chosen.any():
        return Measured(nowhere, metric.better, none, chosen)
    codes = patient_codes(patients)
    sample = Sample(*checked(metric.name, truth[chosen], pred[chosen]), codes[chosen], int(codes.max()) + 1)
    return Measured(of_sample(metric, sample), metric.better, metric.undefined, chosen)


def of_sample(metric: Metric | RankMetric, sample: Sample) -> Estimator:
    """The estimator of some patients' cases, as a function of the weights of all patients."""
    if isinstance(metric, RankMetric):
        return Ranked(metric.over(sample.truth, sample.pred, sample.member), (metric, sample))
    rows = metric.columns(sample.truth, sample.pred)
    table = np.zeros((sample.n_patients, rows.shape[1] + 1))
    np.add.at(table, sample.member, np.column_stack([rows, np.ones(len(rows))]))
    return Additive(table, metric.finish, (metric, sample))


def nowhere(weights: Floats) -> Floats:
    """The estimator of no case at all: undefined in every draw."""
    return np.full(weights.shape[:-1], np.nan)


def ratio(
    part: Floats,
    whole: Floats,
    patients: Sequence[str],
    *,
    better: Better,
    undefined: str,
    counted: Bools | None = None,
) -> Measured:
    """Sum of `part` over sum of `whole`, both `[n]` and finite: a pooled share, or a mean of the cases that count."""
    metric = Metric("ratio", better, lambda t, p: np.stack([t, p], -1), lambda s, _: s[..., 1] / s[..., 0], undefined)
    return replace(measured(metric, whole, part, patients), counted=counted)


def case_mean(
    values: Floats, patients: Sequence[str], *, better: Better, undefined: str, counted: Bools | None = None
) -> Measured:
    """The mean of a value a case over the counted cases that have one (`values` NaN elsewhere)."""
    there = ~np.isnan(values) if counted is None else counted & ~np.isnan(values)
    return ratio(
        np.where(there, values, 0.0),
        there.astype(np.float64),
        patients,
        better=better,
        undefined=undefined,
        counted=None if there.all() else there,
    )


def mean_of(parts: Sequence[Measured], *, note: str | None = None) -> Measured:
    """The mean of several metrics of one kind; undefined in a draw where one of them is."""
    counted = [part.counted for part in parts if part.counted is not None]
    return replace(
        parts[0],
        estimator=stats.mean_of([part.estimator for part in parts]),
        counted=np.logical_or.reduce(counted) if len(counted) == len(parts) else None,
        note=note,
    )
