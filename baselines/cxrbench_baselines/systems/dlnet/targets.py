"""The targets of DLNet's localisation head: soft boxes, or a proposal in their place (Amer et al. 2020, III-B)."""

import torch
from cxrbench.case import IGNORE
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur  # type: ignore[import-untyped]

Tensor = torch.Tensor
DILATION = 5
"""Side of the square that boxes are dilated with, in pixels of the network's input."""


def make_target_maps(boxes: Tensor, refined: Tensor, sigma: float, side: int) -> Tensor:
    """Make soft target maps from the union of each image's boxes, or from its proposal (III-B).

    Boxes are dilated with a 5 x 5 square; proposals are not. Both are blurred with a Gaussian and averaged down to the
    side of the network's maps.

    Args:
        boxes: Labels `[n, S, S]`, 1 within a box or a proposal.
        refined: `[n]`, true where the labels are a proposal.
        sigma: Sigma of the Gaussian in pixels of the input; not stated in the paper.
        side: Side of the network's maps in pixels.

    Returns:
        Maps `[n, side, side]` in [0, 1].
    """
    drawn = ((boxes == 1)[:, None]).float()
    dilated = functional.max_pool2d(drawn, DILATION, stride=1, padding=DILATION // 2)
    chosen = torch.where(refined.bool()[:, None, None, None], drawn, dilated)
    return functional.adaptive_avg_pool2d(blur_maps(chosen, sigma), side)[:, 0]


def blur_maps(maps: Tensor, sigma: float) -> Tensor:
    """Blur maps with a Gaussian that is cut at three sigma; black beyond the edge.

    Args:
        maps: Maps `[n, 1, S, S]`.
        sigma: Sigma in pixels.

    Returns:
        Maps of the same shape.
    """
    reach = max(round(3 * sigma), 1)
    padded = functional.pad(maps, (reach,) * 4)
    smooth: Tensor = gaussian_blur(padded, [2 * reach + 1] * 2, [sigma] * 2)
    return smooth[..., reach:-reach, reach:-reach]


def find_known_boxes(boxes: Tensor) -> Tensor:
    """Find the images that have boxes, or are known to have none.

    Args:
        boxes: Labels `[n, S, S]`, `IGNORE` throughout where boxes are unknown.

    Returns:
        Bool `[n]`.
    """
    return (boxes != IGNORE).flatten(1).any(1)
