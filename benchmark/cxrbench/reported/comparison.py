"""Which systems of a paper differ significantly on its own test cases: paired, corrected, with rank intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrbench.metrics import Metric
from cxrbench.stats import (
    Estimate,
    PairedDifference,
    Rank,
    adjust_holm,
    compare_pairwise,
    derive_seed,
    make_estimator,
    rank_systems,
    resample,
    sign_flip_test,
)
from cxrbench.stats.compare import ALPHA

Floats = NDArray[np.float64]
NO_DIFFERENCE = "no difference shown"


@dataclass(frozen=True, slots=True)
class SystemPair:
    """Two systems compared by two tests, each Holm-corrected.

    Attributes:
        difference: The paired difference with the p-values of the bootstrap.
        p_sign_flip: The p-value of the permutation test over patients; None where undefined.
        p_sign_flip_holm: The same, corrected over all pairs.
    """

    difference: PairedDifference
    p_sign_flip: float | None
    p_sign_flip_holm: float | None

    @property
    def verdict(self) -> str:
        """The verdict in words: by both tests at 0.05, by one of them alone, or no difference shown."""
        flipped = self.p_sign_flip_holm is not None and self.p_sign_flip_holm < ALPHA
        if self.difference.significant:
            return "significantly different" + ("" if flipped else " by the bootstrap alone")
        return "significantly different by sign flips alone" if flipped else NO_DIFFERENCE


@dataclass(frozen=True, slots=True)
class SystemComparison:
    """All systems on one metric, on the same draws of patients.

    Attributes:
        title: What the cases are.
        metric: The metric.
        n: Number of cases.
        n_patients: Number of patients.
        rows: Rank and value of each system, from best to worst (`cxrbench.stats.rank_systems`).
        pairs: Every pair of systems.
    """

    title: str
    metric: str
    n: int
    n_patients: int
    rows: tuple[tuple[Rank, Estimate], ...]
    pairs: tuple[SystemPair, ...]

    @property
    def significant_pairs(self) -> tuple[SystemPair, ...]:
        """The pairs that differ significantly by at least one of the two tests."""
        return tuple(pair for pair in self.pairs if pair.verdict != NO_DIFFERENCE)


def compare_systems(
    title: str, metric: Metric, truth: Floats, predictions: Mapping[str, Floats], patients: Sequence[str]
) -> SystemComparison:
    """Compare the predictions of several systems on the same cases.

    Args:
        title: What the cases are; the draws are seeded from it.
        metric: A metric of truth and prediction.
        truth: True values `[n]`.
        predictions: The prediction `[n]` of each system.
        patients: The patient of each case `[n]`.

    Returns:
        Ranks and paired tests of all systems.
    """
    estimators = {name: make_estimator(metric, truth, pred, patients) for name, pred in predictions.items()}
    n, n_patients, seed = len(truth), len(set(patients)), derive_seed(title)
    drawn = resample(estimators, n_patients=n_patients, seed=seed)
    differences = compare_pairwise(drawn, metric.direction, n=n, n_patients=n_patients)
    estimates = {
        name: distribution.estimate(n=n, n_patients=n_patients, reason=metric.undefined)
        for name, distribution in drawn.items()
    }
    rows = tuple((rank, estimates[rank.name]) for rank in rank_systems(drawn, metric.direction, differences))
    flips = sign_flip_test(estimators, n_patients=n_patients, seed=seed)
    raw = [flips[pair.left, pair.right] for pair in differences]
    pairs = tuple(SystemPair(*pair) for pair in zip(differences, raw, adjust_holm(raw), strict=True))
    return SystemComparison(title, metric.name, n, n_patients, rows, pairs)
