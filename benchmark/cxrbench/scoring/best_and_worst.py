"""The cases on which a submission did best and worst: the primary metric of each case alone.

The cases behind a metric are taken for patients of one case each and drawn one at a time. A metric that needs several
cases (a correlation, an AUC) is undefined on each alone and names none, nor does one that keeps no cases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import Better
from cxrbench.results.schema import CaseScore, Extremes
from cxrbench.scoring.values import DIGITS
from cxrbench.stats import Estimator
from cxrbench.stats.estimators import Additive, Combined
from cxrbench.tasks import Measured
from cxrbench.tasks.casewise import of_sample

KEPT = 5
"""Cases of each sort that a result names."""
AT_ONCE = 256
"""Cases drawn in one go, which bounds the weights to 256 x n."""


def extremes(primary: Measured, cases: Sequence[Case], *, kept: int = KEPT) -> Extremes:
    """The `kept` best and worst cases, of equal ones the first by id; no case stands in both lists."""
    behind = [case for case, own in zip(cases, _counted(primary, len(cases)), strict=True) if own]
    own = next((own for own in (cases, behind) if own and _by_case(primary.estimator, len(own))), ())
    pairs = [(case.id, value) for case, value in zip(own, _alone(primary.estimator, len(own)), strict=True)]
    ordered = sorted((_order(value, primary.better), case, value) for case, value in pairs if not np.isnan(value))
    kept = min(kept, len(ordered) // 2)
    worst = sorted(ordered, key=lambda one: (-one[0], one[1]))[:kept]
    return Extremes(best=_named(ordered[:kept]), worst=_named(worst))


def _counted(primary: Measured, n: int) -> NDArray[np.bool_]:
    return np.ones(n, bool) if primary.counted is None else primary.counted


def _by_case(estimator: Estimator, n: int) -> Estimator | None:
    """The estimator with each of its `n` cases as a patient of its own; None where it does not keep `n` cases."""
    if isinstance(estimator, Combined):
        parts = [_by_case(part, n) for part in estimator.parts]
        kept = tuple(part for part in parts if part is not None)
        return Combined(kept, estimator.combine) if len(kept) == len(parts) else None
    if not isinstance(estimator, Additive) or estimator.source is None:
        return None
    metric, sample = estimator.source
    return of_sample(metric, replace(sample, member=np.arange(n), n_patients=n)) if len(sample.truth) == n else None


def _alone(estimator: Estimator, n: int) -> Iterator[float]:
    """The metric of each of `n` cases alone, NaN where it is undefined."""
    single = _by_case(estimator, n) if n else None
    if single is None:
        return
    for first in range(0, n, AT_ONCE):
        weights = np.zeros((min(AT_ONCE, n - first), n))
        weights[np.arange(len(weights)), first + np.arange(len(weights))] = 1.0
        with np.errstate(all="ignore"):
            yield from np.asarray(single(weights), float).tolist()


def _order(value: float, better: Better) -> float:
    """Smaller is better; rounded, so that what only rounding tells apart is equal."""
    turned = {"lower": value, "higher": -value, "zero": abs(value), "one": abs(value - 1)}[better]
    return round(turned, DIGITS)


def _named(ordered: Sequence[tuple[float, str, float]]) -> tuple[CaseScore, ...]:
    return tuple(CaseScore(case=case, value=round(value, DIGITS)) for _, case, value in ordered)
