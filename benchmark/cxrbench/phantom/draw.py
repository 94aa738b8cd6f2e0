"""Random numbers that are the same on every machine and with every library: raw bits of PCG64, and our use of them.

Numpy fixes the bits of its PCG64 for ever, but not what its distributions make of them; so nothing here calls one.
"""

from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@cache
def normal_table() -> Floats:
    """256 quantiles of the standard normal, in steps of 1/1000: a byte of random bits to a normal number."""
    return np.array([round(NormalDist().inv_cdf((i + 0.5) / 256), 3) for i in range(256)])


class Draw:
    """A stream of numbers named by a tuple of integers: the same name, the same numbers."""

    def __init__(self, *name: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(list(name)))

    def many(self, count: int) -> Floats:
        """Uniform numbers in [0, 1), 53 bits each."""
        raw = np.asarray(self._bits.random_raw(count), np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def unit(self) -> float:
        """One uniform number in [0, 1)."""
        return float(self.many(1)[0])

    def between(self, low: float, high: float) -> float:
        """One uniform number in [low, high)."""
        return low + (high - low) * self.unit()

    def normal(self, spread: float = 1.0) -> float:
        """One number, normal to a good approximation: the sum of twelve uniforms less six; within 6 spreads."""
        return spread * (float(self.many(12).sum()) - 6.0)

    def chance(self, share: float) -> bool:
        """True in `share` of the draws."""
        return self.unit() < share

    def index(self, count: int) -> int:
        """An integer in [0, count)."""
        return int(self.unit() * count)

    def normals(self, shape: tuple[int, ...]) -> Floats:
        """Coarse normal numbers in bulk, for noise: 256 levels, a byte each."""
        count = int(np.prod(shape))
        raw = np.asarray(self._bits.random_raw(-(-count // 8)), "<u8")
        return normal_table()[raw.view(np.uint8)[:count]].reshape(shape)
