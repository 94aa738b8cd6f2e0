"""Random numbers that are identical on every machine and with every version: raw bits of PCG64, converted here.

Numpy guarantees the bits of its PCG64, but not the results of its distributions; so none of them is used.
"""

from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@cache
def make_normal_table() -> Floats:
    """Make a table from a byte of random bits to a normal number.

    Returns:
        256 quantiles of the standard normal distribution, rounded to 1/1000.
    """
    return np.array([round(NormalDist().inv_cdf((i + 0.5) / 256), 3) for i in range(256)])


class RandomStream:
    """A stream of random numbers, identified by integers: the same integers give the same numbers.

    Example:
        >>> RandomStream(2020, 1).uniform() == RandomStream(2020, 1).uniform()
        True
    """

    def __init__(self, *name: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(list(name)))

    def uniforms(self, count: int) -> Floats:
        """Draw uniform numbers in [0, 1), 53 bits each.

        Args:
            count: How many.

        Returns:
            `[count]`.
        """
        raw = np.asarray(self._bits.random_raw(count), np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def uniform(self) -> float:
        """Draw one uniform number in [0, 1)."""
        return float(self.uniforms(1)[0])

    def between(self, low: float, high: float) -> float:
        """Draw one uniform number in [low, high).

        Args:
            low: Lower end, included.
            high: Upper end, excluded.

        Returns:
            The number.
        """
        return low + (high - low) * self.uniform()

    def normal(self, spread: float = 1.0) -> float:
        """Draw one approximately normal number: the sum of twelve uniform numbers less six; within 6 SD.

        Args:
            spread: Standard deviation.

        Returns:
            The number; the mean is 0.
        """
        return spread * (float(self.uniforms(12).sum()) - 6.0)

    def chance(self, share: float) -> bool:
        """Draw True with a given probability.

        Args:
            share: Probability, 0-1.

        Returns:
            True or False.
        """
        return self.uniform() < share

    def index(self, count: int) -> int:
        """Draw an integer in [0, count).

        Args:
            count: Number of values.

        Returns:
            The integer.
        """
        return int(self.uniform() * count)

    def normals(self, shape: tuple[int, ...]) -> Floats:
        """Draw many coarse normal numbers for noise: 256 levels, one byte each.

        Args:
            shape: Shape of the array.

        Returns:
            Standard normal numbers of this shape.
        """
        count = int(np.prod(shape))
        raw = np.asarray(self._bits.random_raw(-(-count // 8)), "<u8")
        return make_normal_table()[raw.view(np.uint8)[:count]].reshape(shape)
