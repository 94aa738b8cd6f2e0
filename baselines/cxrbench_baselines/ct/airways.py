"""The trachea, removed from the air inside a chest: it is followed downwards until it opens into the lungs."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bools = NDArray[np.bool_]
AREA_MM2 = (40.0, 700.0)
"""Cross-section of a trachea; a main bronchus has a quarter less."""
LEAST_FILL = 0.45
"""The least share of its bounding box that a cross-section fills; a disc fills 0.79."""
GROWTH = 1.6
"""A cross-section that grows by more than this factor from one slice to the next has opened into a lung."""
CENTRAL = 0.25
"""How far from the middle between the lungs, as a share of their width, the trachea may start."""


def remove_trachea(air: Bools, spacing: tuple[float, float, float]) -> Bools:
    """Remove the trachea from the air of a chest, as far down as it is a separate tube.

    The start is the highest round, central part of a slice that has a trachea's area.

    Args:
        air: Air inside the body `[D, H, W]` in LPS, feet to head.
        spacing: Spacing in mm, in the same order.

    Returns:
        The air `[D, H, W]` without the trachea; unchanged where there is none, as at the lung bases.
    """
    start = _find_start(air, spacing)
    if start is None:
        return air
    left, (index, tube) = air.copy(), start
    pixel = spacing[1] * spacing[2]
    while tube.any():
        left[index] &= ~tube
        index -= 1
        if index < 0:
            break
        tube = _follow_tube(air[index], tube, pixel)
    return left


def _find_start(air: Bools, spacing: tuple[float, float, float]) -> tuple[int, Bools] | None:
    """The slice and the pixels of the highest cross-section, searched in the upper half of the air."""
    slices, columns = np.flatnonzero(air.any(axis=(1, 2))), np.flatnonzero(air.any(axis=(0, 1)))
    middle, width = (columns[0] + columns[-1]) / 2, columns[-1] - columns[0] + 1
    for index in slices[::-1][: (len(slices) + 1) // 2].tolist():
        parts, count = ndimage.label(air[index])
        for part in range(1, count + 1):
            tube = np.asarray(parts == part)
            if _is_tube(tube, spacing[1] * spacing[2]) and abs(_compute_column(tube) - middle) <= CENTRAL * width:
                return index, tube
    return None


def _compute_column(tube: Bools) -> float:
    return float(np.argwhere(tube)[:, 1].mean())


def _is_tube(tube: Bools, pixel: float) -> bool:
    area = float(tube.sum())
    rows, columns = np.ptp(np.argwhere(tube), axis=0) + 1
    return AREA_MM2[0] <= area * pixel <= AREA_MM2[1] and area >= LEAST_FILL * rows * columns


def _follow_tube(air: Bools, tube: Bools, pixel: float) -> Bools:
    """The continuation below a cross-section: parts that touch it and have not opened into a lung."""
    parts, _ = ndimage.label(air)
    most = max(GROWTH * float(tube.sum()), AREA_MM2[0] / pixel)
    sizes = np.bincount(parts.ravel())
    continued = [part for part in np.unique(parts[tube & air]).tolist() if sizes[part] <= most]
    return np.isin(parts, continued) if continued else np.zeros_like(air)
