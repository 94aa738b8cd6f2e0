"""The spatial transformer: an affine matrix from a lung map, the warp that it describes, and its synthetic examples.

Signoroni et al. 2020, sections 4.2 and 5.1, Table 2. The paper states neither the layers nor the loss nor what
"aligned" means. Ours: lungs are aligned when their bounding box fills the frame; the loss is the soft Dice loss between
the warped disturbed mask and the undisturbed mask cut to its box. The authors' public code differs: a map of 128
pixels, two 5 x 5 convolutions of 20 channels and a dense layer of 50 neurons.
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

from cxrbench_baselines.examples.augmentation import Augmentation
from cxrbench_baselines.examples.radiographs import derive_seed
from cxrbench_baselines.framing import View
from cxrbench_baselines.recipe import Step

Tensor = torch.Tensor
Bytes = NDArray[np.uint8]
MAP_SIDE = 64
"""Side in pixels of the lung map that the transformer sees."""


class Aligner(nn.Module):
    """The localisation network: the affine matrix that centres and zooms the lungs; the identity when untrained.

    Three strided 5 x 5 convolutions (16, 32, 32 channels), a dense layer of 64 neurons and one of 6, the matrix.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 16, 32, 32)
        steps = [nn.Sequential(nn.Conv2d(a, b, 5, 2, 2), nn.SiLU()) for a, b in pairwise(widths)]
        self.seen = nn.Sequential(*steps, nn.Flatten(), nn.Linear(widths[-1] * (MAP_SIDE // 8) ** 2, 64), nn.SiLU())
        self.matrix = nn.Linear(64, 6)
        nn.init.zeros_(self.matrix.weight)
        with torch.no_grad():
            self.matrix.bias.copy_(torch.eye(2, 3).flatten())

    def forward(self, lungs: Tensor) -> Tensor:
        """Estimate the alignment from a lung segmentation (section 5.1, "Alignment").

        Args:
            lungs: Lung probabilities `[n, 1, S, S]` in [0, 1]; any S of at least 64.

        Returns:
            Affine matrices `[n, 2, 3]` in the coordinates of `affine_grid` (-1 to 1).
        """
        small = functional.adaptive_avg_pool2d(lungs, MAP_SIDE)
        theta: Tensor = self.matrix(self.seen(small))
        return theta.view(-1, 2, 3)


def warp_maps(maps: Tensor, theta: Tensor) -> Tensor:
    """Resample maps bilinearly at the positions that affine matrices describe (section 5.1, Fig. 4).

    Args:
        maps: Maps `[n, C, h, w]`, such as a level of the feature pyramid or a lung map.
        theta: Affine matrices `[n, 2, 3]` in the coordinates of `affine_grid`.

    Returns:
        The warped maps `[n, C, h, w]`; 0 where a position is outside the image.
    """
    grid = functional.affine_grid(theta.float(), list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, grid.to(maps.dtype), align_corners=False)


def stretch_to_box(mask: Bytes) -> Bytes:
    """Cut a mask to its bounding box and stretch it over the whole square: the target of the alignment.

    Args:
        mask: Lung mask `[S, S]` of 0 and 1.

    Returns:
        The stretched mask `[S, S]`; the mask itself where it is empty.
    """
    cut = np.ascontiguousarray(View.around(mask > 0, masked=False).cut(mask))
    return np.asarray(cv2.resize(cut, mask.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT))


def compute_soft_dice(predicted: Tensor, target: Tensor) -> Tensor:
    """Soft Dice coefficient of each pair of maps.

    Args:
        predicted: Maps `[n, 1, h, w]` in [0, 1].
        target: Maps of the same shape in [0, 1].

    Returns:
        Coefficients `[n]` in [0, 1]; 0 where both maps are empty.
    """
    both = (predicted * target).sum((1, 2, 3))
    total = predicted.sum((1, 2, 3)) + target.sum((1, 2, 3))
    return 2 * both / total.clamp(min=1e-6)


class DisturbedMasks(Dataset[dict[str, Tensor]]):
    """The synthetic alignment dataset (section 4.2, Table 2): lung masks under random geometric transformations.

    An example has `disturbed` and `aligned`, both float32 `[1, S, S]` in [0, 1]. While `learning`, every epoch disturbs
    the masks anew; otherwise each mask has one fixed disturbance. Empty masks are left out.
    """

    def __init__(self, masks: Sequence[Bytes], steps: Sequence[Step], seed: int, *, learning: bool) -> None:
        self.masks = [mask for mask in masks if mask.any()]
        self.seed, self.learning, self.epoch = seed, learning, 0
        size = masks[0].shape[0] if len(masks) else MAP_SIDE
        self.augmentation = Augmentation(steps, size, ())

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return example `index` of this epoch."""
        mask = self.masks[index]
        seed = derive_seed(self.seed, self.epoch if self.learning else 0, index)
        moved = self.augmentation({"image": mask * np.uint8(255)}, seed)["image"]
        return {
            "disturbed": torch.from_numpy(moved.astype(np.float32) / 255)[None],
            "aligned": torch.from_numpy(stretch_to_box(mask).astype(np.float32))[None],
        }
