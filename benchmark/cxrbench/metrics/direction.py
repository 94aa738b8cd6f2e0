"""Which way a metric points, and the loss that ranks its values."""

from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", float, NDArray[np.float64])


class Direction(StrEnum):
    """Which values of a metric are better: higher or lower ones, or those closer to a target.

    The target is 0 for a signed error and an intercept, and 1 for a slope. Members are strings, so that a result file
    holds "higher", "lower", "zero" or "one".
    """

    HIGHER = "higher"
    LOWER = "lower"
    ZERO = "zero"
    ONE = "one"

    @property
    def target(self) -> float | None:
        """The best value of a metric that has one: 0 or 1; None where higher or lower is better."""
        return {"zero": 0.0, "one": 1.0}.get(self.value)

    @property
    def phrase(self) -> str:
        """The direction in words for tables and pages, for example "higher is better"."""
        return f"{self} is better" if self.target is None else f"closer to {self} is better"

    def loss(self, value: Value) -> Value:
        """Turn a value so that smaller is better, whichever way the metric points.

        Args:
            value: A value of the metric, or an array of values; NaN stays NaN.

        Returns:
            The value itself, its negative, or its distance from the target.

        Example:
            >>> Direction.LOWER.loss(0.4), Direction.HIGHER.loss(0.9)
            (0.4, -0.9)
            >>> Direction.ZERO.loss(-0.1), Direction.ONE.loss(1.5)
            (0.1, 0.5)
        """
        if self is Direction.LOWER:
            return value
        if self is Direction.HIGHER:
            return -value
        return abs(value) if self is Direction.ZERO else abs(value - 1.0)
