"""Losses by the names that recipes use. Every one leaves out what has no truth: `IGNORE` in maps, NaN in numbers."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import segmentation_models_pytorch as smp
import torch
from cxrbench.case import IGNORE
from cxrbench.registry import unknown
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor
NEVER = -30.0
"""A logit whose probability is nothing."""


@cache
def _overlap() -> Mapping[str, Any]:
    """Losses of segmentation-models-pytorch on logits `[n, 1, H, W]` and float labels of the same shape."""
    return {
        "bce": functional.binary_cross_entropy_with_logits,
        "dice": smp.losses.DiceLoss("binary"),
        "jaccard": smp.losses.JaccardLoss("binary"),
        "lovasz": smp.losses.LovaszLoss("binary"),
        "focal": smp.losses.FocalLoss("binary"),
    }


def map_loss(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of logits `[n, 1, H, W]` against labels `[n, H, W]`; sums are written `dice+focal`.

    Pixels of `IGNORE` are left out; a batch without a labelled pixel has the loss 0. Cross-entropy is the mean over
    the labelled pixels; the overlap losses see an ignored pixel as a certain background of both.
    """
    return torch.stack([_one_map_loss(part, logits, labels[:, None]) for part in name.split("+")]).sum()


def _one_map_loss(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    if name not in _overlap():
        raise unknown("segmentation loss", name, _overlap())
    known = labels != IGNORE
    if not bool(known.any()):
        return logits.sum() * 0
    if name in {"bce", "focal"}:
        return torch.as_tensor(_overlap()[name](logits[known], labels[known].to(logits.dtype)))
    quiet = torch.where(known, logits, torch.full_like(logits, NEVER))
    return torch.as_tensor(_overlap()[name](quiet, (labels * known).to(logits.dtype)))


def number_loss(name: str, values: Tensor, truth: Tensor) -> Tensor:
    """The loss of numbers `[n]` against truth `[n]`, over those that are known; 0 where none is.

    "bce" takes logits; "l1" and "smooth-l1" the value itself, for a probability that after the sigmoid.
    """
    losses: dict[str, Callable[..., Tensor]] = {
        "bce": functional.binary_cross_entropy_with_logits,
        "l1": functional.l1_loss,
        "smooth-l1": functional.smooth_l1_loss,
        "mse": functional.mse_loss,
    }
    if name not in losses:
        raise unknown("loss", name, losses)
    known = ~truth.isnan()
    return losses[name](values[known], truth[known]) if bool(known.any()) else values.sum() * 0


def cut_dice(probability: Tensor, labels: Tensor, threshold: float = 0.5) -> Tensor:
    """Dice `[n]` of maps `[n, H, W]` cut at a threshold against labels; 1 where both are empty, NaN without truth."""
    known = labels != IGNORE
    cut, truth = (probability > threshold) & known, (labels > 0) & known
    both, all_ = (cut & truth).sum((1, 2)), cut.sum((1, 2)) + truth.sum((1, 2))
    dice = torch.where(all_ > 0, 2 * both / all_.clamp(min=1), torch.ones_like(all_, dtype=torch.float32))
    return torch.where(known.any(2).any(1), dice, torch.full_like(dice, torch.nan))


class Weighted(nn.Module):
    """Losses of several tasks as one: Danilov et al. 2022, Eq. 3, for any number of them.

    L = sum over tasks of (L / L_first)^alpha * L, where L_first is the task's loss in the first batch (in which it was
    not 0) and the factor in front is a weight, not differentiated. alpha 0 is the plain sum.
    """

    def __init__(self, alpha: float = 0.0) -> None:
        super().__init__()
        self.alpha = alpha
        self.first: dict[str, float] = {}

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum."""
        return torch.stack([self._weight(name, loss) * loss for name, loss in losses.items()]).sum()

    def _weight(self, name: str, loss: Tensor) -> float:
        value = float(loss.detach())
        if not self.alpha or value <= 0:
            return 1.0
        return float((value / self.first.setdefault(name, value)) ** self.alpha)

    def get_extra_state(self) -> dict[str, float]:
        """The first losses, which a resumed run needs."""
        return dict(self.first)

    def set_extra_state(self, state: dict[str, float]) -> None:
        """Take them back."""
        self.first = dict(state)
