"""From an estimate of the statistics to a metric of a result file."""

import numpy as np
from numpy.typing import NDArray

from cxrbench.results.schema import MetricValue
from cxrbench.stats import Estimate
from cxrbench.tasks import MeasuredMetric

DIGITS = 10


def to_metric_value(estimate: Estimate, measured: MeasuredMetric, patients: NDArray[np.str_]) -> MetricValue:
    """Convert an estimate to a metric of a result file.

    Args:
        estimate: The value with its 95 % interval.
        measured: The metric that was estimated.
        patients: The patient of each case `[n]`.

    Returns:
        The metric, rounded; its numbers of cases and patients are those behind the metric.
    """
    behind = patients if measured.counted is None else patients[measured.counted]
    n_patients = len(np.unique(behind))
    has_interval = n_patients > 1 or estimate.value is None
    return MetricValue(
        value=_round_number(estimate.value),
        low=_round_number(estimate.low) if has_interval else None,
        high=_round_number(estimate.high) if has_interval else None,
        n=len(behind),
        n_patients=n_patients,
        undefined=estimate.undefined if has_interval else "one patient has no interval",
        better=measured.direction,
        note=measured.note,
    )


def _round_number(number: float | None) -> float | None:
    return None if number is None else round(number, DIGITS)
