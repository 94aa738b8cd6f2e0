"""The ROC curve itself: its corners, and its height at given false-positive rates for weighted cases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cxrbench.metrics.base import Floats, checked
from cxrbench.metrics.detection import check_binary


@dataclass(frozen=True, slots=True)
class RocCurve:
    """False- and true-positive rates `[k]`, both rising from 0 to 1."""

    fpr: Floats
    tpr: Floats


def roc_curve(truth: ArrayLike, pred: ArrayLike, *, most: int | None = None) -> RocCurve:
    """The corners of the curve of prediction `[n]` on truth `[n]` of 0 and 1, equal predictions being one step.

    Points on the straight line between their neighbours are left out. With `most` at most so many corners are kept,
    evenly along the curve, the two ends among them. Empty where the truth has one class.

    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.fpr.tolist(), curve.tpr.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    t, p = checked("roc_curve", truth, pred)
    check_binary("roc_curve", t)
    if not 0 < t.sum() < len(t):
        return RocCurve(np.zeros(0), np.zeros(0))
    fpr, tpr = (side[:, 0] for side in _rates(t, p, np.ones((1, len(t)))))
    fpr, tpr = _corners(fpr, tpr)
    if most is not None and len(fpr) > most:
        kept = np.unique(np.searchsorted((fpr + tpr) / 2, np.linspace(0, 1, most)).clip(0, len(fpr) - 1))
        fpr, tpr = fpr[kept], tpr[kept]
    return RocCurve(fpr, tpr)


def sensitivity_at(truth: ArrayLike, pred: ArrayLike, fpr: ArrayLike, weights: Floats) -> Floats:
    """Height of the curve at false-positive rates `[g]` for case weights `[draws, n]`: `[draws, g]`.

    Straight between its points; where it climbs at one rate, the top of the climb. NaN in a draw with one class.

    >>> sensitivity_at([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.25, 0.5], np.ones((1, 4))).tolist()
    [[0.5, 1.0]]
    """
    t, p = checked("sensitivity_at", truth, pred)
    check_binary("sensitivity_at", t)
    across, up = _rates(t, p, weights)
    at = np.asarray(fpr, np.float64)
    return np.stack([np.interp(at, x, y) for x, y in zip(across.T, up.T, strict=True)])


def _rates(truth: Floats, pred: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Both rates `[points, draws]` at every threshold from above the highest prediction to the lowest."""
    order = np.argsort(-pred, kind="stable")
    last = np.flatnonzero(np.diff(pred[order], append=-np.inf))
    sides = []
    for positive in (0, 1):
        sums = np.cumsum(weights[:, order] * (truth[order] == positive), axis=1)[:, last].T
        with np.errstate(invalid="ignore", divide="ignore"):
            sides.append(np.concatenate([np.zeros((1, len(weights))), sums]) / sums[-1])
    return sides[0], sides[1]


def _corners(fpr: Floats, tpr: Floats) -> tuple[Floats, Floats]:
    """Without points on the line between their neighbours; rates of n cases are far coarser than the tolerance."""
    across, up = np.diff(fpr), np.diff(tpr)
    turn = np.abs(across[:-1] * up[1:] - across[1:] * up[:-1]) > 1e-15
    kept = np.concatenate([[True], turn, [True]])
    return fpr[kept], tpr[kept]
