"""Paired comparison: two or many submissions on the same draws of patients, with Holm's correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Better, Floats
from cxrbench.stats.bootstrap import DRAWS, resample
from cxrbench.stats.estimators import Estimator
from cxrbench.stats.intervals import Drawn, Score

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Gap:
    """How far `left` is ahead of `right` (positive: `left` is better) on one metric, with interval and p-values.

    `p` is the bootstrap's, `p_holm` corrected over all pairs compared; None where the gap is undefined.
    """

    left: str
    right: str
    score: Score
    p: float | None
    p_holm: float | None

    @property
    def separable(self) -> bool:
        """Whether the two can be told apart (corrected p below 0.05)."""
        return self.p_holm is not None and self.p_holm < ALPHA


def oriented(values: Drawn, better: Better) -> Drawn:
    """The same statistic turned so that more is better; of a signed error minus its distance from its ideal."""
    if better == "higher":
        return values
    if better == "lower":
        return values.through(lambda one: -one)
    ideal = 0.0 if better == "zero" else 1.0
    return values.through(lambda one: -np.abs(one - ideal))


def paired(
    left: Mapping[str, Estimator],
    right: Mapping[str, Estimator],
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
) -> dict[str, tuple[Score, float | None]]:
    """Left minus right for every shared metric, on the same draws, with a two-sided bootstrap p-value.

    p is twice the smaller share of draws on either side of zero (ties half), at least 1 / draws; None if undefined.
    """
    shared = [key for key in left if key in right]
    if n_patients == 0:
        return {key: (Score(None, None, None, 0, 0, "no cases"), None) for key in shared}
    sides = {(key, name): side[key] for key in shared for name, side in (("left", left), ("right", right))}
    drawn = resample(sides, n_patients=n_patients, seed=seed, count=count)
    gaps = {key: drawn[key, "left"] - drawn[key, "right"] for key in shared}
    return {key: (gap.score(n=n, n_patients=n_patients), bootstrap_p(gap)) for key, gap in gaps.items()}


def pairwise(drawn: Mapping[str, Drawn], better: Better, *, n: int, n_patients: int) -> list[Gap]:
    """Every two submissions on one metric, from values on the same draws (`resample`); Holm over all the pairs.

    Gaps are in the metric's unit, positive where the first is better.
    """
    ahead = {name: oriented(values, better) for name, values in drawn.items()}
    gaps = {(a, b): ahead[a] - ahead[b] for a, b in combinations(ahead, 2)}
    raw = [bootstrap_p(gap) for gap in gaps.values()]
    return [
        Gap(a, b, gap.score(n=n, n_patients=n_patients), p, corrected)
        for ((a, b), gap), p, corrected in zip(gaps.items(), raw, holm(raw), strict=True)
    ]


def bootstrap_p(gap: Drawn) -> float | None:
    """Two-sided p that the gap is zero: twice the smaller share of draws on either side of it, ties half.

    At least 1 / draws; None where the gap is undefined, in the sample or in every draw.
    """
    defined = gap.drawn[~np.isnan(gap.drawn)]
    if np.isnan(gap.point) or not len(defined):
        return None
    return two_sided(defined)


def two_sided(gaps: Floats) -> float:
    """Twice the smaller share of values on either side of zero (ties half), in [1 / len, 1]."""
    equal = np.abs(gaps) <= 1e-12
    below = float(((gaps < 0) & ~equal).mean() + equal.mean() / 2)
    return float(min(1.0, max(2 * min(below, 1 - below), 1 / len(gaps))))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over the p-values that are defined; None stays None."""
    corrected = iter(stepped_down(np.array([p for p in p_values if p is not None])).tolist())
    return [None if p is None else float(next(corrected)) for p in p_values]


def stepped_down(p: Floats) -> Floats:
    """Holm's correction of p-values `[n]`: of those in order, the greatest so far of p times how many are left."""
    order = np.argsort(p)
    found = np.empty(len(p))
    found[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return found
