"""Four simulated raters of known bias and noise, and their consensus, so that their agreement is known.

A rater sees the true zone score, adds the rater's own bias and normal noise, and records the nearest of 0 to 3. So the
probability of each reading is known, and with it the expected weighted kappa against the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from cxrbench.case import Zones
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import Floats

CLASSES = 4


@dataclass(frozen=True, slots=True)
class SimulatedRater:
    """A simulated rater.

    Attributes:
        name: Name of the rater.
        bias: Bias in points of the score.
        noise: Standard deviation of the noise in points of the score.
    """

    name: str
    bias: float
    noise: float

    def compute_probabilities(self) -> Floats:
        """Compute the probability `[4, 4]` of each reading (column) given each truth (row)."""
        normal = NormalDist(0, self.noise)
        upto = [[normal.cdf(cut + 0.5 - truth - self.bias) for cut in range(CLASSES - 1)] for truth in range(CLASSES)]
        return np.diff(np.array([[0.0, *row, 1.0] for row in upto]), axis=1)

    def expect_kappa(self, counts: Sequence[int]) -> float:
        """Compute the expected quadratically weighted kappa against the truth.

        Args:
            counts: Number of zones with each true score, `[4]`.

        Returns:
            Kappa of the expected confusion matrix; NaN where truth and readings are one and the same class.
        """
        joint = np.array(counts, np.float64)[:, None] / sum(counts) * self.compute_probabilities()
        cost = (np.arange(CLASSES)[:, None] - np.arange(CLASSES)[None, :]) ** 2
        by_chance = float((cost * np.outer(joint.sum(1), joint.sum(0))).sum())
        return 1 - float((cost * joint).sum()) / by_chance if by_chance else float("nan")

    def read(self, truth: Zones, draw: RandomStream) -> Zones:
        """Draw one reading of six zones.

        Args:
            truth: True scores.
            draw: Random numbers.

        Returns:
            Scores of the rater.
        """
        reached = np.cumsum(self.compute_probabilities(), axis=1)
        a, b, c, d, e, f = (int((draw.uniform() >= reached[zone][:-1]).sum()) for zone in truth)
        return a, b, c, d, e, f


RATERS = (
    SimulatedRater("first", 0.0, 0.30),
    SimulatedRater("second", -0.10, 0.40),
    SimulatedRater("third", 0.15, 0.45),
    SimulatedRater("fourth", 0.0, 0.60),
)
CONSENSUS = "consensus"


def draw_readings(truth: Zones, seed: int) -> dict[str, Zones]:
    """Draw the readings of a study, and their consensus: the median of the four, a half rounded to even.

    Args:
        truth: True scores.
        seed: Seed of the study.

    Returns:
        Scores by name of the rater.
    """
    readings = {rater.name: rater.read(truth, RandomStream(seed, 12, number)) for number, rater in enumerate(RATERS)}
    a, b, c, d, e, f = np.rint(np.median(np.array(list(readings.values())), axis=0)).astype(int).tolist()
    return {**readings, CONSENSUS: (a, b, c, d, e, f)}
