"""The fixed grid of six lung zones over an aligned feature map (Signoroni et al. 2020, section 5.1, "ROI Pooling").

Three rows whose neighbours overlap by 25 % of a row's height, two columns that do not overlap. In the order of the
Brixia score: A, B, C are the left column of the image (the patient's right lung) from top to bottom, D, E, F the right.
"""

import torch
from torchvision.ops import roi_align  # type: ignore[import-untyped]

ROWS, COLUMNS, OVERLAP = 3, 2, 0.25


def make_zone_boxes() -> torch.Tensor:
    """The zones `[6, 4]` as left, top, right, bottom in shares of the side, A to F.

    With r rows of height h that overlap by a share o, r h - (r - 1) o h = 1: h is 0.4, and rows start every 0.3.

    >>> make_zone_boxes()[1].tolist()  # zone B
    [0.0, 0.30000001192092896, 0.5, 0.699999988079071]
    """
    height = 1 / (ROWS - (ROWS - 1) * OVERLAP)
    tops = [row * height * (1 - OVERLAP) for row in range(ROWS)]
    lefts = [column / COLUMNS for column in range(COLUMNS)]
    return torch.tensor([[left, top, left + 1 / COLUMNS, top + height] for left in lefts for top in tops])


def pool_zones(maps: torch.Tensor, side: int) -> torch.Tensor:
    """Pool each zone of aligned maps to a square (ROI align with two samples per bin and axis).

    Args:
        maps: Aligned features `[n, C, h, w]`.
        side: Side of the pooled squares.

    Returns:
        Zones `[n * 6, C, side, side]`, A to F of the first radiograph first.
    """
    n, height, width = maps.shape[0], maps.shape[-2], maps.shape[-1]
    scale = torch.tensor([width, height, width, height])
    boxes = (make_zone_boxes() * scale).to(maps).repeat(n, 1)
    number = torch.arange(n, device=maps.device, dtype=maps.dtype).repeat_interleave(ROWS * COLUMNS)
    pooled: torch.Tensor = roi_align(
        maps, torch.cat([number[:, None], boxes], 1), (side, side), sampling_ratio=2, aligned=True
    )
    return pooled
