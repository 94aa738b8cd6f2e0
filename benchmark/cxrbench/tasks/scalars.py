"""Predictions of plain numbers, one per key: what most tasks have in common."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from cxrbench.tasks import Arrays, Row


def check_number(name: str, value: object, low: float, high: float) -> np.ndarray:
    """Check that a value is one finite number in a range.

    Args:
        name: The key of the value, for the message.
        value: The value, of any type.
        low: The lowest value allowed.
        high: The highest value allowed.

    Returns:
        The number as a float array `[]`.

    Raises:
        ValueError: With the rule that the value breaks.

    Example:
        >>> float(check_number("opacity", 2, 0, 6))
        2.0
    """
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


def check_keys(keys: set[str], prediction: Mapping[str, object], what: str = "key") -> None:
    """Check that a prediction has the expected keys and no other.

    Args:
        keys: The expected keys.
        prediction: The prediction, or a row of a table.
        what: What a key is called in the message.

    Raises:
        ValueError: Where a key is missing or there is another one.
    """
    if set(prediction) != keys:
        plural = f"{what}s" if len(keys) > 1 else what
        got = ", ".join(sorted(prediction)) or "nothing"
        raise ValueError(f"expected the {plural} {', '.join(sorted(keys))}, got {got}")


class ScalarTask:
    """The base of a task whose prediction is numbers: derive from it and give each key its range.

    Attributes:
        ranges: Key to (lowest, highest); a value outside is refused, not clipped.
        several_rows: A table gives each case one row.
    """

    ranges: ClassVar[Mapping[str, tuple[float, float]]]
    several_rows = False

    def check(self, prediction: Arrays, shape: tuple[int, ...] | None = None) -> Arrays:  # noqa: ARG002
        """Exactly the task's keys, each one finite number in its range.

        Args:
            prediction: What a submission returned for one image.
            shape: The shape of the image, where known.

        Returns:
            The prediction in its canonical form.

        Raises:
            ValueError: With the rule that the prediction breaks.
        """
        check_keys(set(self.ranges), prediction)
        return {name: check_number(name, prediction[name], *limits) for name, limits in self.ranges.items()}

    def to_row(self, prediction: Arrays) -> Row:
        """One column per key.

        Args:
            prediction: A checked prediction.

        Returns:
            The columns.
        """
        return {name: float(np.asarray(prediction[name])) for name in self.ranges}

    def from_row(self, row: Mapping[str, object]) -> Arrays:
        """Read a prediction from columns of a table, the inverse of `to_row`.

        Args:
            row: The columns of one case.

        Returns:
            The prediction, not yet checked.

        Raises:
            ValueError: For other columns or text that is no number.
        """
        check_keys(set(self.ranges), row, "column")
        return {name: np.array(float(str(row[name]))) for name in self.ranges}
