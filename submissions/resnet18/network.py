"""The network and its input, the same for training and prediction."""

import numpy as np
import timm
import torch
from PIL import Image

SIDE = 192
TOP_SCORE = 3.0


def network() -> torch.nn.Module:
    """Timm's ResNet-18 on one channel with six outputs, without pretrained weights."""
    return timm.create_model("resnet18", pretrained=False, in_chans=1, num_classes=6, drop_rate=0.3)


def scores(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """Images `[n, 1, 192, 192]` to zone scores `[n, 6]` in [0, 3]."""
    return TOP_SCORE * torch.sigmoid(model(batch))


def prepared(pixels: np.ndarray) -> np.ndarray:
    """A radiograph `[H, W]` as 192 x 192, its 2nd to 98th percentile stretched to [0, 1], then centred."""
    small = np.asarray(Image.fromarray(pixels.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BOX))
    low, high = np.percentile(small, [2, 98])
    return (np.clip((small - low) / max(high - low, 1e-6), 0, 1) - 0.5).astype(np.float32) / 0.25
