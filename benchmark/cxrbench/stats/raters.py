"""The human yardstick: does a submission agree with the raters as well as they agree with each other?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxrbench.metrics.base import Better, Floats
from cxrbench.stats.bootstrap import DRAWS, resample
from cxrbench.stats.compare import ALPHA, bootstrap_p, oriented
from cxrbench.stats.estimators import Estimator
from cxrbench.stats.intervals import Drawn, Score

SUBMISSION = "submission"


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The submission as one more rater.

    `names` are the raters and last the submission; `matrix` `[r + 1, r + 1]` the agreement of every two (NaN on the
    diagonal). `submission` is its mean agreement with the raters, `raters` theirs with each other, `gap` how far
    the submission is ahead (positive: it agrees better), with a two-sided bootstrap `p`.
    """

    names: tuple[str, ...]
    matrix: Floats
    submission: Score
    raters: Score
    gap: Score
    p: float | None

    @property
    def verdict(self) -> str:
        """One of "better", "worse", "no difference shown", "undefined"."""
        if self.p is None or self.gap.value is None:
            return "undefined"
        if self.p >= ALPHA:
            return "no difference shown"
        return "better" if self.gap.value > 0 else "worse"


def yardstick(
    agree: Callable[[Floats, Floats], Estimator],
    pred: Floats,
    readings: Mapping[str, Floats],
    better: Better,
    *,
    n: int,
    n_patients: int,
    seed: int,
    count: int = DRAWS,
) -> Yardstick:
    """Put a prediction beside two raters or more, all on the same cases and the same draws of patients.

    `agree(left, right)` makes the estimator of two readings, such as `clustered` with a symmetric metric. Raises
    `ValueError` for fewer than two raters, or one who has the submission's place.
    """
    if len(readings) < 2 or SUBMISSION in readings:
        raise ValueError(f"yardstick: two raters or more are needed, none named {SUBMISSION}")
    sides = {**readings, SUBMISSION: pred}
    pairs = list(combinations(sides, 2))
    drawn = resample(
        {pair: agree(*(sides[one] for one in pair)) for pair in pairs}, n_patients=n_patients, seed=seed, count=count
    )
    own = _mean([drawn[pair] for pair in pairs if SUBMISSION in pair])
    theirs = _mean([drawn[pair] for pair in pairs if SUBMISSION not in pair])
    gap = oriented(own, better) - oriented(theirs, better)
    own_score, their_score, ahead = (one.score(n=n, n_patients=n_patients) for one in (own, theirs, gap))
    return Yardstick(tuple(sides), _matrix(tuple(sides), drawn), own_score, their_score, ahead, bootstrap_p(gap))


def _mean(values: Sequence[Drawn]) -> Drawn:
    return Drawn(
        float(np.mean([one.point for one in values])),
        np.mean([one.drawn for one in values], axis=0),
        np.mean([one.without for one in values], axis=0),
    )


def _matrix(names: tuple[str, ...], drawn: Mapping[tuple[str, str], Drawn]) -> Floats:
    place = {name: i for i, name in enumerate(names)}
    matrix = np.full((len(names), len(names)), np.nan)
    for (a, b), one in drawn.items():
        matrix[place[a], place[b]] = matrix[place[b], place[a]] = one.point
    return matrix
