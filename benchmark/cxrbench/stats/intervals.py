"""Intervals from the values of a statistic in bootstrap draws: BCa and plain percentiles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from cxrbench.metrics.base import Floats

Method = Literal["bca", "percentile"]
LEVEL = 0.95
MIN_DEFINED = 0.95
"""Share of draws in which a metric must be defined for its interval to be given."""


@dataclass(frozen=True, slots=True)
class Score:
    """A value with its interval; `value` is None where undefined, and `undefined` says why.

    `low` and `high` bound the 95 % interval; they are None where too few draws are defined.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_patients: int
    undefined: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A statistic: its value, its values in the draws `[draws]`, and with patients left out `[patients or groups]`.

    The difference of two on the same draws is the paired difference.
    """

    point: float
    drawn: Floats
    without: Floats

    def __sub__(self, other: "Drawn") -> "Drawn":
        return Drawn(self.point - other.point, self.drawn - other.drawn, self.without - other.without)

    def through(self, fn: Callable[[Floats], Floats]) -> "Drawn":
        """The statistic `fn(self)`, `fn` working elementwise."""
        return Drawn(float(fn(np.array([self.point]))[0]), fn(self.drawn), fn(self.without))

    def score(self, *, n: int, n_patients: int, reason: str = "undefined", method: Method = "bca") -> Score:
        """Value and 95 % interval, or the reason why there is none."""
        if np.isnan(self.point):
            return Score(None, None, None, n, n_patients, reason)
        if n_patients < 2:
            return Score(self.point, None, None, n, n_patients, "one patient has no interval")
        defined = self.drawn[~np.isnan(self.drawn)]
        if len(defined) < MIN_DEFINED * len(self.drawn):
            return Score(self.point, None, None, n, n_patients, f"interval: {reason} in too many draws")
        if method == "bca":
            low, high = bca(self.point, defined, self.without[~np.isnan(self.without)])
        else:
            low, high = percentile(self.point, defined)
        return Score(self.point, low, high, n, n_patients)


def percentile(point: float, drawn: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The plain percentile interval, widened to contain the point where bias has put it outside."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return min(float(low), point), max(float(high), point)


def bca(point: float, drawn: Floats, without: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Bias-corrected and accelerated interval (Efron 1987) from draws and jackknife values.

    Draws equal to the point count half in the bias correction, so that a constant gives (point, point). Where the
    acceleration is too large for the formula (nearly all spread comes from one patient) the plain percentiles
    stand, and the interval always contains the point.
    """
    equal = np.abs(drawn - point) <= 1e-12 * (1 + abs(point))
    below = float(((drawn < point) & ~equal).mean() + equal.mean() / 2)
    bias = float(ndtri(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn))))
    speed = acceleration(without)
    tail = ndtri([(1 - level) / 2, (1 + level) / 2])
    shift = 1 - speed * (bias + tail)
    shares = ndtr(bias + (bias + tail) / shift) if (shift > 0).all() else ndtr(tail)
    low, high = np.quantile(drawn, shares)
    return min(float(low), point), max(float(high), point)


def acceleration(without: Floats) -> float:
    """Efron's acceleration, a sixth of the skewness of the jackknife values; 0 where they are one value."""
    gap = without.mean() - without if len(without) else np.zeros(1)
    spread = float((gap**2).sum())
    return float((gap**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
