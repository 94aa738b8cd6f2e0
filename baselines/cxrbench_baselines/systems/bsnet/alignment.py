"""The spatial transformer: an affine matrix from a lung map, its warp, and its synthetic examples.

Signoroni et al. 2020, sections 4.2 and 5.1, Table 2. The paper states neither the layers nor the loss nor what
"aligned" means. Ours: lungs are aligned when their bounding box fills the frame; the loss is the soft Dice loss between
the warped disturbed mask and the undisturbed one cut to its box.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View
from cxrbench_baselines.recipe import Step
from cxrbench_baselines.training.augmentation import Augmentation
from cxrbench_baselines.training.examples import seed_of

Tensor = torch.Tensor
Bytes = NDArray[np.uint8]
SIDE = 64
"""Pixels of the side that the transformer sees a lung map with."""


class Aligner(nn.Module):
    """A lung probability map to the affine matrix that centres and zooms the lungs; the identity when untrained."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 16, 32, 32)
        steps = [nn.Sequential(nn.Conv2d(a, b, 5, 2, 2), nn.SiLU()) for a, b in pairwise(widths)]
        self.seen = nn.Sequential(*steps, nn.Flatten(), nn.Linear(widths[-1] * (SIDE // 8) ** 2, 64), nn.SiLU())
        self.matrix = nn.Linear(64, 6)
        nn.init.zeros_(self.matrix.weight)
        with torch.no_grad():
            self.matrix.bias.copy_(torch.eye(2, 3).flatten())

    def forward(self, lungs: Tensor) -> Tensor:
        """Probabilities `[n, 1, S, S]` to matrices `[n, 2, 3]` in `affine_grid`'s coordinates (-1 to 1)."""
        small = functional.adaptive_avg_pool2d(lungs, SIDE)
        found: Tensor = self.matrix(self.seen(small))
        return found.view(-1, 2, 3)


def warped(maps: Tensor, theta: Tensor) -> Tensor:
    """Maps `[n, C, h, w]` resampled bilinearly at the places that matrices `[n, 2, 3]` name; 0 outside the image."""
    grid = functional.affine_grid(theta.float(), list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, grid.to(maps.dtype), align_corners=False)


def box_filling(mask: Bytes) -> Bytes:
    """A mask `[S, S]` of 0 and 1, cut to its bounding box and stretched over the whole square."""
    cut = np.ascontiguousarray(View.around(mask > 0, masked=False).cut(mask))
    return np.asarray(cv2.resize(cut, mask.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT))


def overlap(found: Tensor, target: Tensor) -> Tensor:
    """Soft Dice of maps `[n, 1, h, w]` in [0, 1], `[n]`."""
    both, all_ = (found * target).sum((1, 2, 3)), found.sum((1, 2, 3)) + target.sum((1, 2, 3))
    return 2 * both / all_.clamp(min=1e-6)


class Misaligned(Dataset[dict[str, Tensor]]):
    """Lung masks `[S, S]` of 0 and 1, disturbed: `disturbed` and `aligned`, float32 `[1, S, S]` in [0, 1].

    While `learning` every epoch disturbs anew; else each mask is disturbed once and for all. An empty mask is left out.
    """

    def __init__(self, masks: Sequence[Bytes], steps: Sequence[Step], seed: int, *, learning: bool) -> None:
        self.masks = [mask for mask in masks if mask.any()]
        self.seed, self.learning, self.epoch = seed, learning, 0
        size = masks[0].shape[0] if len(masks) else SIDE
        self.augmentation = Augmentation(steps, size, ())

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Example `index`."""
        mask = self.masks[index]
        seed = seed_of(self.seed, self.epoch if self.learning else 0, index)
        moved = self.augmentation({"image": mask * np.uint8(255)}, seed)["image"]
        return {
            "disturbed": torch.from_numpy(moved.astype(np.float32) / 255)[None],
            "aligned": torch.from_numpy(box_filling(mask).astype(np.float32))[None],
        }
