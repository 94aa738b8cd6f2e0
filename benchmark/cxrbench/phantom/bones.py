"""The bones: ribs, clavicles and scapulae as strands; spine and sternum as solids with soft borders.

Each bone has a shell and a core: full tubes for the shell, and thinner ones that subtract the density of the marrow.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cxrbench.phantom.chest import Chest, compute_spine_depth, compute_spine_shift
from cxrbench.phantom.space import Floats, Volume, VoxelGrid, interpolate_knots, soften_border
from cxrbench.phantom.strands import Strands, smooth_line

RIBS = 10


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Bones as tubes.

    Attributes:
        outer: Tubes of the outer surface.
        marrow: Tubes of the marrow, within them.
    """

    outer: Strands
    marrow: Strands


@lru_cache(maxsize=4)
def make_skeleton(chest: Chest) -> Skeleton:
    """Make the ribs, clavicles and scapulae of a chest.

    Args:
        chest: The chest.

    Returns:
        Their tubes.
    """
    ribs = [_make_rib(chest, number, side) for number in range(RIBS) for side in (-1, 1)]
    outer = [Strands.along(line, radius) for line, radius in ribs]
    marrow = [Strands.along(line, 0.66 * radius) for line, radius in ribs]
    for side in (-1, 1):
        for weight, bone in ((1.25, _make_clavicle(chest, side)), (1.0, _make_scapula(chest, side))):
            outer += [Strands.along(line, radius).scale(weight) for line, radius in bone]
            marrow += [Strands.along(line, 0.7 * radius) for line, radius in bone]
    return Skeleton(Strands.join(outer), Strands.join(marrow))


def _make_rib(chest: Chest, number: int, side: int) -> tuple[Floats, Floats]:
    """A rib from the spine around the chest to the end of its bony part, descending towards the front."""
    body = chest.body
    share = number / (RIBS - 1)
    start = chest.apex - 4 - (chest.apex - 66) * (share**0.92) * 0.93
    drop = body.slope * float(interpolate_knots(np.array(share), (0, 36), (0.2, 62), (0.5, 92), (0.8, 104), (1, 92)))
    end = float(interpolate_knots(np.array(share), (0, 62), (0.3, 58), (0.6, 46), (0.85, 20), (1, -20)))
    angle = np.radians(np.linspace(-84, end, 40))
    along = (angle - angle[0]) / (np.radians(62) - angle[0])
    z = start + 7 * np.sin(np.pi * np.minimum(along * 3.2, 1)) - drop * along**1.35
    middle, half, depth, front = chest.wall(np.minimum(z, chest.apex - 7))
    out = 4.0
    x = side * np.maximum(middle + (half + out) * np.cos(angle) ** 0.85, 14 + 6 * (1 - along))
    y = front - (depth + out) * np.sin(angle)
    radius = interpolate_knots(along, (0, 4.2), (0.15, 5.0), (0.35, 4.0), (0.6, 4.0), (0.85, 5.6), (1, 6.4))
    return np.stack([z, y, x], 1), radius * (0.82 + 0.2 * min(1, share * 4)) * body.height


def _make_clavicle(chest: Chest, side: int) -> list[tuple[Floats, Floats]]:
    top, w, d = chest.apex, chest.body.width, chest.body.depth
    rise = 10 + 6 * (chest.body.slope - 1) * 10
    corners = [
        (top - 44, -62 * d, side * 17 * w),
        (top - 41, -68 * d, side * 42 * w),
        (top - 33 + rise * 0.3, -54 * d, side * 88 * w),
        (top - 26 + rise * 0.7, -20 * d, side * 122 * w),
        (top - 26 + rise * 0.9, 4 * d, side * 152 * w),
    ]
    line = smooth_line(corners)
    return [(line, np.interp(np.linspace(0, 1, len(line)), (0, 0.12, 0.5, 1), (8.5, 6.2, 5.2, 5.6)))]


def _make_scapula(chest: Chest, side: int) -> list[tuple[Floats, Floats]]:
    """Its borders, its spine, and the blade as a row of thin plates; rotated outwards on PA, not on AP radiographs."""
    top, w, d = chest.apex, chest.body.width, chest.body.depth
    aside = 24.0 if chest.visit.view == "PA" else 4.0
    glenoid = np.array([top - 42, 42 * d, 146 * w + 0.5 * aside])
    angle = np.array([top - 158, 92 * d, 98 * w + aside])
    corner = np.array([top - 32, 88 * d, 74 * w + aside])
    parts = [(glenoid, angle, 4.4), (corner, glenoid, 3.2), (corner, angle, 1.8)]
    parts += [(corner + f * (angle - corner), glenoid + f * (angle - glenoid), 1.5) for f in np.linspace(0.04, 0.9, 22)]
    head = glenoid + np.array([2.0, -6.0, 24.0])
    high = np.array([6.0, 0.0, 0.0])
    parts += [(head - high, head + high, 21.0), (head, head + np.array([-130.0, 10.0, 26.0]), 11.0)]
    turned = np.array([1, 1, side])
    return [(np.stack([a, b]) * turned, np.array([r, r])) for a, b, r in parts]


def make_solid_bones(chest: Chest, grid: VoxelGrid) -> Volume:
    """Make spine and sternum.

    Args:
        chest: The chest.
        grid: The grid.

    Returns:
        HU above soft tissue, float32 `[D, H, W]`.
    """
    z, y, x = (grid.line(axis) for axis in range(3))
    back = compute_spine_depth(chest)
    pitch = 22.5 * chest.body.height
    phase = np.abs(((z - 12) / pitch) % 1.0 - 0.5) * 2
    disc = np.clip((phase - 0.80) * 8, 0, 1)
    plate = np.clip(1 - np.abs(phase - 0.74) * 9, 0, 1)
    width = 15.5 + 3.0 * plate - 1.5 * (1 - disc) * (1 - phase)
    aside = x[None, :] - compute_spine_shift(chest, z)[:, None]
    across = ((aside / width[:, None]) ** 2).astype(np.float32)
    q = across[:, None, :] + (((y - back) / 14.5) ** 2).astype(np.float32)[None, :, None]
    body = soften_border(1 - q, 4)
    density = (150 + 250 * plate) * (1 - 0.9 * disc)
    density_map = body * density[:, None, None].astype(np.float32)
    density_map += _make_vertebral_processes(y, x, back)[None] * (0.35 + 0.65 * (phase < 0.45))[:, None, None].astype(
        np.float32
    )
    density_map += _make_sternum(chest, z, y, x)
    return np.asarray(density_map, np.float32)


def _make_vertebral_processes(y: Floats, x: Floats, back: float) -> Volume:
    """Pedicles, transverse and spinous processes behind the vertebral bodies, HU above soft tissue `[H, W]`."""
    arch = np.clip(1.5 - np.abs(np.abs(x) - 11)[None, :] / 4, 0, 1) * (np.abs(y - back - 20)[:, None] < 8)
    wings = (np.abs(x)[None, :] < 29) * (np.abs(y - back - 27)[:, None] < 4)
    spinous = (np.abs(x)[None, :] < 3.5) * (np.abs(y - back - 38)[:, None] < 12)
    return np.asarray(220 * np.clip(arch + 0.7 * wings + 0.5 * spinous, 0, 1), np.float32)


def _make_sternum(chest: Chest, z: Floats, y: Floats, x: Floats) -> Volume:
    """A plate in front of the chest, wide at the top."""
    top = chest.apex
    wide = interpolate_knots(z, (top - 205, 10), (top - 150, 19), (top - 84, 15), (top - 70, 24), (top - 28, 30))
    _, _, depth, front = chest.wall(z)
    inside = (z > top - 205) & (z < top - 28)
    across = soften_border((1 - (x[None, :] / wide[:, None]) ** 2).astype(np.float32), 4) * inside[:, None]
    plate = np.abs(y[None, :] - (front - depth - 9)[:, None]) < 5.5
    return (220 * across)[:, None, :].astype(np.float32) * plate[:, :, None].astype(np.float32)
