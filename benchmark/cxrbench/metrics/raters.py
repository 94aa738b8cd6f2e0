"""Agreement of many raters: Fleiss' kappa, Krippendorff's alpha, the intraclass correlation ICC(2,1).

Readings are `[n, raters]`, one row per case. All are functions of sums over cases, so a bootstrap draw over patients is
one more weight vector here too; a weight counts as so many copies of the case.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrbench.metrics.agreement import round_to_classes
from cxrbench.metrics.base import Floats, apply_finish, check_weights
from cxrbench.metrics.direction import Direction


@dataclass(frozen=True, slots=True)
class RaterMetric:
    """The counterpart of `Metric` for readings `[n, raters]`.

    Attributes:
        name: The key of the metric in results and messages.
        columns: A function `columns(readings)` that gives the contributions `[n, k]` of n cases.
        finish: A function `finish(sums, weight)` as of `Metric`.
        undefined: The reason why a value can be undefined.
        missing: Whether a NaN (a case that a rater did not read) is allowed.
        direction: Which values are better: higher ones.
    """

    name: str
    columns: Callable[[Floats], Floats]
    finish: Callable[[Floats, Floats], Floats]
    undefined: str
    missing: bool = False
    direction: Direction = field(default=Direction.HIGHER, init=False)

    def __call__(self, readings: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """Compute the value for each weight vector.

        Args:
            readings: Readings `[n, raters]`.
            weights: Case weights `[..., n]`, at least 0; by default each case counts once.

        Returns:
            The values `[...]`, NaN where undefined.

        Raises:
            ValueError: For fewer than two raters, a value that is not finite, or a weight below 0.
        """
        rows = self.columns(self.check_readings(readings))
        chosen = check_weights(self.name, weights, len(rows))
        return apply_finish(self.finish, chosen @ rows, chosen.sum(-1))

    def check_readings(self, readings: ArrayLike) -> Floats:
        """Check the readings.

        Args:
            readings: Readings `[n, raters]`; NaN where `missing` allows it.

        Returns:
            The readings as floats `[n, raters]`.

        Raises:
            ValueError: For fewer than two raters, or a value that is not finite.
        """
        values = np.asarray(readings, np.float64)
        if values.ndim != 2 or values.shape[1] < 2:
            raise ValueError(f"{self.name}: readings {values.shape} must be [n, raters] with two raters or more")
        if np.isinf(values).any() or (np.isnan(values).any() and not self.missing):
            raise ValueError(f"{self.name}: a reading is not finite")
        return values


def _count_classes(name: str, readings: Floats, classes: int) -> Floats:
    """How many raters chose each class, `[n, classes]`; a NaN counts for no class."""
    read = ~np.isnan(readings)
    chosen = round_to_classes(name, "reading", np.where(read, readings, 0.0), classes)
    one_hot: NDArray[np.bool_] = (chosen[..., None] == np.arange(classes)) & read[..., None]
    return np.asarray(one_hot.sum(1), np.float64)


def fleiss_kappa(classes: int) -> RaterMetric:
    """Fleiss' kappa over unordered classes, where every rater reads every case.

    Undefined where all readings are one class. Source: Fleiss 1971; equal to statsmodels' `fleiss_kappa`.

    Args:
        classes: Number of classes; readings are 0...classes-1.

    Returns:
        The metric, at most 1; 0 is agreement by chance.

    Example:
        >>> round(float(fleiss_kappa(2)([[0, 0, 1], [1, 1, 1], [0, 0, 0]])), 4)
        0.55
    """

    def columns(readings: Floats) -> Floats:
        counts, raters = _count_classes("fleiss_kappa", readings, classes), readings.shape[1]
        agreeing = ((counts**2).sum(1) - raters) / (raters * (raters - 1))
        return np.column_stack([agreeing, counts / raters])

    def finish(sums: Floats, weight: Floats) -> Floats:
        by_chance = ((sums[..., 1:] / weight[..., None]) ** 2).sum(-1)
        left = 1 - by_chance
        return np.asarray((sums[..., 0] / weight - by_chance) / np.where(left > 1e-15, left, np.nan))

    return RaterMetric("fleiss_kappa", columns, finish, "all readings are one class")


def krippendorff_alpha(level: Literal["nominal", "ordinal"], classes: int) -> RaterMetric:
    """Krippendorff's alpha over classes; NaN marks a case that a rater did not read.

    Cases with fewer than two readings do not count. Undefined where all readings that count are one class.
    Source: Krippendorff, Computing Krippendorff's alpha-reliability (2011), sections C and D.

    Args:
        level: "nominal" for unordered and "ordinal" for ordered classes.
        classes: Number of classes; readings are 0...classes-1 or NaN.

    Returns:
        The metric, at most 1; 0 is agreement by chance.

    Example:
        >>> round(float(krippendorff_alpha("nominal", 2)([[0, 0], [1, 1], [0, 1], [0, 0]])), 4)
        0.5333
        >>> alpha = krippendorff_alpha("ordinal", 4)
        >>> round(float(alpha([[0, 0], [1, 2], [3, 3], [2, float("nan")]])), 4)
        0.9495
    """
    name = f"krippendorff_alpha_{level}"

    def columns(readings: Floats) -> Floats:
        counts = _count_classes(name, readings, classes)
        m = counts.sum(1)[:, None, None]
        pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(classes)
        shared = np.divide(pairs, m - 1, out=np.zeros_like(pairs), where=m > 1)
        return np.asarray(shared.reshape(len(readings), classes**2), np.float64)

    def finish(sums: Floats, weight: Floats) -> Floats:
        table = sums.reshape(*weight.shape, classes, classes)
        marginal = table.sum(-1)
        distance = _compute_ordinal_distance(marginal) if level == "ordinal" else 1 - np.eye(classes)
        expected = (marginal[..., :, None] * marginal[..., None, :] * distance).sum((-2, -1))
        observed = (table * distance).sum((-2, -1)) * (marginal.sum(-1) - 1)
        return np.asarray(1 - observed / np.where(expected > 0, expected, np.nan))

    return RaterMetric(name, columns, finish, "all readings are one class", missing=True)


def _compute_ordinal_distance(marginal: Floats) -> Floats:
    """Squared ordinal distance of two classes: readings between them, their own counted half, `[..., K, K]`."""
    middle = np.cumsum(marginal, -1) - marginal / 2
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)


def _compute_interval_columns(readings: Floats) -> Floats:
    read = ~np.isnan(readings)
    m = read.sum(1).astype(np.float64)
    x = np.where(read, readings - (readings[read].mean() if read.any() else 0.0), 0.0) * (m > 1)[:, None]
    plain, square = x.sum(1), (x**2).sum(1)
    observed = np.divide(2 * (m * square - plain**2), m - 1, out=np.zeros(len(m)), where=m > 1)
    return np.stack([observed, np.where(m > 1, m, 0.0), plain, square], axis=-1)


def _finish_interval_alpha(sums: Floats, _: Floats) -> Floats:
    observed, m, plain, square = np.moveaxis(sums, -1, 0)
    expected = 2 * (m * square - plain**2)
    return np.asarray(1 - (m - 1) * observed / np.where(expected > 1e-12 * m * square, expected, np.nan))


krippendorff_alpha_interval = RaterMetric(
    "krippendorff_alpha_interval",
    _compute_interval_columns,
    _finish_interval_alpha,
    "all readings are one value",
    missing=True,
)
"""Krippendorff's alpha for numbers, with the squared difference as distance; otherwise as `krippendorff_alpha`.

Example:
    >>> round(float(krippendorff_alpha_interval([[0, 0], [1, 1], [0, 1], [2, 2]])), 4)
    0.8205
"""


def _compute_icc_columns(readings: Floats) -> Floats:
    x = readings - readings.mean() if len(readings) else readings
    return np.column_stack([(x**2).sum(1), x.sum(1) ** 2, x])


def _finish_icc(sums: Floats, weight: Floats) -> Floats:
    square, rows, columns = sums[..., 0], sums[..., 1], sums[..., 2:]
    n, k = weight, columns.shape[-1]
    grand = columns.sum(-1) ** 2 / (n * k)
    of_cases, of_raters = rows / k - grand, (columns**2).sum(-1) / n - grand
    msr, msc = of_cases / (n - 1), of_raters / (k - 1)
    mse = (square - grand - of_cases - of_raters) / ((n - 1) * (k - 1))
    below = msr + (k - 1) * mse + k * (msc - mse) / n
    return np.asarray((msr - mse) / np.where(np.abs(below) > 1e-12 * square / n, below, np.nan))


icc = RaterMetric("icc", _compute_icc_columns, _finish_icc, "all readings are one value, or fewer than two cases")
"""ICC(2,1): absolute agreement of single readings, cases and raters both drawn at random (Shrout and Fleiss 1979).

At most 1; may be below 0 where raters disagree more within a case than between cases.

Example:
    >>> round(float(icc([[1, 2], [2, 3], [3, 4], [4, 5]])), 4)
    0.7692
"""
