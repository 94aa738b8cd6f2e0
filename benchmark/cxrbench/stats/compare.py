"""Paired comparison: two or many submissions on the same draws of patients, with Holm's correction."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.metrics.direction import Direction
from cxrbench.stats.bootstrap import DRAWS, resample
from cxrbench.stats.estimators import Estimator
from cxrbench.stats.intervals import BootstrapDistribution, Estimate
from cxrbench.stats.multiple_testing import adjust_holm

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """How much better one submission is than another on one metric.

    Attributes:
        left: The name of the first submission.
        right: The name of the second submission.
        estimate: The difference in the unit of the metric with its 95 % interval; positive where `left` is better.
        p: The two-sided p-value of the bootstrap; None where the difference is undefined.
        p_holm: The same, corrected over all pairs compared.
    """

    left: str
    right: str
    estimate: Estimate
    p: float | None
    p_holm: float | None

    @property
    def significant(self) -> bool:
        """Whether the two are significantly different (corrected p below 0.05)."""
        return self.p_holm is not None and self.p_holm < ALPHA

    def reverse(self) -> "PairedDifference":
        """The same pair with left and right exchanged.

        Example:
            >>> pair = PairedDifference("a", "b", Estimate(0.5, 0.25, 1.0, 8, 4), p=0.01, p_holm=0.03)
            >>> pair.reverse().left, pair.reverse().estimate.value, pair.significant
            ('b', -0.5, True)
        """
        return PairedDifference(self.right, self.left, self.estimate.negate(), self.p, self.p_holm)


def orient_distribution(values: BootstrapDistribution, direction: Direction) -> BootstrapDistribution:
    """Turn a statistic so that higher is better.

    Args:
        values: A metric on bootstrap draws.
        direction: Which way the metric points.

    Returns:
        The negative of its loss: for a metric with a target, minus its distance from it.

    Example:
        >>> bias = BootstrapDistribution(-0.5, np.array([-0.25, 0.5]), np.array([0.0]))
        >>> orient_distribution(bias, Direction.ZERO).draws.tolist()
        [-0.25, -0.5]
    """
    return values.transform(lambda part: -direction.loss(part))


def compare_two(
    left: Mapping[str, Estimator],
    right: Mapping[str, Estimator],
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
) -> dict[str, tuple[Estimate, float | None]]:
    """Compare two submissions on every metric that both have, on the same draws.

    Args:
        left: The estimators of the first submission by metric.
        right: The estimators of the second submission by metric.
        n: Number of cases.
        n_patients: Number of patients.
        seed: The seed of the draws.
        count: Number of draws.

    Returns:
        For each shared metric left minus right with its 95 % interval, and the two-sided p-value of the bootstrap
        (see `compute_bootstrap_p`).

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> truth, patients = np.zeros(6), list("aabcde")
        >>> left = {"mae": make_estimator(mae, truth, np.array([1.0, 1, 2, 1, 2, 1]), patients)}
        >>> right = {"mae": make_estimator(mae, truth, np.array([2.0, 3, 3, 2, 2, 1]), patients)}
        >>> difference, p = compare_two(left, right, n=6, n_patients=5, seed=1)["mae"]
        >>> round(difference.value, 3), round(difference.low, 3), round(difference.high, 3), round(p, 4)
        (-0.833, -1.375, -0.2, 0.0111)
    """
    shared = [key for key in left if key in right]
    if n_patients == 0:
        return {key: (Estimate(None, None, None, 0, 0, "no cases"), None) for key in shared}
    sides = {(key, name): side[key] for key in shared for name, side in (("left", left), ("right", right))}
    drawn = resample(sides, n_patients=n_patients, seed=seed, count=count)
    gaps = {key: drawn[key, "left"] - drawn[key, "right"] for key in shared}
    return {key: (gap.estimate(n=n, n_patients=n_patients), compute_bootstrap_p(gap)) for key, gap in gaps.items()}


def compare_pairwise(
    drawn: Mapping[str, BootstrapDistribution], direction: Direction, *, n: int, n_patients: int
) -> list[PairedDifference]:
    """Compare every two submissions on one metric.

    Args:
        drawn: The metric of each submission on the same draws (`resample`).
        direction: Which way the metric points.
        n: Number of cases.
        n_patients: Number of patients.

    Returns:
        The difference of each pair, positive where the first is better, with p-values corrected over all pairs.

    Example:
        >>> first = BootstrapDistribution(1.0, np.array([0.75, 1.0, 1.25]), np.array([0.9, 1.1]))
        >>> second = BootstrapDistribution(2.0, np.array([2.0, 1.75, 2.25]), np.array([1.9, 2.1]))
        >>> (pair,) = compare_pairwise({"a": first, "b": second}, Direction.LOWER, n=2, n_patients=2)
        >>> pair.left, pair.right, pair.estimate.value, round(pair.p, 3)
        ('a', 'b', 1.0, 0.333)
    """
    advantages = {name: orient_distribution(values, direction) for name, values in drawn.items()}
    gaps = {(a, b): advantages[a] - advantages[b] for a, b in combinations(advantages, 2)}
    raw = [compute_bootstrap_p(gap) for gap in gaps.values()]
    return [
        PairedDifference(a, b, gap.estimate(n=n, n_patients=n_patients), p, corrected)
        for ((a, b), gap), p, corrected in zip(gaps.items(), raw, adjust_holm(raw), strict=True)
    ]


def compute_bootstrap_p(gap: BootstrapDistribution) -> float | None:
    """Compute the two-sided p-value that a difference is zero.

    Args:
        gap: The difference on bootstrap draws.

    Returns:
        Twice the smaller share of draws on either side of zero, ties half, and at least 1 / draws; None where the
        difference is undefined in the sample or in every draw.

    Example:
        >>> compute_bootstrap_p(BootstrapDistribution(0.5, np.array([-0.5, 0.25, 0.5, 1.0]), np.array([0.5])))
        0.5
    """
    defined = gap.draws[~np.isnan(gap.draws)]
    if np.isnan(gap.point) or not len(defined):
        return None
    return compute_two_sided_p(defined)


def compute_two_sided_p(gaps: Floats) -> float:
    """Compute a two-sided p-value from drawn differences.

    Args:
        gaps: The drawn differences `[draws]`, all defined.

    Returns:
        Twice the smaller share of values on either side of zero (ties half), in [1 / draws, 1].

    Example:
        >>> compute_two_sided_p(np.array([0.5, 1.0, 1.5, 2.0])), compute_two_sided_p(np.zeros(4))
        (0.25, 1.0)
    """
    equal = np.abs(gaps) <= 1e-12
    below = float(((gaps < 0) & ~equal).mean() + equal.mean() / 2)
    return float(min(1.0, max(2 * min(below, 1 - below), 1 / len(gaps))))
