"""From one number per case to measured metrics: means, ratios of sums, and metrics on some of the cases.

Every function takes values and patients in the order of the cases. What concerns some cases only is still drawn with
all patients of the track, so that every metric meets the same draws.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics import Direction, Metric, RankMetric
from cxrbench.stats import average_estimators, make_chosen_estimator, make_estimator
from cxrbench.tasks import MeasuredMetric

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def measure_cases(metric: Metric | RankMetric, truth: Floats, pred: Floats, patients: Sequence[str]) -> MeasuredMetric:
    """Measure a metric on all cases.

    Args:
        metric: A metric of truth and prediction.
        truth: True values `[n]`.
        pred: Predicted values `[n]`.
        patients: The patient of each case `[n]`.

    Returns:
        The metric, ready to be drawn.
    """
    return MeasuredMetric(make_estimator(metric, truth, pred, patients), metric.direction, metric.undefined)


def measure_chosen(
    metric: Metric | RankMetric,
    truth: Floats,
    pred: Floats,
    patients: Sequence[str],
    chosen: Bools,
    *,
    none: str,
    by_case: bool = True,
) -> MeasuredMetric:
    """Measure a metric on some cases.

    Args:
        metric: A metric of truth and prediction.
        truth: True values `[n]`, finite where chosen.
        pred: Predicted values `[n]`, finite where chosen.
        patients: The patient of each case `[n]`.
        chosen: Which cases count `[n]`.
        none: The reason why the metric is undefined where no case is chosen.
        by_case: Whether a row is one case; False for a value per patient.

    Returns:
        The metric, ready to be drawn.

    Example:
        >>> from cxrbench.metrics import mae
        >>> sides = np.array([1.0, np.nan, 0.0]), np.array([1.0, 1.0, 2.0])
        >>> metric = measure_chosen(mae, *sides, ["a", "b", "c"], np.array([True, False, True]), none="no truth")
        >>> metric.estimator.point()
        1.0
    """
    estimator = make_chosen_estimator(metric, truth, pred, patients, chosen, by_case=by_case)
    return MeasuredMetric(estimator, metric.direction, metric.undefined if chosen.any() else none, chosen)


def measure_ratio(
    part: Floats,
    whole: Floats,
    patients: Sequence[str],
    *,
    direction: Direction,
    undefined: str,
    counted: Bools | None = None,
) -> MeasuredMetric:
    """Measure a ratio of sums: a pooled share, or a mean of the cases that count.

    Args:
        part: The numerator of each case `[n]`, finite.
        whole: The denominator of each case `[n]`, finite.
        patients: The patient of each case `[n]`.
        direction: Which values are better.
        undefined: The reason why the metric is undefined where the denominators add up to 0.
        counted: Which cases are behind the metric `[n]`; None for all of them.

    Returns:
        The sum of `part` over the sum of `whole`, ready to be drawn.

    Example:
        >>> share = {"direction": Direction.HIGHER, "undefined": "no pixel"}
        >>> measure_ratio(np.array([1.0, 2.0]), np.array([2.0, 4.0]), ["a", "b"], **share).estimator.point()
        0.5
    """
    metric = Metric(
        "ratio", direction, lambda t, p: np.stack([t, p], -1), lambda s, _: s[..., 1] / s[..., 0], undefined
    )
    return replace(measure_cases(metric, whole, part, patients), counted=counted)


def measure_mean(
    values: Floats, patients: Sequence[str], *, direction: Direction, undefined: str, counted: Bools | None = None
) -> MeasuredMetric:
    """Measure the mean of one value per case.

    Args:
        values: The value of each case `[n]`, NaN where it has none.
        patients: The patient of each case `[n]`.
        direction: Which values are better.
        undefined: The reason why the metric is undefined where no case counts.
        counted: Which cases may count `[n]`; None for all of them.

    Returns:
        The mean over the counted cases that have a value, ready to be drawn.

    Example:
        >>> mean = {"direction": Direction.HIGHER, "undefined": "no mask"}
        >>> measure_mean(np.array([0.5, np.nan, 0.75]), ["a", "b", "c"], **mean).estimator.point()
        0.625
    """
    there = ~np.isnan(values) if counted is None else counted & ~np.isnan(values)
    return measure_ratio(
        np.where(there, values, 0.0),
        there.astype(np.float64),
        patients,
        direction=direction,
        undefined=undefined,
        counted=None if there.all() else there,
    )


def average_metrics(parts: Sequence[MeasuredMetric], *, note: str | None = None) -> MeasuredMetric:
    """Average metrics of one kind, such as a correlation of two scores.

    Args:
        parts: Metrics of one kind.
        note: What a reader must know beside the value.

    Returns:
        Their mean; undefined in a draw where one of them is.
    """
    counted = [part.counted for part in parts if part.counted is not None]
    return replace(
        parts[0],
        estimator=average_estimators([part.estimator for part in parts]),
        counted=np.logical_or.reduce(counted) if len(counted) == len(parts) else None,
        note=note,
    )
