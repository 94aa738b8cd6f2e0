"""Blobs implanted in radiographs, for lung networks that must not take an opacity for the lung's edge.

Amer et al. 2020, IV-A: blobs stand for tubes, machines and strong infections. Their shape is our choice, since the
paper does not state it: bright ellipses with soft edges.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def implanted(
    pixels: Bytes,
    lungs: Bytes | None,
    rng: np.random.Generator,
    *,
    count: Sequence[int] = (1, 4),
    size: Sequence[float] = (0.05, 0.25),
    strength: Sequence[float] = (0.2, 0.7),
) -> Bytes:
    """A copy of a radiograph `[S, S]` with `count` (from, to) blobs, each with its centre in a lung.

    `lungs` `[S, S]` holds 1 in the lungs; without it, or without any lung, a centre may be anywhere. The semi-axes are
    a share `size` of the side; a blob takes the share `strength` of the way to white at its centre, half of that at
    its semi-axes' end.
    """
    found = pixels.astype(np.float32)
    places = np.argwhere(np.ones_like(pixels) if lungs is None or not (lungs == 1).any() else lungs == 1)
    for _ in range(rng.integers(count[0], count[1] + 1)):
        axes = rng.uniform(size[0], size[1], 2) * len(pixels)
        shape = ellipse(pixels.shape, places[rng.integers(len(places))], axes, rng.uniform(0, np.pi))
        found += rng.uniform(strength[0], strength[1]) * shape * (255 - found)
    return np.rint(found).astype(np.uint8)


def ellipse(
    shape: Sequence[int], centre: NDArray[np.int64], axes: NDArray[np.float64], angle: float
) -> NDArray[np.float32]:
    """A soft ellipse `[H, W]`: 1 at its centre (row, column), 0.5 where its semi-axes end, Gaussian."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    down, right = rows - centre[0], columns - centre[1]
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    return np.asarray(0.5 ** ((along / axes[0]) ** 2 + (across / axes[1]) ** 2), np.float32)
