"""What DLNet's localisation head learns: soft boxes, or a proposal in their place (Amer et al. 2020, III-B)."""

import torch
from cxrbench.case import IGNORE
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur  # type: ignore[import-untyped]

Tensor = torch.Tensor
DILATION = 5
"""Side of the square that boxes are dilated with, in pixels of the network's input."""


def target(boxes: Tensor, refined: Tensor, sigma: float, side: int) -> Tensor:
    """Soft maps `[n, side, side]` in [0, 1] from labels `[n, S, S]`: the union of an image's boxes, or its proposal.

    Boxes are dilated with a 5 x 5 square; a proposal, where `refined` `[n]` is true, is not. Then both are blurred with
    a Gaussian (sigma in pixels of the input, not stated) and averaged down to the side of the network's maps.
    """
    drawn = ((boxes == 1)[:, None]).float()
    dilated = functional.max_pool2d(drawn, DILATION, stride=1, padding=DILATION // 2)
    chosen = torch.where(refined.bool()[:, None, None, None], drawn, dilated)
    return functional.adaptive_avg_pool2d(blurred(chosen, sigma), side)[:, 0]


def blurred(maps: Tensor, sigma: float) -> Tensor:
    """Maps `[n, 1, S, S]` under a Gaussian that is cut at three sigma; black beyond the edge."""
    reach = max(round(3 * sigma), 1)
    padded = functional.pad(maps, (reach,) * 4)
    found: Tensor = gaussian_blur(padded, [2 * reach + 1] * 2, [sigma] * 2)
    return found[..., reach:-reach, reach:-reach]


def known(boxes: Tensor) -> Tensor:
    """Which of `[n, S, S]` have boxes, or are known to have none: bool `[n]`."""
    return (boxes != IGNORE).flatten(1).any(1)
