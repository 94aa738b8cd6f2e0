"""The bootstrap over whole patients: the same draws for every metric and every submission of a track.

The draws depend on the number of patients and the seed alone, so two submissions on one track have the same draws,
on any machine, and a row never changes because another was added. That is why the draws stay patient weights, and why
the shortcut for ordinal scores (one multinomial draw over the cells of the joint table) is not taken: its draws
belong to the table of one submission and could not be paired with another's. Stacked products cost little more.

The weights of all draws are never kept at once: they are drawn, used and dropped in chunks.
"""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.stats.estimators import Estimator, K, evaluate_estimators
from cxrbench.stats.intervals import BootstrapDistribution, Estimate, Method

DRAWS = 10_000
CHUNK = 250_000
"""Patient weights held at a time (2 MB: they stay in the cache while they are used)."""
ONE_BY_ONE = 2_000
"""Patients up to which the jackknife leaves out one at a time; above, it leaves out one of `GROUPS` random groups."""
GROUPS = 1_000


def derive_seed(name: str) -> int:
    """Derive a seed from a name.

    Args:
        name: Any text, such as the name of a track.

    Returns:
        The first eight bytes of its SHA-256 as a number.

    Example:
        >>> derive_seed("brixia-severity/brixia-cohen/all")
        10399468527805379442
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def draw_weights(patients: int, seed: int, count: int = DRAWS) -> Iterator[Floats]:
    """Draw patients with replacement.

    Args:
        patients: Number of patients.
        seed: The seed; the same number of patients and seed give the same draws.
        count: Number of draws.

    Yields:
        How often each patient is drawn, `[rows, patients]`, in chunks of draws; each row sums to `patients`.

    Example:
        >>> np.concatenate(list(draw_weights(3, seed=1, count=2))).tolist()
        [[0.0, 2.0, 1.0], [2.0, 0.0, 1.0]]
    """
    rng = np.random.default_rng(seed)
    for rows in _split_draws(count, patients):
        cell = rng.integers(patients, size=(rows, patients))
        cell += np.arange(rows)[:, None] * patients
        yield np.bincount(cell.ravel(), minlength=rows * patients).reshape(rows, patients).astype(np.float64)


def make_jackknife_weights(patients: int) -> Iterator[Floats]:
    """Make the weights of the jackknife: each patient left out once, of many patients each group.

    Random groups give the acceleration up to a noise of 0.65 / GROUPS, far below what changes an interval.

    Args:
        patients: Number of patients.

    Yields:
        Weights of 0 and 1, `[rows, patients]`, in chunks.

    Example:
        >>> np.concatenate(list(make_jackknife_weights(3))).tolist()
        [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    groups = patients if patients <= ONE_BY_ONE else GROUPS
    group = np.arange(patients) % groups
    if groups < patients:
        group = np.random.default_rng(patients).permutation(group)
    start = 0
    for rows in _split_draws(groups, patients):
        yield (group != np.arange(start, start + rows)[:, None]).astype(np.float64)
        start += rows


def _split_draws(count: int, patients: int) -> Iterator[int]:
    step = max(1, CHUNK // max(patients, 1))
    for start in range(0, count, step):
        yield min(step, count - start)


def resample(
    estimators: Mapping[K, Estimator], *, n_patients: int, seed: int, count: int = DRAWS
) -> dict[K, BootstrapDistribution]:
    """Evaluate estimators in the sample, in bootstrap draws and in the jackknife, all on the same draws.

    Args:
        estimators: The estimators by any key.
        n_patients: Number of patients.
        seed: The seed of the draws.
        count: Number of draws.

    Returns:
        The distribution of each estimator.

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> estimator = make_estimator(mae, np.zeros(3), np.array([1.0, 2.0, 3.0]), ["a", "b", "c"])
        >>> mean = resample({"mae": estimator}, n_patients=3, seed=1, count=4)["mae"]
        >>> mean.point, mean.draws.shape, mean.jackknife.tolist()
        (2.0, (4,), [2.5, 2.0, 1.5])
    """
    drawn = evaluate_estimators(estimators, draw_weights(n_patients, seed, count))
    jackknife = evaluate_estimators(estimators, make_jackknife_weights(n_patients))
    points = evaluate_estimators(estimators, [np.ones((1, n_patients))])
    return {key: BootstrapDistribution(float(points[key][0]), drawn[key], jackknife[key]) for key in estimators}


def compute_intervals(
    estimators: Mapping[K, Estimator],
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
    reasons: Mapping[K, str] | None = None,
    method: Method = "bca",
) -> dict[K, Estimate]:
    """Compute value and 95 % interval of every estimator, all on the same draws.

    Args:
        estimators: The estimators by any key.
        n: Number of cases.
        n_patients: Number of patients.
        seed: The seed of the draws.
        count: Number of draws.
        reasons: Why the value of an estimator can be undefined, by its key.
        method: The kind of interval: "bca" or "percentile".

    Returns:
        The estimate of each estimator.

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> pred, patients = np.array([0.0, 1.0, 1.0, 2.0, 3.0, 5.0]), ["a", "a", "b", "c", "d", "e"]
        >>> estimators = {"mae": make_estimator(mae, np.zeros(6), pred, patients)}
        >>> estimate = compute_intervals(estimators, n=6, n_patients=5, seed=1)["mae"]
        >>> estimate.value, round(estimate.low, 3), round(estimate.high, 3)
        (2.0, 0.857, 3.6)
    """
    if n_patients == 0:
        return {key: Estimate(None, None, None, 0, 0, "no cases") for key in estimators}
    known = reasons or {}
    return {
        key: distribution.estimate(n=n, n_patients=n_patients, reason=known.get(key, "undefined"), method=method)
        for key, distribution in resample(estimators, n_patients=n_patients, seed=seed, count=count).items()
    }
