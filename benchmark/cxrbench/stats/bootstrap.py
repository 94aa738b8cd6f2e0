"""Intervals from resampling whole patients: BCa, the same draws for every metric and every submission of a track.

A draw gives each patient a weight (how often it was drawn). An `Estimator` turns patient weights `[draws, patients]`
into values `[draws]`; the point value is the draw in which every patient counts once. The draws depend on the number
of patients and the seed alone, so two submissions on one track meet the same draws, on any machine.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from cxrbench.metrics.moments import Metric, checked

Floats = NDArray[np.float64]
Estimator = Callable[[Floats], Floats]

DRAWS = 10_000
LEVEL = 0.95
MIN_DEFINED = 0.95
"""Share of draws in which a metric must be defined for its interval to be given."""
CHUNK = 4_000_000
"""Patient weights held at a time."""


@dataclass(frozen=True, slots=True)
class Score:
    """A value with its interval; `value` is None where undefined, and `undefined` says why.

    `low` and `high` bound the 95 % interval; they are None where too few draws are defined.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_patients: int
    undefined: str | None = None


def seed_of(name: str) -> int:
    """A seed from a name (of a track): the first eight bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def clustered(metric: Metric, truth: Floats, pred: Floats, patients: Sequence[str]) -> Estimator:
    """The metric as a function of patient weights: its sums are added up within each patient first."""
    rows = metric.columns(*checked(metric.name, truth, pred))
    _, member = np.unique(np.asarray(patients), return_inverse=True)
    sums = np.zeros((int(member.max(initial=-1)) + 1, rows.shape[1] + 1))
    np.add.at(sums, member, np.column_stack([rows, np.ones(len(rows))]))

    def value(weights: Floats) -> Floats:
        total = weights @ sums
        return metric.of_sums(total[..., :-1], total[..., -1])

    return value


def draws(patients: int, seed: int, count: int = DRAWS) -> Iterator[Floats]:
    """Patient weights `[rows, patients]` of the bootstrap, in chunks; every row sums to `patients`."""
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // max(patients, 1))
    for start in range(0, count, step):
        rows = min(step, count - start)
        cell = rng.integers(patients, size=(rows, patients)) + np.arange(rows)[:, None] * patients
        yield np.bincount(cell.ravel(), minlength=rows * patients).reshape(rows, patients).astype(np.float64)


def _left_out(patients: int) -> Iterator[Floats]:
    """Patient weights of the jackknife: every patient left out once, in chunks."""
    step = max(1, CHUNK // max(patients, 1))
    for start in range(0, patients, step):
        rows = np.ones((min(step, patients - start), patients))
        rows[np.arange(len(rows)), start + np.arange(len(rows))] = 0.0
        yield rows


def intervals(
    estimators: Mapping[str, Estimator],
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
    reasons: Mapping[str, str] | None = None,
) -> dict[str, Score]:
    """Value and 95 % BCa interval of every estimator, all on the same draws.

    `n` cases and `n_patients` patients stand behind each; `reasons` says why a value may be undefined.
    """
    if n_patients == 0:
        return {key: Score(None, None, None, 0, 0, "no cases") for key in estimators}
    drawn = _values(estimators, draws(n_patients, seed, count))
    without = _values(estimators, _left_out(n_patients))
    points = {key: float(fn(np.ones((1, n_patients)))[0]) for key, fn in estimators.items()}
    return {
        key: _score(
            point, drawn[key], without[key], n=n, n_patients=n_patients, reason=(reasons or {}).get(key, "undefined")
        )
        for key, point in points.items()
    }


def _values(estimators: Mapping[str, Estimator], weights: Iterator[Floats]) -> dict[str, Floats]:
    chunks = [{key: fn(rows) for key, fn in estimators.items()} for rows in weights]
    return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in estimators}


def _score(point: float, drawn: Floats, without: Floats, *, n: int, n_patients: int, reason: str) -> Score:
    if np.isnan(point):
        return Score(None, None, None, n, n_patients, reason)
    defined = drawn[~np.isnan(drawn)]
    if n_patients < 2:
        return Score(point, None, None, n, n_patients, "one patient has no interval")
    if len(defined) < MIN_DEFINED * len(drawn):
        return Score(point, None, None, n, n_patients, f"interval: {reason} in too many draws")
    low, high = bca(point, defined, without[~np.isnan(without)])
    return Score(point, low, high, n, n_patients)


def bca(point: float, drawn: Floats, without: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Bias-corrected and accelerated interval (Efron 1987) from draws and jackknife values.

    Draws equal to the point count half in the bias correction, so that a constant gives (point, point). Where the
    acceleration is too large for the formula (nearly all spread comes from one patient) the plain percentiles
    stand, and the interval always contains the point.
    """
    equal = np.isclose(drawn, point, rtol=1e-12, atol=1e-12)
    below = float(((drawn < point) & ~equal).mean() + equal.mean() / 2)
    bias = float(norm.ppf(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn))))
    gap = without.mean() - without if len(without) else np.zeros(1)
    spread = float((gap**2).sum())
    speed = float((gap**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    tail = norm.ppf([(1 - level) / 2, (1 + level) / 2])
    shift = 1 - speed * (bias + tail)
    shares = norm.cdf(bias + (bias + tail) / shift) if (shift > 0).all() else norm.cdf(tail)
    low, high = np.quantile(drawn, shares)
    return min(float(low), point), max(float(high), point)


def paired(
    left: Mapping[str, Estimator], right: Mapping[str, Estimator], *, n: int, n_patients: int, seed: int
) -> dict[str, tuple[Score, float | None]]:
    """Left minus right for every shared metric, on the same draws, with a two-sided bootstrap p-value.

    p is twice the smaller share of draws on either side of zero (ties half), at least 1 / draws; None if undefined.
    """

    def gap(a: Estimator, b: Estimator) -> Estimator:
        return lambda weights: a(weights) - b(weights)

    gaps = {key: gap(left[key], right[key]) for key in left if key in right}
    scores = intervals(gaps, n=n, n_patients=n_patients, seed=seed)
    drawn = _values(gaps, draws(n_patients, seed))
    return {key: (score, _p_value(drawn[key]) if score.value is not None else None) for key, score in scores.items()}


def _p_value(gaps: Floats) -> float:
    defined = gaps[~np.isnan(gaps)]
    equal = np.isclose(defined, 0, atol=1e-12)
    below = float(((defined < 0) & ~equal).mean() + equal.mean() / 2)
    return float(min(1.0, max(2 * min(below, 1 - below), 1 / len(defined))))
