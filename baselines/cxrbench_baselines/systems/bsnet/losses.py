"""The loss of BS-Net's scores, and scores from class probabilities (Signoroni et al. 2020, section 5.2, Eqs. 1-3)."""

from typing import Literal

import torch
from torch.nn import functional

Tensor = torch.Tensor
CLASSES = 4
ScoreRule = Literal["class", "mean", "median"]


def compute_score_loss(logits: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    """Compute L = alpha S + (1 - alpha) M over the zones that have a truth (Eq. 1).

    `S = -(1/C) sum_c y_c log p_c` (Eq. 2) and `M = |y - sum_c c exp(beta p_c) / sum_j exp(beta p_j)|` (Eq. 3; its outer
    mean over the C classes is of one and the same number). C is 4.

    Args:
        logits: Class logits `[n, 6, 4]`.
        truth: Brixia zone scores 0 to 3, `[n, 6]`; zones of -1 have no truth.
        alpha: Weight of S in [0, 1]; 0.7 in the paper.
        beta: Sharpness of the soft arg max; the larger, the closer to the arg max.

    Returns:
        The mean loss over the zones, a scalar; 0 where no zone has a truth.
    """
    known = truth >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    scored, label = logits[known].float(), truth[known]
    entropy = functional.cross_entropy(scored, label) / CLASSES
    soft = compute_expected_score((beta * scored.softmax(-1)).softmax(-1))
    return alpha * entropy + (1 - alpha) * (soft - label).abs().mean()


def compute_expected_score(probability: Tensor) -> Tensor:
    """Compute the mean score of class probabilities.

    Args:
        probability: Class probabilities `[..., 4]`.

    Returns:
        Scores `[...]` in [0, 3].
    """
    return (probability * torch.arange(CLASSES, device=probability.device, dtype=probability.dtype)).sum(-1)


def to_scores(probability: Tensor, how: ScoreRule) -> Tensor:
    """Turn class probabilities into zone scores.

    Args:
        probability: Class probabilities `[..., 4]`.
        how: "class" for the most probable class, else the mean or the median of the distribution.

    Returns:
        Scores `[...]` in [0, 3].
    """
    if how == "mean":
        return compute_expected_score(probability)
    if how == "median":
        return (probability.cumsum(-1) < 0.5).sum(-1).clamp(max=CLASSES - 1).to(probability.dtype)
    return probability.argmax(-1).to(probability.dtype)
