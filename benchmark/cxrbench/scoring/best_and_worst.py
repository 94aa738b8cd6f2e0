"""The cases on which a submission did best and worst: the primary metric of each case alone.

A metric that needs several cases (a correlation, an AUC) is undefined on each alone and names none, nor does one that
does not keep its cases.
"""

from collections.abc import Sequence

import numpy as np

from cxrbench.case import Case
from cxrbench.results.schema import CaseScore, Extremes
from cxrbench.scoring.values import DIGITS
from cxrbench.tasks import MeasuredMetric

KEPT = 5
"""Cases of each sort that a result names."""


def find_extremes(primary: MeasuredMetric, cases: Sequence[Case], *, kept: int = KEPT) -> Extremes:
    """Find the best and worst cases; no case is in both lists.

    Args:
        primary: The primary metric.
        cases: The scored cases `[n]`.
        kept: How many cases of each sort to name.

    Returns:
        The best and the worst cases, of equal ones the first by id; both empty where the metric needs several cases.
    """
    values, places = primary.estimator.per_case(), primary.estimator.cases
    if values is None or places is None:
        return Extremes()
    pairs = zip(places.tolist(), values.tolist(), strict=True)
    losses = [  # rounded, so that values which differ by rounding alone are equal
        (round(primary.direction.loss(value), DIGITS), cases[place].id, value)
        for place, value in pairs
        if not np.isnan(value)
    ]
    best_first = sorted(losses)
    kept = min(kept, len(losses) // 2)
    worst_first = sorted(losses, key=lambda item: (-item[0], item[1]))
    return Extremes(best=_name_cases(best_first[:kept]), worst=_name_cases(worst_first[:kept]))


def _name_cases(losses: Sequence[tuple[float, str, float]]) -> tuple[CaseScore, ...]:
    return tuple(CaseScore(case=case, value=round(value, DIGITS)) for _, case, value in losses)
