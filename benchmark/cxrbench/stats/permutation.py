"""The sign-flip permutation test: were the two submissions' names exchangeable, patient by patient?

Each draw swaps the two predictions of every patient with probability one half and recomputes the metric; for a mean
of differences that is a random sign per patient. Any metric of truth and prediction can be tested so, and all pairs
of submissions share the draws: sums are needed per submission, not per pair.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.stats.bootstrap import CHUNK, DRAWS
from cxrbench.stats.estimators import Estimator


def sign_flip_test(
    estimators: Mapping[str, Estimator], *, n_patients: int, seed: int, count: int = DRAWS
) -> dict[tuple[str, str], float | None]:
    """Test every pair of submissions by exchanging their predictions patient by patient.

    Args:
        estimators: One metric of each submission on the same cases, made by `make_estimator` or
            `average_estimators`.
        n_patients: Number of patients.
        seed: The seed of the exchanges.
        count: Number of exchanges.

    Returns:
        The two-sided p-value of each pair: the share of exchanges with a difference at least as large as the observed
        one. The sample itself counts as one exchange, so p is at least 1 / (count + 1); None where the difference is
        undefined.

    Raises:
        ValueError: Where the estimators are not of one metric on the same cases, or do not keep their cases.

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> errors = {"a": np.array([1.0, 1, 2, 1]), "b": np.array([3.0, 2, 3, 3])}
        >>> estimators = {name: make_estimator(mae, np.zeros(4), error, list("wxyz")) for name, error in errors.items()}
        >>> {pair: round(p, 1) for pair, p in sign_flip_test(estimators, n_patients=4, seed=1).items()}
        {('a', 'b'): 0.1}
    """
    names = list(estimators)
    chosen = [estimators[name] for name in names]
    points = np.array([float(estimator.draw(np.ones((1, n_patients)))[0]) for estimator in chosen])
    observed = np.abs(points[:, None] - points)
    beyond, defined = np.zeros(observed.shape), np.zeros(observed.shape)
    for bits in draw_swaps(n_patients, seed, count):
        values = chosen[0].exchange(chosen[1:], bits)
        gap = np.abs(values - values.swapaxes(0, 1))
        beyond += (gap >= (observed - 1e-12 * (1 + observed))[..., None]).sum(-1)
        defined += (~np.isnan(gap)).sum(-1)
    p = np.where(np.isnan(observed), np.nan, (beyond + 1) / (defined + 1))
    return {
        (names[i], names[j]): None if np.isnan(p[i, j]) else float(p[i, j])
        for i, j in combinations(range(len(names)), 2)
    }


def draw_swaps(patients: int, seed: int, count: int = DRAWS) -> Iterator[Floats]:
    """Toss a fair coin for each patient: who keeps the own prediction.

    Args:
        patients: Number of patients.
        seed: The seed; the same number of patients and seed give the same tosses.
        count: Number of exchanges.

    Yields:
        Bits `[rows, patients]`, in chunks: 1 where a patient keeps the prediction.

    Example:
        >>> np.concatenate(list(draw_swaps(4, seed=1, count=2))).shape
        (2, 4)
    """
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // max(patients, 1))
    for start in range(0, count, step):
        rows = min(step, count - start)
        packed = np.frombuffer(rng.bytes(rows * (-(-patients // 8))), np.uint8).reshape(rows, -1)
        yield np.unpackbits(packed, axis=1, count=patients).astype(np.float64)
