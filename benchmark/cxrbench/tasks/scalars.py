"""Predictions of plain numbers, one a key: what most tasks have in common."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from cxrbench.tasks import Arrays, Row


def scalar(name: str, value: object, low: float, high: float) -> np.ndarray:
    """One finite number in [low, high] as a float array `[]`; else `ValueError` with the rule."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be a number, got {array.dtype}")
    if array.size != 1:
        raise ValueError(f"{name} must be one number, got shape {array.shape}")
    number = array.astype(np.float64).reshape(())
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    if not low <= number <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {number:g}")
    return number


def expect(keys: set[str], prediction: Mapping[str, object], what: str = "key") -> None:
    """Raise `ValueError` unless the prediction has these keys and no other."""
    if set(prediction) != keys:
        plural = f"{what}s" if len(keys) > 1 else what
        got = ", ".join(sorted(prediction)) or "nothing"
        raise ValueError(f"expected the {plural} {', '.join(sorted(keys))}, got {got}")


class Scalars:
    """The part of a task whose prediction is numbers: derive from it and give each key its range.

    `ranges` maps key to (lowest, highest); a value outside is refused, not clipped.
    """

    ranges: ClassVar[Mapping[str, tuple[float, float]]]
    several_rows = False

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:  # noqa: ARG002
        """Exactly the task's keys, each one finite number in its range."""
        expect(set(self.ranges), prediction)
        return {name: scalar(name, prediction[name], *limits) for name, limits in self.ranges.items()}

    def to_row(self, prediction: Arrays) -> Row:
        """A column a key."""
        return {name: float(np.asarray(prediction[name])) for name in self.ranges}

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """The inverse of `to_row`; raises `ValueError` for other columns or text that is no number."""
        expect(set(self.ranges), row, "column")
        return {name: np.array(float(str(row[name]))) for name in self.ranges}
