"""Four simulated raters of known bias and noise, and their consensus, so that agreement has a known answer.

A rater sees the true zone score, adds the own bias and normal noise, and writes down the nearest of 0...3. So the
chances of each reading are known, and with them the expected weighted kappa against the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from cxrbench.case import Zones
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.space import Floats

CLASSES = 4


@dataclass(frozen=True, slots=True)
class Rater:
    """A reader: `bias` and `noise` in points of the score."""

    name: str
    bias: float
    noise: float

    def chances(self) -> Floats:
        """Probability `[4, 4]` of each reading (column) at each truth (row)."""
        normal = NormalDist(0, self.noise)
        upto = [[normal.cdf(cut + 0.5 - truth - self.bias) for cut in range(CLASSES - 1)] for truth in range(CLASSES)]
        return np.diff(np.array([[0.0, *row, 1.0] for row in upto]), axis=1)

    def kappa(self, counts: Sequence[int]) -> float:
        """Expected quadratically weighted kappa against the truth, given how often each score is true.

        Of the expected confusion matrix; NaN where all the truth is one class and so are the readings.
        """
        joint = np.array(counts, np.float64)[:, None] / sum(counts) * self.chances()
        cost = (np.arange(CLASSES)[:, None] - np.arange(CLASSES)[None, :]) ** 2
        by_chance = float((cost * np.outer(joint.sum(1), joint.sum(0))).sum())
        return 1 - float((cost * joint).sum()) / by_chance if by_chance else float("nan")

    def read(self, truth: Zones, draw: Draw) -> Zones:
        """One reading of six zones."""
        reached = np.cumsum(self.chances(), axis=1)
        a, b, c, d, e, f = (int((draw.unit() >= reached[zone][:-1]).sum()) for zone in truth)
        return a, b, c, d, e, f


RATERS = (
    Rater("first", 0.0, 0.30),
    Rater("second", -0.10, 0.40),
    Rater("third", 0.15, 0.45),
    Rater("fourth", 0.0, 0.60),
)
CONSENSUS = "consensus"


def readings(truth: Zones, seed: int) -> dict[str, Zones]:
    """What each rater reads in a study, and the consensus: the median of the four, a half rounded to even."""
    found = {rater.name: rater.read(truth, Draw(seed, 12, number)) for number, rater in enumerate(RATERS)}
    a, b, c, d, e, f = np.rint(np.median(np.array(list(found.values())), axis=0)).astype(int).tolist()
    return {**found, CONSENSUS: (a, b, c, d, e, f)}
