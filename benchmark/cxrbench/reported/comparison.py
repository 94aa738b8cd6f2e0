"""Which systems of a paper can be told apart on its own test cases: paired, corrected, with rank intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics import Metric
from cxrbench.stats import Gap, Rank, Score, clustered, holm, pairwise, ranked, resample, seed_of, sign_flip
from cxrbench.stats.compare import ALPHA

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two systems: how far `left` is ahead (positive: better), and the p-values of two tests, Holm-corrected each.

    `p_holm` is the bootstrap's, `p_sign_flip_holm` the permutation test's over patients.
    """

    gap: Gap
    p_sign_flip: float | None
    p_sign_flip_holm: float | None

    @property
    def told(self) -> str:
        """The verdict in words: both tests at 0.05, the bootstrap alone (as on the leaderboard), or neither."""
        flipped = self.p_sign_flip_holm is not None and self.p_sign_flip_holm < ALPHA
        if self.gap.separable:
            return "told apart" if flipped else "told apart by the bootstrap alone"
        return "told apart by sign flips alone" if flipped else "no difference shown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All systems on one metric, on the same draws of patients: rows from best to worst, and every pair of them.

    Rows that the bootstrap cannot tell from the best of their band share its rank (`stats.ranked`).
    """

    title: str
    metric: str
    n: int
    n_patients: int
    rows: tuple[tuple[Rank, Score], ...]
    pairs: tuple[Pair, ...]

    @property
    def apart(self) -> tuple[Pair, ...]:
        """The pairs that at least one of the two tests tells apart."""
        return tuple(pair for pair in self.pairs if pair.told.startswith("told apart"))


def compare_systems(
    title: str, metric: Metric, truth: Floats, predictions: Mapping[str, Floats], patients: Sequence[str]
) -> Comparison:
    """Compare predictions `[n]` of the same cases; the draws are seeded from the title."""
    estimators = {name: clustered(metric, truth, pred, patients) for name, pred in predictions.items()}
    n, n_patients, seed = len(truth), len(set(patients)), seed_of(title)
    drawn = resample(estimators, n_patients=n_patients, seed=seed)
    gaps = pairwise(drawn, metric.better, n=n, n_patients=n_patients)
    scores = {name: one.score(n=n, n_patients=n_patients, reason=metric.undefined) for name, one in drawn.items()}
    rows = tuple((rank, scores[rank.name]) for rank in ranked(drawn, metric.better, gaps))
    flips = sign_flip(estimators, n_patients=n_patients, seed=seed)
    raw = [flips[gap.left, gap.right] for gap in gaps]
    pairs = tuple(Pair(*pair) for pair in zip(gaps, raw, holm(raw), strict=True))
    return Comparison(title, metric.name, n, n_patients, rows, pairs)
