"""Blobs implanted in radiographs, for lung networks that must not take an opacity for the lung's edge.

Amer et al. 2020, IV-A: blobs stand for tubes, machines and strong infections. Their shape is our choice, since the
paper does not state it: bright ellipses with soft edges.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def implant_blobs(
    pixels: Bytes,
    lungs: Bytes | None,
    rng: np.random.Generator,
    *,
    count: Sequence[int] = (1, 4),
    size: Sequence[float] = (0.05, 0.25),
    strength: Sequence[float] = (0.2, 0.7),
) -> Bytes:
    """A copy of a radiograph with blobs, each with its centre in a lung.

    Args:
        pixels: Radiograph `[S, S]`.
        lungs: Labels `[S, S]`, 1 in the lungs; without them, or without any lung, a centre may be anywhere.
        rng: Source of the random numbers.
        count: Fewest and most blobs.
        size: Smallest and largest semi-axis, as a fraction of the side.
        strength: How far a blob goes towards white at its centre, as a fraction; half of that where its semi-axes end.

    Returns:
        Radiograph `[S, S]`.
    """
    changed = pixels.astype(np.float32)
    places = np.argwhere(np.ones_like(pixels) if lungs is None or not (lungs == 1).any() else lungs == 1)
    for _ in range(rng.integers(count[0], count[1] + 1)):
        axes = rng.uniform(size[0], size[1], 2) * len(pixels)
        shape = draw_ellipse(pixels.shape, places[rng.integers(len(places))], axes, rng.uniform(0, np.pi))
        changed += rng.uniform(strength[0], strength[1]) * shape * (255 - changed)
    return np.rint(changed).astype(np.uint8)


def draw_ellipse(
    shape: Sequence[int], centre: NDArray[np.int64], axes: NDArray[np.float64], angle: float
) -> NDArray[np.float32]:
    """A soft ellipse: 1 at its centre, 0.5 where its semi-axes end, Gaussian.

    Args:
        shape: Rows and columns of the map.
        centre: Row and column of the centre.
        axes: The two semi-axes in pixels.
        angle: Of the first semi-axis against the rows, in radians.

    Returns:
        Map `[H, W]` in [0, 1].

    Example:
        >>> ellipse = draw_ellipse((3, 3), np.array([1, 1]), np.array([1.0, 1.0]), 0.0)
        >>> ellipse[1].tolist()
        [0.5, 1.0, 0.5]
    """
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    down, right = rows - centre[0], columns - centre[1]
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    return np.asarray(0.5 ** ((along / axes[0]) ** 2 + (across / axes[1]) ** 2), np.float32)
