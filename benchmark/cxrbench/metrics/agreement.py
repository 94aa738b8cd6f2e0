"""Agreement on ordinal scores, from the joint table of truth and prediction."""

import numpy as np

from cxrbench.metrics.moments import Floats, Metric


def _joint(classes: int, truth: Floats, pred: Floats) -> Floats:
    """One-hot cell of the joint table for each case, `[n, classes**2]`; predictions rounded half to even.

    Raises `ValueError` for a value outside 0...classes-1.
    """
    t, p = np.rint(truth).astype(np.intp), np.rint(pred).astype(np.intp)
    for side, values in (("truth", t), ("prediction", p)):
        if values.size and not (values.min() >= 0 and values.max() < classes):
            raise ValueError(f"kappa: {side} outside 0-{classes - 1}")
    cells = np.zeros((len(t), classes * classes))
    cells[np.arange(len(t)), t * classes + p] = 1.0
    return cells


def _kappa(sums: Floats, weight: Floats, penalty: Floats) -> Floats:
    """1 - observed / expected disagreement; NaN where chance alone would agree always."""
    classes = len(penalty)
    table = sums.reshape(*sums.shape[:-1], classes, classes) / weight[..., None, None]
    by_chance = table.sum(-1)[..., :, None] * table.sum(-2)[..., None, :]
    expected = (penalty * by_chance).sum((-2, -1))
    return np.asarray(1 - (penalty * table).sum((-2, -1)) / np.where(expected > 1e-15, expected, np.nan))


def kappa_quadratic(classes: int) -> Metric:
    """Cohen's kappa with squared-distance weights over `classes` ordered classes 0...classes-1.

    Predictions are rounded first, half to even. Undefined where both sides are one and the same class.
    Source: Cohen 1968; equal to scikit-learn's `cohen_kappa_score(weights="quadratic")`.

    >>> round(float(kappa_quadratic(4)([0, 1, 2, 3], [0, 1, 1, 3])), 4)
    0.8889
    """
    step = np.arange(classes, dtype=np.float64)
    penalty = (step[:, None] - step[None, :]) ** 2
    return Metric(
        "kappa_quadratic",
        "higher",
        lambda t, p: _joint(classes, t, p),
        lambda s, w: _kappa(s, np.asarray(w), penalty),
        "truth and prediction are one and the same class",
    )
