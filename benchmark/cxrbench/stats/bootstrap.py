"""The bootstrap over whole patients: the same draws for every metric and every submission of a track.

The draws depend on the number of patients and the seed alone, so two submissions on one track meet the same draws,
on any machine, and a row never changes because another came. That is why the draws stay patient weights, and why
the shortcut for ordinal scores (one multinomial draw over the cells of the joint table) is not taken: its draws
belong to one submission's table and could not be paired with another's. Stacked products cost little more.

A weight vector for all cases at once is never kept: weights are drawn, used and dropped in chunks.
"""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.stats.estimators import Estimator, K, evaluate
from cxrbench.stats.intervals import Drawn, Method, Score

DRAWS = 10_000
CHUNK = 250_000
"""Patient weights held at a time (2 MB: they stay in the cache while they are used)."""
ONE_BY_ONE = 2_000
"""Patients up to which the jackknife leaves out one at a time; above, it leaves out one of `GROUPS` random groups."""
GROUPS = 1_000


def seed_of(name: str) -> int:
    """A seed from a name (of a track): the first eight bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def draws(patients: int, seed: int, count: int = DRAWS) -> Iterator[Floats]:
    """Patient weights `[rows, patients]` of the bootstrap, in chunks; every row sums to `patients`."""
    rng = np.random.default_rng(seed)
    for rows in _steps(count, patients):
        cell = rng.integers(patients, size=(rows, patients))
        cell += np.arange(rows)[:, None] * patients
        yield np.bincount(cell.ravel(), minlength=rows * patients).reshape(rows, patients).astype(np.float64)


def left_out(patients: int) -> Iterator[Floats]:
    """Patient weights of the jackknife, in chunks: each patient left out once, of many patients each group.

    Random groups give the acceleration up to a noise of 0.65 / GROUPS, far below what moves an interval.
    """
    groups = patients if patients <= ONE_BY_ONE else GROUPS
    group = np.arange(patients) % groups
    if groups < patients:
        group = np.random.default_rng(patients).permutation(group)
    start = 0
    for rows in _steps(groups, patients):
        yield (group != np.arange(start, start + rows)[:, None]).astype(np.float64)
        start += rows


def _steps(count: int, patients: int) -> Iterator[int]:
    step = max(1, CHUNK // max(patients, 1))
    for start in range(0, count, step):
        yield min(step, count - start)


def resample(estimators: Mapping[K, Estimator], *, n_patients: int, seed: int, count: int = DRAWS) -> dict[K, Drawn]:
    """Every estimator's value, its values in the draws and in the jackknife, all on the same draws."""
    drawn = evaluate(estimators, draws(n_patients, seed, count))
    without = evaluate(estimators, left_out(n_patients))
    points = evaluate(estimators, [np.ones((1, n_patients))])
    return {key: Drawn(float(points[key][0]), drawn[key], without[key]) for key in estimators}


def intervals(
    estimators: Mapping[K, Estimator],
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
    reasons: Mapping[K, str] | None = None,
    method: Method = "bca",
) -> dict[K, Score]:
    """Value and 95 % interval of every estimator, all on the same draws.

    `n` cases and `n_patients` patients stand behind each; `reasons` says why a value may be undefined.
    """
    if n_patients == 0:
        return {key: Score(None, None, None, 0, 0, "no cases") for key in estimators}
    known = reasons or {}
    return {
        key: one.score(n=n, n_patients=n_patients, reason=known.get(key, "undefined"), method=method)
        for key, one in resample(estimators, n_patients=n_patients, seed=seed, count=count).items()
    }
