"""Agreement of two readings on ordinal scores: Cohen's kappa and the confusion matrix.

Kappa is one minus observed over expected disagreement. Both need the sum of the penalties and the two marginals
only, so a case contributes 1 + 2 K numbers and not its cell of the K x K table.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrbench.metrics.base import Floats, Metric, checked, checked_weights

Penalty = Callable[[Floats], Floats]


def as_classes(name: str, side: str, values: Floats, classes: int) -> NDArray[np.intp]:
    """Values rounded half to even, as class indices; `ValueError` for one outside 0...classes-1."""
    rounded = np.rint(values)
    outside = values[(rounded < 0) | (rounded >= classes)]
    if outside.size:
        raise ValueError(f"{name}: {side} outside 0-{classes - 1}, got {outside[0]:g}")
    return rounded.astype(np.intp)


def _kappa(name: str, classes: int, penalty: Penalty) -> Metric:
    """Kappa whose disagreement of classes `d` apart costs `penalty(d)`."""
    step = np.arange(classes, dtype=np.float64)
    matrix = penalty(abs(step[:, None] - step[None, :]))

    def columns(truth: Floats, pred: Floats) -> Floats:
        t, p = as_classes(name, "truth", truth, classes), as_classes(name, "prediction", pred, classes)
        return np.column_stack([matrix[t, p], t[:, None] == step, p[:, None] == step]).astype(np.float64)

    def finish(sums: Floats, weight: Floats) -> Floats:
        of_truth, of_pred = sums[..., 1 : classes + 1], sums[..., classes + 1 :]
        expected = ((of_truth @ matrix) * of_pred).sum(-1) / weight**2
        return np.asarray(1 - sums[..., 0] / weight / np.where(expected > 1e-15, expected, np.nan))

    return Metric(name, "higher", columns, finish, "truth and prediction are one and the same class")


def kappa(classes: int) -> Metric:
    """Cohen's kappa, every disagreement alike, over the classes 0...classes-1.

    Predictions are rounded first, half to even. Undefined where both sides are one and the same class.
    Source: Cohen 1960; equal to scikit-learn's `cohen_kappa_score`.

    >>> round(float(kappa(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.6667
    """
    return _kappa("kappa", classes, lambda distance: (distance > 0).astype(np.float64))


def kappa_linear(classes: int) -> Metric:
    """Cohen's kappa with linear weights: a disagreement counts by its distance in classes.

    Rounding, undefined case and reference as for `kappa`.

    >>> round(float(kappa_linear(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.8
    """
    return _kappa("kappa_linear", classes, lambda distance: distance)


def kappa_quadratic(classes: int) -> Metric:
    """Cohen's kappa with squared-distance weights over `classes` ordered classes 0...classes-1.

    Predictions are rounded first, half to even. Undefined where both sides are one and the same class.
    Source: Cohen 1968; equal to scikit-learn's `cohen_kappa_score(weights="quadratic")`.

    >>> round(float(kappa_quadratic(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.9
    """
    return _kappa("kappa_quadratic", classes, lambda distance: distance**2)


def confusion_matrix(truth: ArrayLike, pred: ArrayLike, classes: int, weights: ArrayLike | None = None) -> Floats:
    """Weight of the cases in each cell `[..., classes, classes]`, rows truth and columns prediction (rounded).

    >>> confusion_matrix([0, 1, 1], [0, 1, 0], 2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    left, right = checked("confusion_matrix", truth, pred)
    chosen = checked_weights("confusion_matrix", weights, len(left))
    t = as_classes("confusion_matrix", "truth", left, classes)
    p = as_classes("confusion_matrix", "prediction", right, classes)
    cell = (t * classes + p)[:, None] == np.arange(classes**2)
    return np.asarray(chosen @ cell.astype(np.float64)).reshape(*chosen.shape[:-1], classes, classes)
