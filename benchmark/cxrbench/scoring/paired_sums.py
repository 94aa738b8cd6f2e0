"""The primary metric of a result in sums over patients, so that results can be compared without their predictions."""

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.metrics.ranking import Indices
from cxrbench.results.figures import LONGEST, Paired, text_of
from cxrbench.stats import Estimator, patient_codes
from cxrbench.stats.bootstrap import CHUNK, draws
from cxrbench.tasks import Measured

DIGITS = 15
"""Digits of a sum: enough that equal draws stay equal, as the tests and intervals need it."""
TRIED = 64
"""Draws on which a sum over a sum is checked against the metric itself."""


def paired_sums(metric: str, measured: Measured, owners: np.ndarray, seed: int) -> Paired | None:
    """The metric as one sum over patients by another, `owners` `[n]` the patient of each case.

    A mean over cases, or a ratio of sums, is kept as it is: `exact`. Any other metric is replaced by its pseudo-values
    (patients left out in turn), moved so that their mean is the metric's value. None for fewer than two patients and
    where the metric is undefined, or becomes so when a patient is left out.
    """
    member = patient_codes(owners)
    count = int(member.max(initial=-1)) + 1
    if count < 2:
        return None
    group = _groups(count)
    counted = np.ones(len(member), bool) if measured.counted is None else measured.counted
    bases = np.bincount(member[counted], minlength=count).astype(np.float64)
    sums = _ratio(measured.estimator, bases, seed)
    exact = sums is not None
    sides = (_folded(sums, group), _folded(bases, group)) if sums is not None else _pseudo(measured.estimator, group)
    if sides is None:
        return None
    sums, bases = sides
    return Paired(metric=metric, exact=exact, units=len(sums), sums=text_of(sums, DIGITS), bases=text_of(bases))


def _groups(patients: int) -> Indices:
    """The unit of each patient: itself, or of many patients one of `LONGEST` random groups."""
    own = np.arange(patients) % LONGEST
    return own if patients <= LONGEST else np.random.default_rng(patients).permutation(own)


def _folded(values: Floats, group: Indices) -> Floats:
    return np.asarray(np.bincount(group, values), np.float64)


def _ratio(estimator: Estimator, bases: Floats, seed: int) -> Floats | None:
    """Sums `[patients]` that give the metric over `bases` in every draw; None where there are none."""
    patients = len(bases)
    step = max(1, CHUNK // patients)
    rows = (np.arange(at, min(at + step, patients))[:, None] == np.arange(patients) for at in range(0, patients, step))
    alone = np.concatenate([np.asarray(estimator(row.astype(np.float64)), np.float64) for row in rows])
    if np.isnan(alone[bases > 0]).any() or not bases.any():
        return None
    sums = np.where(bases > 0, np.nan_to_num(alone) * bases, 0.0)
    weights = np.concatenate(list(draws(patients, seed, TRIED)))
    with np.errstate(invalid="ignore", divide="ignore"):
        equal = np.allclose(weights @ sums / (weights @ bases), estimator(weights), rtol=0, atol=1e-9, equal_nan=True)
    return sums if equal else None


def _pseudo(estimator: Estimator, group: Indices) -> tuple[Floats, Floats] | None:
    """Pseudo-values `[units]` around the metric's value, and ones."""
    units = int(group.max()) + 1
    value = float(estimator(np.ones((1, len(group))))[0])
    step = max(1, CHUNK // len(group))
    parts = [
        estimator((group != np.arange(at, min(at + step, units))[:, None]).astype(np.float64))
        for at in range(0, units, step)
    ]
    without = np.concatenate(parts)
    if np.isnan(value) or np.isnan(without).any():
        return None
    return value + (units - 1) * (without.mean() - without), np.ones(units)
