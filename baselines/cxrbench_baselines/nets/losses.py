"""Losses by the names that recipes use. All of them leave out what has no truth: `IGNORE` in maps, NaN in numbers."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import segmentation_models_pytorch as smp
import torch
from cxrbench.case import IGNORE
from cxrbench.registry import make_unknown_name_error
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor
LOGIT_OF_ZERO = -30.0
"""A logit whose probability is practically 0."""


@cache
def _list_map_losses() -> Mapping[str, Any]:
    """Losses of segmentation-models-pytorch on logits `[n, 1, H, W]` and float labels of the same shape."""
    return {
        "bce": functional.binary_cross_entropy_with_logits,
        "dice": smp.losses.DiceLoss("binary"),
        "jaccard": smp.losses.JaccardLoss("binary"),
        "lovasz": smp.losses.LovaszLoss("binary"),
        "focal": smp.losses.FocalLoss("binary"),
    }


def compute_map_loss(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss of a segmentation.

    Pixels of `IGNORE` are left out; a batch without a labelled pixel has the loss 0. Cross-entropy is the mean over
    the labelled pixels; the overlap losses see an ignored pixel as certain background in logits and labels.

    Args:
        name: "bce", "dice", "jaccard", "lovasz" or "focal"; sums are written `dice+focal`.
        logits: `[n, 1, H, W]`.
        labels: `[n, H, W]`: 0, 1 or `IGNORE`.

    Returns:
        A scalar.

    Raises:
        UsageError: There is no loss of this name.

    Example:
        >>> labels = torch.tensor([[[0, 1]]])
        >>> round(float(compute_map_loss("bce", torch.zeros(1, 1, 1, 2), labels)), 4)
        0.6931
    """
    return torch.stack([_compute_map_loss(part, logits, labels[:, None]) for part in name.split("+")]).sum()


def _compute_map_loss(name: str, logits: Tensor, labels: Tensor) -> Tensor:
    if name not in _list_map_losses():
        raise make_unknown_name_error("segmentation loss", name, _list_map_losses())
    known = labels != IGNORE
    if not bool(known.any()):
        return logits.sum() * 0
    if name in {"bce", "focal"}:
        return torch.as_tensor(_list_map_losses()[name](logits[known], labels[known].to(logits.dtype)))
    quiet = torch.where(known, logits, torch.full_like(logits, LOGIT_OF_ZERO))
    return torch.as_tensor(_list_map_losses()[name](quiet, (labels * known).to(logits.dtype)))


def compute_number_loss(name: str, values: Tensor, truth: Tensor) -> Tensor:
    """The loss of numbers, over those that are known.

    Args:
        name: "bce" (`values` are logits), "l1", "smooth-l1" or "mse" (`values` are in the target's own units; for a
            probability, after the sigmoid).
        values: `[n]`.
        truth: `[n]`, NaN where unknown.

    Returns:
        A scalar; 0 where no truth is known.

    Raises:
        UsageError: There is no loss of this name.

    Example:
        >>> float(compute_number_loss("l1", torch.tensor([1.0, 5.0]), torch.tensor([3.0, float("nan")])))
        2.0
    """
    losses: dict[str, Callable[..., Tensor]] = {
        "bce": functional.binary_cross_entropy_with_logits,
        "l1": functional.l1_loss,
        "smooth-l1": functional.smooth_l1_loss,
        "mse": functional.mse_loss,
    }
    if name not in losses:
        raise make_unknown_name_error("loss", name, losses)
    known = ~truth.isnan()
    return losses[name](values[known], truth[known]) if bool(known.any()) else values.sum() * 0


def compute_cut_dice(probability: Tensor, labels: Tensor, threshold: float = 0.5) -> Tensor:
    """Dice of maps cut at a threshold.

    Args:
        probability: `[n, H, W]` in [0, 1].
        labels: `[n, H, W]`: 0, 1 or `IGNORE`.
        threshold: A pixel above it is segmented.

    Returns:
        `[n]` in [0, 1]; 1 where both masks are empty, NaN where no pixel has truth.

    Example:
        >>> compute_cut_dice(torch.tensor([[[0.9, 0.9]]]), torch.tensor([[[1, 0]]])).tolist()
        [0.6666666865348816]
    """
    known = labels != IGNORE
    cut, truth = (probability > threshold) & known, (labels > 0) & known
    both, all_ = (cut & truth).sum((1, 2)), cut.sum((1, 2)) + truth.sum((1, 2))
    dice = torch.where(all_ > 0, 2 * both / all_.clamp(min=1), torch.ones_like(all_, dtype=torch.float32))
    return torch.where(known.any(2).any(1), dice, torch.full_like(dice, torch.nan))


class WeightedLoss(nn.Module):
    """Losses of several tasks as one: Danilov et al. 2022, Eq. 3, for any number of them.

    L = sum over tasks of (L / L_first)^alpha * L, where L_first is the task's loss in the first batch (in which it was
    not 0) and the factor in front is a weight, not differentiated. alpha 0 is the plain sum.
    """

    def __init__(self, alpha: float = 0.0) -> None:
        super().__init__()
        self.alpha = alpha
        self.first: dict[str, float] = {}

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum.

        Args:
            losses: One scalar per task.

        Returns:
            A scalar.
        """
        return torch.stack([self._weight(name, loss) * loss for name, loss in losses.items()]).sum()

    def _weight(self, name: str, loss: Tensor) -> float:
        value = float(loss.detach())
        if not self.alpha or value <= 0:
            return 1.0
        return float((value / self.first.setdefault(name, value)) ** self.alpha)

    def get_extra_state(self) -> dict[str, float]:
        """The first losses: a resumed run needs them."""
        return dict(self.first)

    def set_extra_state(self, state: dict[str, float]) -> None:
        """Restore the first losses.

        Args:
            state: What `get_extra_state` returned.
        """
        self.first = dict(state)
