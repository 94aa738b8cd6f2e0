"""From a score of the engine to a metric of a result file."""

import numpy as np
from numpy.typing import NDArray

from cxrbench.results.schema import MetricValue
from cxrbench.stats import Score
from cxrbench.tasks import Measured

DIGITS = 10


def metric_value(one: Score, measured: Measured, owners: NDArray[np.str_]) -> MetricValue:
    """A score for the file, `owners` the patient of each case.

    Behind a metric of some cases alone stand those and their patients.
    """

    def rounded(number: float | None) -> float | None:
        return None if number is None else round(number, DIGITS)

    behind = owners if measured.counted is None else owners[measured.counted]
    patients = len(np.unique(behind))
    drawn = patients > 1 or one.value is None
    return MetricValue(
        value=rounded(one.value),
        low=rounded(one.low) if drawn else None,
        high=rounded(one.high) if drawn else None,
        n=len(behind),
        n_patients=patients,
        undefined=one.undefined if drawn else "one patient has no interval",
        better=measured.better,
        note=measured.note,
    )
