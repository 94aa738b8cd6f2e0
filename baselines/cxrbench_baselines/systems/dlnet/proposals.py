"""Proposals that replace boxes in DLNet's second stage: Grad-CAM of the localisation head (Amer et al. 2020, III-B).

Gradients go from the head's last convolution back to Act-28 and to Act-14. Each activation's channels are weighted by
their mean gradient and summed, and negative values are set to 0 (Selvaraju et al. 2017, Eqs. 1-2). The paper does not
say what is differentiated, nor how the map is smoothed; here it is the sum of the head's maps, and a Gaussian.
"""

import torch
from torch.nn import functional

from cxrbench_baselines.systems.dlnet.network import DLNet
from cxrbench_baselines.systems.dlnet.targets import blur_maps

Tensor = torch.Tensor
SMOOTHING = 1 / 64
"""Sigma of the smoothing as a share of the image's side: half a cell of Act-14 at 448 pixels."""


def compute_grad_cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """Compute class activation maps (Selvaraju et al. 2017, Eqs. 1-2).

    Args:
        activation: Activation `[n, c, h, w]`.
        gradient: Its gradient, of the same shape.

    Returns:
        Maps `[n, h, w]`, not negative.
    """
    weights = gradient.mean((2, 3), keepdim=True)
    return (weights * activation).sum(1).relu()


def fuse_maps(maps: tuple[Tensor, ...], side: int) -> Tensor:
    """Fuse the maps of several levels into one per image (III-B: resize, maximum, smooth, normalise).

    Each map is first scaled to [0, 1], so that no level outweighs the other.

    Args:
        maps: One tensor `[n, h_i, w_i]` per level.
        side: Side of the result in pixels.

    Returns:
        Maps `[n, side, side]` in [0, 1].
    """
    large = [functional.interpolate(scale_each_map(level)[:, None], (side, side), mode="bilinear") for level in maps]
    return scale_each_map(blur_maps(torch.stack(large).amax(0), SMOOTHING * side)[:, 0])


def scale_each_map(maps: Tensor) -> Tensor:
    """Scale each map to [0, 1] by its own range.

    Args:
        maps: Maps `[n, h, w]`.

    Returns:
        Maps of the same shape; 0 for a constant map.
    """
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


def make_proposals(network: DLNet, images: Tensor, boxes: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Make localisation proposals: where the fused Grad-CAM map reaches a threshold within a box (III-B).

    Args:
        network: DLNet after its first stage, in evaluation mode.
        images: Radiographs `[n, C, S, S]`.
        boxes: Labels `[n, S, S]`, 1 within a box.
        threshold: Threshold of the fused map in [0, 1].

    Returns:
        Proposals uint8 `[n, S, S]` of 0 and 1, and the probability of pneumonia `[n]`.
    """
    with torch.enable_grad():
        outputs = network(images.requires_grad_())
        gradients = torch.autograd.grad(outputs.maps.sum(), (outputs.act28, outputs.act14))
    activations = (outputs.act28, outputs.act14)
    levels = tuple(
        compute_grad_cam(activation, gradient) for activation, gradient in zip(activations, gradients, strict=True)
    )
    heat = fuse_maps(levels, images.shape[-1]).detach()
    return ((heat >= threshold) & (boxes == 1)).to(torch.uint8), outputs.logit.sigmoid().detach()
