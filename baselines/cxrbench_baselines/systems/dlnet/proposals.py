"""Proposals that replace boxes in DLNet's second stage: Grad-CAM of the localisation head (Amer et al. 2020, III-B).

Gradients go from the head's last convolution back to Act-28 and to Act-14. Each activation's channels are weighted by
their mean gradient and summed, what is negative is cut off (Selvaraju et al. 2017, Eq. 1-2). What is differentiated is
our choice, the sum of the head's maps; so is the smoothing.
"""

import torch
from torch.nn import functional

from cxrbench_baselines.systems.dlnet.network import DLNet
from cxrbench_baselines.systems.dlnet.targets import blurred

Tensor = torch.Tensor
SMOOTH = 1 / 64
"""Sigma of the smoothing as a share of the image's side: half a cell of Act-14 at 448 pixels."""


def grad_cam(activation: Tensor, gradient: Tensor) -> Tensor:
    """The class activation map `[n, h, w]` of an activation and its gradient, both `[n, c, h, w]`; not negative."""
    weights = gradient.mean((2, 3), keepdim=True)
    return (weights * activation).sum(1).relu()


def fused(maps: tuple[Tensor, ...], side: int) -> Tensor:
    """Maps `[n, h, w]` of several levels as one `[n, side, side]` in [0, 1].

    Each is scaled to [0, 1], so that no level outweighs the other, and resized; the largest is taken at each pixel,
    smoothed and scaled to [0, 1] again.
    """
    large = [functional.interpolate(unit(one)[:, None], (side, side), mode="bilinear") for one in maps]
    return unit(blurred(torch.stack(large).amax(0), SMOOTH * side)[:, 0])


def unit(maps: Tensor) -> Tensor:
    """Maps `[n, h, w]`, each scaled to [0, 1] by its own range; 0 where it has none."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


def proposals(network: DLNet, images: Tensor, boxes: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Proposals for images `[n, C, S, S]` with boxes `[n, S, S]`, and the probability of the finding `[n]`.

    A proposal is uint8 `[n, S, S]`: 1 where the fused map reaches the threshold within a box.
    """
    with torch.enable_grad():
        seen = network(images.requires_grad_())
        gradients = torch.autograd.grad(seen.maps.sum(), (seen.act28, seen.act14))
    levels = tuple(grad_cam(one, back) for one, back in zip((seen.act28, seen.act14), gradients, strict=True))
    heat = fused(levels, images.shape[-1]).detach()
    return ((heat >= threshold) & (boxes == 1)).to(torch.uint8), seen.logit.sigmoid().detach()
