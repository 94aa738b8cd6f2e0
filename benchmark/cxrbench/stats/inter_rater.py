"""Inter-rater agreement: does a submission agree with the raters as well as they agree with each other?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.metrics.direction import Direction
from cxrbench.stats.bootstrap import DRAWS, resample
from cxrbench.stats.compare import ALPHA, compute_bootstrap_p, orient_distribution
from cxrbench.stats.estimators import Estimator
from cxrbench.stats.intervals import BootstrapDistribution, Estimate

SUBMISSION = "submission"


@dataclass(frozen=True, slots=True)
class RaterComparison:
    """The submission as one more rater.

    Attributes:
        names: The raters, and last the submission.
        matrix: The agreement of every two `[r + 1, r + 1]`, NaN on the diagonal.
        submission: The mean agreement of the submission with the raters.
        raters: The mean agreement of the raters with each other.
        advantage: How much better the submission agrees than the raters do (positive: better).
        p: The two-sided p-value of the bootstrap that the advantage is zero; None where undefined.
    """

    names: tuple[str, ...]
    matrix: Floats
    submission: Estimate
    raters: Estimate
    advantage: Estimate
    p: float | None

    @property
    def verdict(self) -> str:
        """One of "better", "worse", "no difference shown", "undefined"."""
        if self.p is None or self.advantage.value is None:
            return "undefined"
        if self.p >= ALPHA:
            return "no difference shown"
        return "better" if self.advantage.value > 0 else "worse"


def compare_with_raters(
    agree: Callable[[Floats, Floats], Estimator],
    pred: Floats,
    readings: Mapping[str, Floats],
    direction: Direction,
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
) -> RaterComparison:
    """Compare a prediction with two raters or more, all on the same cases and the same draws of patients.

    Args:
        agree: A function that makes the estimator of the agreement of two readings, such as `make_estimator` with a
            symmetric metric.
        pred: The prediction `[n]` or `[n, zones]`.
        readings: The readings of each rater, of the shape of the prediction.
        direction: Which way the metric of agreement points.
        n: Number of cases.
        n_patients: Number of patients.
        seed: The seed of the draws.
        count: Number of draws.

    Returns:
        The agreement of every two, and how the submission compares with the raters.

    Raises:
        ValueError: For fewer than two raters, or one with the name of the submission.

    Example:
        >>> from cxrbench.metrics import mae
        >>> from cxrbench.stats import make_estimator
        >>> readings = {"senior": np.array([0.0, 1, 2, 3]), "junior": np.array([1.0, 2, 2, 3])}
        >>> comparison = compare_with_raters(
        ...     lambda left, right: make_estimator(mae, left, right, list("abcd")),
        ...     np.array([0.5, 1.5, 2, 3]), readings, Direction.LOWER, n=4, n_patients=4, seed=1,
        ... )
        >>> comparison.raters.value, comparison.submission.value, comparison.advantage.value
        (0.5, 0.25, 0.25)
    """
    if len(readings) < 2 or SUBMISSION in readings:
        raise ValueError(f"inter-rater agreement needs two raters or more, none named {SUBMISSION}")
    sides = {**readings, SUBMISSION: pred}
    pairs = list(combinations(sides, 2))
    drawn = resample(
        {(left, right): agree(sides[left], sides[right]) for left, right in pairs},
        n_patients=n_patients,
        seed=seed,
        count=count,
    )
    submission = _average_distributions([drawn[pair] for pair in pairs if SUBMISSION in pair])
    raters = _average_distributions([drawn[pair] for pair in pairs if SUBMISSION not in pair])
    advantage = orient_distribution(submission, direction) - orient_distribution(raters, direction)
    return RaterComparison(
        names=tuple(sides),
        matrix=_make_agreement_matrix(tuple(sides), drawn),
        submission=submission.estimate(n=n, n_patients=n_patients),
        raters=raters.estimate(n=n, n_patients=n_patients),
        advantage=advantage.estimate(n=n, n_patients=n_patients),
        p=compute_bootstrap_p(advantage),
    )


def _average_distributions(distributions: Sequence[BootstrapDistribution]) -> BootstrapDistribution:
    return BootstrapDistribution(
        float(np.mean([part.point for part in distributions])),
        np.mean([part.draws for part in distributions], axis=0),
        np.mean([part.jackknife for part in distributions], axis=0),
    )


def _make_agreement_matrix(names: tuple[str, ...], drawn: Mapping[tuple[str, str], BootstrapDistribution]) -> Floats:
    place = {name: i for i, name in enumerate(names)}
    matrix = np.full((len(names), len(names)), np.nan)
    for (a, b), agreement in drawn.items():
        matrix[place[a], place[b]] = matrix[place[b], place[a]] = agreement.point
    return matrix
