"""The loss of BS-Net's scores, and scores from class probabilities (Signoroni et al. 2020, section 5.2, Eqs. 1-3)."""

from typing import Literal

import torch
from torch.nn import functional

Tensor = torch.Tensor
CLASSES = 4
Score = Literal["class", "mean", "median"]


def score_loss(logits: Tensor, truth: Tensor, alpha: float, beta: float) -> Tensor:
    """L = alpha S + (1 - alpha) M over zones `[n, 6, 4]` with truth `[n, 6]`; zones of -1 are left out, 0 if all are.

    S = -(1/C) sum_c y_c log p_c (Eq. 2) and M = |y - sum_c c exp(beta p_c) / sum_j exp(beta p_j)| (Eq. 3; its outer
    mean over the C classes is of one and the same number). C is 4. `beta` makes the soft arg max sharp.
    """
    known = truth >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    own, label = logits[known].float(), truth[known]
    entropy = functional.cross_entropy(own, label) / CLASSES
    soft = expected((beta * own.softmax(-1)).softmax(-1))
    return alpha * entropy + (1 - alpha) * (soft - label).abs().mean()


def expected(probability: Tensor) -> Tensor:
    """The mean score of class probabilities `[..., 4]`."""
    return (probability * torch.arange(CLASSES, device=probability.device, dtype=probability.dtype)).sum(-1)


def scores(probability: Tensor, how: Score) -> Tensor:
    """Class probabilities `[..., 4]` as scores in [0, 3]: the most probable class, the mean or the median."""
    if how == "mean":
        return expected(probability)
    if how == "median":
        return (probability.cumsum(-1) < 0.5).sum(-1).clamp(max=CLASSES - 1).to(probability.dtype)
    return probability.argmax(-1).to(probability.dtype)
