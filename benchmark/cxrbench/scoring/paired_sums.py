"""The primary metric as sums over patients, so that results can be compared without their predictions."""

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics.base import Floats
from cxrbench.metrics.ranking import Indices
from cxrbench.results.figures import LONGEST, PairedSums, format_numbers
from cxrbench.stats import Estimator, encode_patients
from cxrbench.stats.bootstrap import CHUNK, draw_weights
from cxrbench.tasks import MeasuredMetric

DIGITS = 15
"""Digits of a sum: enough that equal draws stay equal, as the tests and intervals need it."""
TRIED = 64
"""Draws on which a sum over a sum is checked against the metric itself."""


def compute_paired_sums(
    metric: str, measured: MeasuredMetric, patients: NDArray[np.str_], seed: int
) -> PairedSums | None:
    """Write a metric as one sum over patients divided by another.

    A mean over cases, or a ratio of sums, is kept as it is: `exact`. Any other metric is replaced by its pseudo-values
    (patients left out in turn), moved so that their mean is the value of the metric.

    Args:
        metric: The key of the metric.
        measured: The metric.
        patients: The patient of each case `[n]`.
        seed: The seed of the draws on which an exact sum is checked.

    Returns:
        The sums; None for fewer than two patients, and where the metric is undefined or becomes so when a patient is
        left out.
    """
    member = encode_patients(patients)
    count = int(member.max(initial=-1)) + 1
    if count < 2:
        return None
    group = _group_patients(count)
    counted = np.ones(len(member), bool) if measured.counted is None else measured.counted
    bases = np.bincount(member[counted], minlength=count).astype(np.float64)
    sums = _find_ratio_sums(measured.estimator, bases, seed)
    exact = sums is not None
    sides = (
        (_sum_groups(sums, group), _sum_groups(bases, group))
        if sums is not None
        else _compute_pseudo_values(measured.estimator, group)
    )
    if sides is None:
        return None
    sums, bases = sides
    return PairedSums(
        metric=metric, exact=exact, units=len(sums), sums=format_numbers(sums, DIGITS), bases=format_numbers(bases)
    )


def _group_patients(patients: int) -> Indices:
    """The unit of each patient: itself, or of many patients one of `LONGEST` random groups."""
    group = np.arange(patients) % LONGEST
    return group if patients <= LONGEST else np.random.default_rng(patients).permutation(group)


def _sum_groups(values: Floats, group: Indices) -> Floats:
    return np.asarray(np.bincount(group, values), np.float64)


def _find_ratio_sums(estimator: Estimator, bases: Floats, seed: int) -> Floats | None:
    """Sums `[patients]` that give the metric over `bases` in every draw; None where there are none."""
    patients = len(bases)
    step = max(1, CHUNK // patients)
    rows = (np.arange(at, min(at + step, patients))[:, None] == np.arange(patients) for at in range(0, patients, step))
    alone = np.concatenate([np.asarray(estimator.draw(row.astype(np.float64)), np.float64) for row in rows])
    if np.isnan(alone[bases > 0]).any() or not bases.any():
        return None
    sums = np.where(bases > 0, np.nan_to_num(alone) * bases, 0.0)
    weights = np.concatenate(list(draw_weights(patients, seed, TRIED)))
    with np.errstate(invalid="ignore", divide="ignore"):
        equal = np.allclose(
            weights @ sums / (weights @ bases), estimator.draw(weights), rtol=0, atol=1e-9, equal_nan=True
        )
    return sums if equal else None


def _compute_pseudo_values(estimator: Estimator, group: Indices) -> tuple[Floats, Floats] | None:
    """Pseudo-values `[units]` around the metric's value, and ones."""
    units = int(group.max()) + 1
    value = estimator.point()
    step = max(1, CHUNK // len(group))
    parts = [
        estimator.draw((group != np.arange(at, min(at + step, units))[:, None]).astype(np.float64))
        for at in range(0, units, step)
    ]
    without = np.concatenate(parts)
    if np.isnan(value) or np.isnan(without).any():
        return None
    return value + (units - 1) * (without.mean() - without), np.ones(units)
