"""Opacities on a grid: how much of the air in each voxel a disease replaces, from 0 (aerated) to 1 (solid).

`lesion` is what COVID-19 does; `other` what other diseases do, which no score counts.
"""

from dataclasses import dataclass

import numpy as np

from cxrbench.phantom.anatomy import Chest, Tissue
from cxrbench.phantom.disease import Disease, Lesion
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.space import Ellipsoid, Grid, Triple, Volume

SOLID = {"ground glass": 0.36, "crazy paving": 0.46, "consolidation": 0.93}
"""Share of air that a lesion of each kind replaces at its full growth."""
MASKED = 0.14
"""A voxel of lung is lesion from this share on."""
DENSE = 0.62
"""... and consolidation from this one on."""


@dataclass(frozen=True, slots=True)
class Opacities:
    """Shares of lost air `[D, H, W]`, and the share of each voxel that fluid around the lung fills."""

    lesion: Volume
    other: Volume
    fluid: Volume


def opacities(chest: Chest, disease: Disease, level: float, tissue: Tissue, grid: Grid) -> Opacities:
    """The opacities of a study whose severity is `level`."""
    lesion, other, fluid = (np.zeros(grid.shape, np.float32) for _ in range(3))
    for one in disease.lesions:
        _grow(chest, one, level, tissue, grid, lesion=lesion)
    if disease.confounder is not None:
        _confound(chest, disease.confounder, tissue, grid, other=other, fluid=fluid)
    lesion *= tissue.lung > 0.5
    other *= tissue.lung > 0.5
    return Opacities(lesion, other, fluid)


def place(chest: Chest, side: int, height: float, angle: float, depth: float) -> Triple:
    """Millimetres of a place in a lung: height 0-1, angle from the side to the back, share of the way to the wall."""
    base = chest.dome - 22
    z = base + height * (chest.apex - 22 - base)
    middle, half, deep, front = (float(one) for one in chest.wall(np.array(z)))
    turn = np.radians(angle)
    inward = 0.88 * depth
    x = side * (middle + half * max(0.30, inward * float(np.cos(turn))))
    return z, front + deep * inward * float(np.sin(turn)), x


def _grow(chest: Chest, one: Lesion, level: float, tissue: Tissue, grid: Grid, *, lesion: Volume) -> None:
    age = (level - one.onset) / 0.35
    if age <= 0:
        return
    size = one.size * (0.55 + 0.45 * min(1.6, age))
    radii = (size, size * one.flat, size * (0.5 + 0.5 * one.flat))
    ball = Ellipsoid(place(chest, one.side, one.height, one.angle, one.depth), radii)
    wide = 1.35
    box = grid.box(ball.centre, (radii[0] * wide, radii[1] * wide, radii[2] * wide))
    rough = tissue.noise[box]
    inside = np.float32(1.0) - ball.distance(grid, box) + np.float32(0.45) * rough
    dense = one.kind == "consolidation" and age > 0.45
    share = np.clip(inside * np.float32(2.2 if dense else 1.1), 0, 1)
    full = SOLID[one.kind] if dense or one.kind != "consolidation" else 0.42
    if one.kind == "crazy paving":
        share = share * (np.float32(0.75) + np.float32(0.55) * (np.abs(rough) < 0.22))
    share = share * np.float32(full * (0.7 + 0.3 * min(1.0, age)))
    share *= tissue.right[box] if one.side < 0 else tissue.left[box]
    np.maximum(lesion[box], share, out=lesion[box])


def _confound(chest: Chest, kind: str, tissue: Tissue, grid: Grid, *, other: Volume, fluid: Volume) -> None:
    """Draw another disease, of a side and a size of its own."""
    draw = Draw(chest.body.seed, 8)
    side = -1 if draw.chance(0.5) else 1
    lung = tissue.right if side < 0 else tissue.left
    if kind == "nodule":
        size = draw.between(7, 16)
        spot = place(chest, side, draw.between(0.3, 0.9), draw.between(-50, 60), draw.between(0.5, 0.9))
        box, share = Ellipsoid(spot, (size, size, size)).share(grid)
        np.maximum(other[box], share, out=other[box])
    elif kind == "lobar":
        _lobe(chest, grid, lung, other, tissue=tissue, upper=draw.chance(0.5), at=draw.between(-8, 14))
    elif kind == "atelectasis":
        for _ in range(3):
            spot = place(chest, side, draw.between(0.05, 0.3), draw.between(-40, 40), 0.6)
            box, share = Ellipsoid(spot, (2.6, 34, 38), draw.normal(0.25)).share(grid, 1.5)
            np.maximum(other[box], share * np.float32(0.85), out=other[box])
    elif kind == "effusion":
        _effusion(chest, grid, lung, fluid, depth=draw.between(18, 75), side=side)
    else:
        _oedema(chest, grid, tissue, other, draw.between(0.30, 0.60))
        for each, part in ((-1, tissue.right), (1, tissue.left)):
            _effusion(chest, grid, part, fluid, depth=draw.between(4, 22), side=each)


def _lobe(chest: Chest, grid: Grid, lung: Volume, other: Volume, *, tissue: Tissue, upper: bool, at: float) -> None:
    """All of a lung above its horizontal fissure, or all behind and below the oblique one, patchily solid."""
    z, y, x = grid.axes()
    border = chest.hilum + np.float32(at) + (np.float32(0.12) * np.abs(x) if upper else np.float32(0.75) * y - 20)
    border = border + np.float32(5) * tissue.noise
    beyond = np.clip((z - border if upper else border - z) / 9 + np.float32(0.5), 0, 1)
    patchy = np.clip(np.float32(0.7) + np.float32(0.22) * tissue.noise, 0, 1)
    np.maximum(other, (patchy * beyond * lung).astype(np.float32), out=other)


def _effusion(chest: Chest, grid: Grid, lung: Volume, fluid: Volume, *, depth: float, side: int) -> None:
    """Fluid in the lowest part of the space, its level drawn up along the chest wall."""
    z, y, x = grid.axes()
    outward = np.clip(np.float32(side) * x / np.float32(132 * chest.body.width), 0, 1)
    top = (chest.dome - 46 + depth) + np.float32(40) * (outward * outward) * (outward * outward) + np.float32(0.12) * y
    np.maximum(fluid, np.clip((top - z) / 5 + np.float32(0.5), 0, 1).astype(np.float32) * (lung > 0.02), out=fluid)


def _oedema(chest: Chest, grid: Grid, tissue: Tissue, other: Volume, amount: float) -> None:
    """Haze around both hila that thins out towards the pleura."""
    z, y, x = grid.axes()
    away = ((np.abs(x) - np.float32(40)) / 62) ** 2 + ((z - np.float32(chest.hilum - 16)) / 74) ** 2 + (y / 90) ** 2
    haze = np.clip(np.float32(1.25) - away, 0, 1) * (np.float32(0.85) + np.float32(0.25) * tissue.noise)
    np.maximum(other, (np.float32(amount) * haze).astype(np.float32), out=other)
