"""The sign-flip permutation test: were the two submissions' names exchangeable, patient by patient?

Each draw swaps the two predictions of every patient with probability one half and recomputes the metric; for a mean
of differences that is a random sign per patient. Any metric of truth and prediction can be tested so, and all pairs
of submissions share the draws: sums are needed per submission, not per pair.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Floats, Metric, finished
from cxrbench.metrics.ranking import RankMetric
from cxrbench.stats.bootstrap import CHUNK, DRAWS
from cxrbench.stats.estimators import Additive, Combined, Estimator, Ranked, Sample, patient_sums


def sign_flip(
    estimators: Mapping[str, Estimator], *, n_patients: int, seed: int, count: int = DRAWS
) -> dict[tuple[str, str], float | None]:
    """Two-sided p for every pair of submissions: the share of swaps with a gap at least as large as the one seen.

    The sample itself counts as one swap, so p is at least 1 / (count + 1); None where the gap is undefined. The
    estimators are of one metric on the same cases, from `clustered` or `mean_of`; others raise `ValueError`.
    """
    names = list(estimators)
    chosen = [estimators[name] for name in names]
    points = np.array([float(one(np.ones((1, n_patients)))[0]) for one in chosen])
    seen = np.abs(points[:, None] - points)
    beyond, defined = np.zeros(seen.shape), np.zeros(seen.shape)
    for bits in swaps(n_patients, seed, count):
        values = _swapped(chosen, bits)
        gap = np.abs(values - values.swapaxes(0, 1))
        beyond += (gap >= (seen - 1e-12 * (1 + seen))[..., None]).sum(-1)
        defined += (~np.isnan(gap)).sum(-1)
    p = np.where(np.isnan(seen), np.nan, (beyond + 1) / (defined + 1))
    return {
        (names[i], names[j]): None if np.isnan(p[i, j]) else float(p[i, j])
        for i, j in combinations(range(len(names)), 2)
    }


def swaps(patients: int, seed: int, count: int = DRAWS) -> Iterator[Floats]:
    """Fair coins `[rows, patients]` of 0 and 1, in chunks: which patients keep their predictions."""
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // max(patients, 1))
    for start in range(0, count, step):
        rows = min(step, count - start)
        packed = np.frombuffer(rng.bytes(rows * (-(-patients // 8))), np.uint8).reshape(rows, -1)
        yield np.unpackbits(packed, axis=1, count=patients).astype(np.float64)


def _swapped(estimators: Sequence[Estimator], bits: Floats) -> Floats:
    """Value of submission i after swapping with j, `[i, j, draws]`: i keeps a patient where the bit is 1."""
    first = estimators[0]
    if isinstance(first, Combined):
        combined = [one for one in estimators if isinstance(one, Combined) and len(one.parts) == len(first.parts)]
        _check_alike(len(combined) == len(estimators))
        return first.combine([_swapped(part, bits) for part in zip(*(one.parts for one in combined), strict=True)])
    if isinstance(first, Additive):
        return _swapped_sums([one for one in estimators if isinstance(one, Additive)], len(estimators), bits)
    orders = [one.source for one in estimators if isinstance(one, Ranked)]
    _check_alike(len(orders) == len(estimators))
    return _swapped_orders(orders, bits)


def _swapped_sums(estimators: Sequence[Additive], expected: int, bits: Floats) -> Floats:
    """Sums over the kept patients of i plus sums over the others of j."""
    sources = [one.source for one in estimators if one.source]
    _check_alike(len(sources) == expected)
    tables = _tables(estimators, sources)
    kept = np.tensordot(bits, tables, 1).swapaxes(0, 1)
    given = tables.sum(0)[:, None] - kept
    finish = sources[0][0].finish
    return np.stack([finished(finish, (own + given)[..., :-1], (own + given)[..., -1]) for own in kept])


def _tables(estimators: Sequence[Additive], sources: Sequence[tuple[Metric, Sample]]) -> Floats:
    """The sums of every patient `[patients, submissions, k + 1]`.

    Columns of one metric are made of all submissions at once, so that one which centres them uses one centre. Where
    each submission has a metric of its own (its operating point), or its own base (a ratio), its own sums are taken.
    """
    metric, samples = sources[0][0], [sample for _, sample in sources]
    _check_alike(len({one.name for one, _ in sources}) == 1)
    if all(one is metric for one, _ in sources):
        _check_alike(_one_sample([one.name for one, _ in sources], samples))
        truth, pred = (np.concatenate([getattr(one, side) for one in samples]) for side in ("truth", "pred"))
        rows = np.split(metric.columns(truth, pred), len(samples))
        return np.stack([patient_sums(part, samples[0].member) for part in rows], axis=1)
    _check_alike(len({one.table.shape for one in estimators}) == 1)
    _check_alike(all(np.array_equal(one.member, samples[0].member) for one in samples))
    return np.stack([one.table for one in estimators], axis=1)


def _swapped_orders(sources: Sequence[tuple[RankMetric, Sample]], bits: Floats) -> Floats:
    """Both predictions of a pair stacked as one sample of twice the patients, of which a draw uses one half."""
    metric, samples = sources[0][0], [sample for _, sample in sources]
    _check_alike(_one_sample([one.name for one, _ in sources], samples))
    values = np.full((len(samples), len(samples), len(bits)), np.nan)
    keep, give = np.hstack([bits, 1 - bits]), np.hstack([1 - bits, bits])
    for (i, left), (j, right) in combinations(enumerate(samples), 2):
        truth, pred = np.concatenate([left.truth, right.truth]), np.concatenate([left.pred, right.pred])
        both = metric.over(truth, pred, np.concatenate([left.member, right.member + left.n_patients]))
        values[i, j], values[j, i] = both(keep), both(give)
    return values


def _one_sample(names: Sequence[str], samples: Sequence[Sample]) -> bool:
    first = samples[0]
    return len(set(names)) == 1 and all(
        np.array_equal(one.truth, first.truth) and np.array_equal(one.member, first.member) for one in samples
    )


def _check_alike(alike: bool) -> None:
    if not alike:
        raise ValueError("sign_flip: the estimators must be of one metric of truth and prediction, on the same cases")
