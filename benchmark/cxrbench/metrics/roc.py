"""The ROC curve: its corners, and its height at given false-positive rates for weighted cases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, check_vectors
from cxrbench.metrics.detection import check_binary


@dataclass(frozen=True, slots=True)
class RocCurve:
    """The corners of a ROC curve; both rates rise from 0 to 1.

    Attributes:
        fpr: False-positive rates `[k]`.
        tpr: True-positive rates `[k]`.
    """

    fpr: Floats
    tpr: Floats


def roc_curve(truth: ArrayLike, pred: ArrayLike, *, most: int | None = None) -> RocCurve:
    """Compute the corners of the ROC curve; equal predictions are one step.

    Points on the straight line between their neighbours are left out.

    Args:
        truth: True classes `[n]`, 0 or 1.
        pred: Scores `[n]`; higher means positive.
        most: How many corners to keep at most, evenly along the curve and with both ends; None for all.

    Returns:
        The corners; empty where the truth has one class.

    Raises:
        ValueError: Where the shapes differ, a value is not finite, or a truth is neither 0 nor 1.

    Example:
        >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> curve.fpr.tolist(), curve.tpr.tolist()
        ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    t, p = check_vectors("roc_curve", truth, pred)
    check_binary("roc_curve", t)
    if not 0 < t.sum() < len(t):
        return RocCurve(np.zeros(0), np.zeros(0))
    fpr, tpr = (side[:, 0] for side in _compute_rates(t, p, np.ones((1, len(t)))))
    fpr, tpr = _drop_collinear(fpr, tpr)
    if most is not None and len(fpr) > most:
        kept = np.unique(np.searchsorted((fpr + tpr) / 2, np.linspace(0, 1, most)).clip(0, len(fpr) - 1))
        fpr, tpr = fpr[kept], tpr[kept]
    return RocCurve(fpr, tpr)


def sensitivity_at(truth: ArrayLike, pred: ArrayLike, fpr: ArrayLike, weights: Floats) -> Floats:
    """Compute the height of the ROC curve at given false-positive rates.

    The curve is straight between its points; where it rises at one rate, the upper end of the rise counts.

    Args:
        truth: True classes `[n]`, 0 or 1.
        pred: Scores `[n]`; higher means positive.
        fpr: False-positive rates `[g]`, in [0, 1].
        weights: Case weights `[draws, n]`.

    Returns:
        The sensitivity at each rate `[draws, g]`; NaN in a draw with one class.

    Raises:
        ValueError: Where the shapes differ, a value is not finite, or a truth is neither 0 nor 1.

    Example:
        >>> sensitivity_at([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.25, 0.5], np.ones((1, 4))).tolist()
        [[0.5, 1.0]]
    """
    t, p = check_vectors("sensitivity_at", truth, pred)
    check_binary("sensitivity_at", t)
    across, up = _compute_rates(t, p, weights)
    at = np.asarray(fpr, np.float64)
    return np.stack([np.interp(at, x, y) for x, y in zip(across.T, up.T, strict=True)])


def _compute_rates(truth: Floats, pred: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Both rates `[points, draws]` at every threshold from above the highest prediction to the lowest."""
    order = np.argsort(-pred, kind="stable")
    last = np.flatnonzero(np.diff(pred[order], append=-np.inf))
    sides = []
    for positive in (0, 1):
        sums = np.cumsum(weights[:, order] * (truth[order] == positive), axis=1)[:, last].T
        with np.errstate(invalid="ignore", divide="ignore"):
            sides.append(np.concatenate([np.zeros((1, len(weights))), sums]) / sums[-1])
    return sides[0], sides[1]


def _drop_collinear(fpr: Floats, tpr: Floats) -> tuple[Floats, Floats]:
    """Without points on the line between their neighbours; rates of n cases are far coarser than the tolerance."""
    across, up = np.diff(fpr), np.diff(tpr)
    turn = np.abs(across[:-1] * up[1:] - across[1:] * up[:-1]) > 1e-15
    kept = np.concatenate([[True], turn, [True]])
    return fpr[kept], tpr[kept]
