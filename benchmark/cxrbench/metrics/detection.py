"""How well a score separates positive from negative cases, over all thresholds: ROC AUC and average precision.

Truth is 0 or 1, the prediction any number that grows with the finding.
"""

from collections.abc import Callable

import numpy as np

from cxrbench.metrics.base import Floats
from cxrbench.metrics.direction import Direction
from cxrbench.metrics.ranking import Counts, Indices, RankMetric, accumulate_weights, to_integer_weights


def check_binary(name: str, truth: Floats) -> None:
    """Check that the truth is binary.

    Args:
        name: The metric, for the message.
        truth: True classes `[n]`.

    Raises:
        ValueError: Where a truth is neither 0 nor 1.

    Example:
        >>> check_binary("roc_auc", np.array([0.0, 1.0, 2.0]))
        Traceback (most recent call last):
        ValueError: roc_auc: truth must be 0 or 1, got 2
    """
    odd = truth[(truth != 0) & (truth != 1)]
    if odd.size:
        raise ValueError(f"{name}: truth must be 0 or 1, got {odd[0]:g}")


def _prepare_roc_auc(truth: Floats, pred: Floats, member: Indices) -> Callable[[Counts], Floats]:
    """Weight of the pairs (positive, negative) in the right order, ties half, over the weight of all pairs."""
    check_binary("roc_auc", truth)
    order = np.argsort(pred, kind="stable")
    positive, negative = order[truth[order] == 1], order[truth[order] == 0]
    winners, losers = member[positive], member[negative]
    low = np.searchsorted(pred[negative], pred[positive], side="left")
    high = np.searchsorted(pred[negative], pred[positive], side="right")
    tied = bool((low != high).any())

    def value(weights: Counts) -> Floats:
        counts = to_integer_weights(weights, len(member))
        below = accumulate_weights(counts.take(losers, axis=-1))
        w = counts.take(winners, axis=-1).astype(np.float64)
        won = below.take(low, axis=-1).astype(np.float64)
        if tied:
            won = (won + below.take(high, axis=-1)) / 2
        return np.asarray(np.einsum("ij,ij->i", w, won) / (w.sum(-1) * below[:, -1]), np.float64)

    return value


def _prepare_average_precision(truth: Floats, pred: Floats, member: Indices) -> Callable[[Counts], Floats]:
    """Mean over positive weight of the precision at each positive's own score (its equals included)."""
    check_binary("average_precision", truth)
    order = np.argsort(-pred, kind="stable")
    positive = order[truth[order] == 1]
    hits = np.searchsorted(-pred[positive], -pred[positive], side="right")
    called = np.searchsorted(-pred[order], -pred[positive], side="right")

    def value(weights: Counts) -> Floats:
        counts = to_integer_weights(weights, len(member))
        w = counts.take(member[positive], axis=-1)
        true_positives = accumulate_weights(w).take(hits, axis=-1)
        drawn = accumulate_weights(counts.take(member[order], axis=-1)).take(called, axis=-1).astype(np.float64)
        precision = np.divide(true_positives, drawn, out=np.zeros_like(drawn), where=drawn > 0)
        return np.asarray(np.einsum("ij,ij->i", w.astype(np.float64), precision) / w.sum(-1), np.float64)

    return value


roc_auc = RankMetric("roc_auc", Direction.HIGHER, _prepare_roc_auc, "truth has one class")
"""Area under the ROC curve: the probability that a positive case scores above a negative one, ties counting half.

In [0, 1]; 0.5 is chance. Undefined where the truth has one class. Equal to scikit-learn's `roc_auc_score`.

Example:
    >>> round(float(roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])), 4)
    0.75
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], weights=[[1, 1, 1, 1], [1, 0, 1, 1]]).tolist()
    [0.75, 1.0]
"""

average_precision = RankMetric("average_precision", Direction.HIGHER, _prepare_average_precision, "no positive case")
"""Average precision: the step-wise area under the precision-recall curve, without interpolation.

In [0, 1]; chance is the share of positives. Undefined without a positive case. Equal to scikit-learn's
`average_precision_score`.

Example:
    >>> round(float(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])), 4)
    0.8333
"""
