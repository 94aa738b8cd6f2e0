"""The axis of a plot: a scale with round ends, and its ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench_leaderboard.model.text import MINUS


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of an axis; `x` is in percent of the width, or in pixels in a square plot."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class AxisScale:
    """A linear scale from values to percent of the width, with a margin on both sides."""

    first: float
    last: float
    step: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> "AxisScale":
        """Choose a scale with round ends and four to eight steps.

        Args:
            values: The values that the axis must contain, at least one.

        Returns:
            The scale.
        """
        low, high = min(values), max(values)
        span = (high - low) or abs(high) or 1.0
        size = 10 ** math.floor(math.log10(span / 5))
        step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= 6)
        return cls(math.floor(low / step) * step, math.ceil(high / step) * step, step)

    def to_percent(self, value: float) -> float:
        """Convert a value to its position.

        Args:
            value: A value of the axis.

        Returns:
            Percent of the width: 3 at the first tick, 97 at the last.
        """
        return round(3 + 94 * (value - self.first) / ((self.last - self.first) or 1.0), 2)

    def list_ticks(self) -> tuple[Tick, ...]:
        """List every step from the first to the last, written with the decimals that a step needs."""
        count = round((self.last - self.first) / self.step)
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        values = [self.first + self.step * i for i in range(count + 1)]
        return tuple(Tick(self.to_percent(value), f"{value + 0.0:.{digits}f}".replace("-", MINUS)) for value in values)
