"""Agreement of two readings on ordinal scores: Cohen's kappa and the confusion matrix.

Kappa is one minus observed over expected disagreement. Both need the sum of the penalties and the two marginals
only, so a case contributes 1 + 2 K numbers and not its cell of the K x K table.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrbench.metrics.base import Floats, Metric, check_vectors, check_weights
from cxrbench.metrics.direction import Direction

Penalty = Callable[[Floats], Floats]


def round_to_classes(name: str, side: str, values: Floats, classes: int) -> NDArray[np.intp]:
    """Round scores to class indices, half to even.

    Args:
        name: The metric, for the message.
        side: Which values these are ("truth", "prediction", "reading"), for the message.
        values: Scores of any shape.
        classes: Number of classes; the indices are 0...classes-1.

    Returns:
        The class indices, in the shape of the values.

    Raises:
        ValueError: Where a rounded score is outside 0...classes-1.

    Example:
        >>> round_to_classes("kappa", "prediction", np.array([0.5, 1.5, 2.2]), 4).tolist()
        [0, 2, 2]
    """
    rounded = np.rint(values)
    outside = values[(rounded < 0) | (rounded >= classes)]
    if outside.size:
        raise ValueError(f"{name}: {side} outside 0-{classes - 1}, got {outside[0]:g}")
    return rounded.astype(np.intp)


def _make_kappa(name: str, classes: int, penalty: Penalty) -> Metric:
    """Kappa in which a disagreement by `d` classes costs `penalty(d)`."""
    step = np.arange(classes, dtype=np.float64)
    matrix = penalty(abs(step[:, None] - step[None, :]))

    def columns(truth: Floats, pred: Floats) -> Floats:
        t, p = (
            round_to_classes(name, side, values, classes) for side, values in (("truth", truth), ("prediction", pred))
        )
        return np.column_stack([matrix[t, p], t[:, None] == step, p[:, None] == step]).astype(np.float64)

    def finish(sums: Floats, weight: Floats) -> Floats:
        of_truth, of_pred = sums[..., 1 : classes + 1], sums[..., classes + 1 :]
        expected = ((of_truth @ matrix) * of_pred).sum(-1) / weight**2
        return np.asarray(1 - sums[..., 0] / weight / np.where(expected > 1e-15, expected, np.nan))

    return Metric(name, Direction.HIGHER, columns, finish, "truth and prediction are one and the same class")


def kappa(classes: int) -> Metric:
    """Cohen's kappa, in which every disagreement counts alike.

    Predictions are rounded first, half to even. Undefined where truth and prediction are one and the same class.
    Source: Cohen 1960; equal to scikit-learn's `cohen_kappa_score`.

    Args:
        classes: Number of classes; scores are 0...classes-1.

    Returns:
        The metric, at most 1; 0 is agreement by chance.

    Example:
        >>> round(float(kappa(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
        0.6667
    """
    return _make_kappa("kappa", classes, lambda distance: (distance > 0).astype(np.float64))


def kappa_linear(classes: int) -> Metric:
    """Cohen's kappa with linear weights: a disagreement counts by its distance in classes.

    Rounding, undefined case and source as for `kappa`.

    Args:
        classes: Number of ordered classes; scores are 0...classes-1.

    Returns:
        The metric, at most 1; 0 is agreement by chance.

    Example:
        >>> round(float(kappa_linear(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
        0.8
    """
    return _make_kappa("kappa_linear", classes, lambda distance: distance)


def kappa_quadratic(classes: int) -> Metric:
    """Cohen's kappa with quadratic weights: a disagreement counts by its squared distance in classes.

    Predictions are rounded first, half to even. Undefined where truth and prediction are one and the same class.
    Source: Cohen 1968; equal to scikit-learn's `cohen_kappa_score(weights="quadratic")`.

    Args:
        classes: Number of ordered classes; scores are 0...classes-1.

    Returns:
        The metric, at most 1; 0 is agreement by chance.

    Example:
        >>> round(float(kappa_quadratic(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
        0.9
    """
    return _make_kappa("kappa_quadratic", classes, lambda distance: distance**2)


def confusion_matrix(truth: ArrayLike, pred: ArrayLike, classes: int, weights: ArrayLike | None = None) -> Floats:
    """Count the cases of each true and each predicted class.

    Args:
        truth: True scores `[n]`, rounded half to even.
        pred: Predicted scores `[n]`, rounded half to even.
        classes: Number of classes; scores are 0...classes-1.
        weights: Case weights `[..., n]`; by default each case counts once.

    Returns:
        Weight of the cases in each cell `[..., classes, classes]`, rows truth and columns prediction.

    Raises:
        ValueError: Where the shapes differ, a value is not finite, or a score is outside the classes.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 1, 0], 2).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    left, right = check_vectors("confusion_matrix", truth, pred)
    chosen = check_weights("confusion_matrix", weights, len(left))
    t = round_to_classes("confusion_matrix", "truth", left, classes)
    p = round_to_classes("confusion_matrix", "prediction", right, classes)
    cell = (t * classes + p)[:, None] == np.arange(classes**2)
    return np.asarray(chosen @ cell.astype(np.float64)).reshape(*chosen.shape[:-1], classes, classes)
