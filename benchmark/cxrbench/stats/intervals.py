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
class Estimate:
    """A value with its 95 % interval.

    Attributes:
        value: The value; None where undefined.
        low: Lower bound of the interval; None where too few draws are defined.
        high: Upper bound of the interval; None where too few draws are defined.
        n: Number of cases.
        n_patients: Number of patients.
        undefined: Why the value or its interval is undefined; None where both are defined.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_patients: int
    undefined: str | None = None

    def negate(self) -> "Estimate":
        """The same with the opposite sign: of a difference, the difference seen from the other side.

        Example:
            >>> Estimate(0.5, 0.25, 1.0, n=8, n_patients=4).negate().low
            -1.0
        """
        value, low, high = (None if end is None else -end for end in (self.value, self.high, self.low))
        return Estimate(value, low, high, self.n, self.n_patients, self.undefined)


@dataclass(frozen=True, slots=True)
class BootstrapDistribution:
    """A statistic with its values in bootstrap draws; two on the same draws give their paired difference.

    Attributes:
        point: The value in the sample itself, NaN where undefined.
        draws: The values in the draws `[draws]`, NaN where undefined.
        jackknife: The values with each patient (or group of patients) left out, `[patients]` or `[groups]`.

    Example:
        >>> left = BootstrapDistribution(1.0, np.array([0.5, 1.5]), np.array([1.0, 1.0]))
        >>> right = BootstrapDistribution(0.5, np.array([0.25, 0.5]), np.array([0.5, 0.25]))
        >>> (left - right).point, (left - right).draws.tolist()
        (0.5, [0.25, 1.0])
    """

    point: float
    draws: Floats
    jackknife: Floats

    def __sub__(self, other: "BootstrapDistribution") -> "BootstrapDistribution":
        return BootstrapDistribution(
            self.point - other.point, self.draws - other.draws, self.jackknife - other.jackknife
        )

    def transform(self, function: Callable[[Floats], Floats]) -> "BootstrapDistribution":
        """Apply a function to the statistic, draw by draw.

        Args:
            function: A function that works elementwise.

        Returns:
            The distribution of the function's values.

        Example:
            >>> BootstrapDistribution(4.0, np.array([1.0, 9.0]), np.array([4.0])).transform(np.sqrt).draws.tolist()
            [1.0, 3.0]
        """
        point = float(function(np.array([self.point]))[0])
        return BootstrapDistribution(point, function(self.draws), function(self.jackknife))

    def estimate(self, *, n: int, n_patients: int, reason: str = "undefined", method: Method = "bca") -> Estimate:
        """Compute the value and its 95 % interval.

        Args:
            n: Number of cases.
            n_patients: Number of patients.
            reason: Why the statistic can be undefined.
            method: The kind of interval: "bca" or "percentile".

        Returns:
            The value with its interval, or the reason why there is none: the value is undefined, there is one
            patient only, or more than 5 % of the draws are undefined.

        Example:
            >>> draws = np.linspace(0, 2, 201)
            >>> mean = BootstrapDistribution(1.0, draws, np.array([0.9, 1.0, 1.1]))
            >>> estimate = mean.estimate(n=3, n_patients=3)
            >>> estimate.value, round(estimate.low, 2), round(estimate.high, 2)
            (1.0, 0.05, 1.95)
            >>> mean.estimate(n=3, n_patients=1).undefined
            'one patient has no interval'
        """
        if np.isnan(self.point):
            return Estimate(None, None, None, n, n_patients, reason)
        if n_patients < 2:
            return Estimate(self.point, None, None, n, n_patients, "one patient has no interval")
        defined = self.draws[~np.isnan(self.draws)]
        if len(defined) < MIN_DEFINED * len(self.draws):
            return Estimate(self.point, None, None, n, n_patients, f"interval: {reason} in too many draws")
        if method == "bca":
            low, high = bca_interval(self.point, defined, self.jackknife[~np.isnan(self.jackknife)])
        else:
            low, high = percentile_interval(self.point, defined)
        return Estimate(self.point, low, high, n, n_patients)


def percentile_interval(point: float, draws: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Compute the plain percentile interval.

    Args:
        point: The value in the sample itself.
        draws: The values in the draws `[draws]`, all defined.
        level: The level of the interval, in (0, 1).

    Returns:
        Both bounds, widened to contain the point where bias has put it outside.

    Example:
        >>> low, high = percentile_interval(0.5, np.linspace(0, 1, 101))
        >>> round(low, 3), round(high, 3)
        (0.025, 0.975)
    """
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return min(float(low), point), max(float(high), point)


def bca_interval(point: float, draws: Floats, jackknife: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Compute the bias-corrected and accelerated interval (Efron 1987).

    Draws equal to the point count half in the bias correction, so that a constant gives (point, point). Where the
    acceleration is too large for the formula (nearly all spread comes from one patient) the plain percentiles are
    used.

    Args:
        point: The value in the sample itself.
        draws: The values in the draws `[draws]`, all defined.
        jackknife: The values with each patient left out `[patients]`, all defined.
        level: The level of the interval, in (0, 1).

    Returns:
        Both bounds; the interval always contains the point.

    Example:
        >>> low, high = bca_interval(0.5, np.linspace(0, 1, 101), np.array([0.4, 0.5, 0.6]))
        >>> round(low, 3), round(high, 3)
        (0.025, 0.975)
        >>> low, high = bca_interval(0.5, np.linspace(0, 1, 101), np.array([0.1, 0.5, 0.6]))
        >>> round(low, 3), round(high, 3)
        (0.039, 0.986)
    """
    equal = np.abs(draws - point) <= 1e-12 * (1 + abs(point))
    below = float(((draws < point) & ~equal).mean() + equal.mean() / 2)
    bias = float(ndtri(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))
    speed = compute_acceleration(jackknife)
    tail = ndtri([(1 - level) / 2, (1 + level) / 2])
    shift = 1 - speed * (bias + tail)
    shares = ndtr(bias + (bias + tail) / shift) if (shift > 0).all() else ndtr(tail)
    low, high = np.quantile(draws, shares)
    return min(float(low), point), max(float(high), point)


def compute_acceleration(jackknife: Floats) -> float:
    """Compute Efron's acceleration, a sixth of the skewness of the jackknife values.

    Args:
        jackknife: The values with each patient left out `[patients]`.

    Returns:
        The acceleration; 0 where all values are equal.

    Example:
        >>> compute_acceleration(np.array([0.0, 1.0, 2.0])), round(compute_acceleration(np.array([0.0, 2.0, 2.5])), 4)
        (0.0, 0.0573)
    """
    gap = jackknife.mean() - jackknife if len(jackknife) else np.zeros(1)
    spread = float((gap**2).sum())
    return float((gap**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
