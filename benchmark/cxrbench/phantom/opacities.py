"""Opacities on a grid: the share of air in each voxel that a disease replaces, from 0 (aerated) to 1 (solid).

`lesion` is caused by COVID-19; `other` by other diseases, which no score counts.
"""

from dataclasses import dataclass

import numpy as np

from cxrbench.phantom.anatomy import Tissue
from cxrbench.phantom.chest import Chest
from cxrbench.phantom.disease import Disease, Lesion
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import Ellipsoid, Triple, Volume, VoxelGrid

SOLID = {"ground glass": 0.36, "crazy paving": 0.46, "consolidation": 0.93}
"""Share of air that a fully grown lesion of each kind replaces."""
MASKED = 0.14
"""The share from which a voxel of lung counts as lesion."""
DENSE = 0.62
"""The share from which a voxel of lung counts as consolidation."""


@dataclass(frozen=True, slots=True)
class Opacities:
    """The opacities of a study, float32 `[D, H, W]`.

    Attributes:
        lesion: Share of air replaced by COVID-19.
        other: Share of air replaced by another disease.
        fluid: Share of each voxel filled by pleural fluid.
    """

    lesion: Volume
    other: Volume
    fluid: Volume


def make_opacities(chest: Chest, disease: Disease, level: float, tissue: Tissue, grid: VoxelGrid) -> Opacities:
    """Make the opacities of a study.

    Args:
        chest: The chest.
        disease: The patient's disease.
        level: Severity of COVID-19 on the day of the study.
        tissue: The healthy chest on the grid.
        grid: The grid.

    Returns:
        The opacities.
    """
    lesion, other, fluid = (np.zeros(grid.shape, np.float32) for _ in range(3))
    for spot in disease.lesions:
        _add_lesion(chest, spot, level, tissue, grid, lesion=lesion)
    if disease.confounder is not None:
        _add_confounder(chest, disease.confounder, tissue, grid, other=other, fluid=fluid)
    lesion *= tissue.lung > 0.5
    other *= tissue.lung > 0.5
    return Opacities(lesion, other, fluid)


def locate_in_lung(chest: Chest, side: int, height: float, angle: float, depth: float) -> Triple:
    """Convert a relative position in a lung to coordinates.

    Args:
        chest: The chest.
        side: -1 right, 1 left.
        height: 0 base to 1 apex.
        angle: Degrees from lateral to posterior.
        depth: Share of the distance from the centre to the chest wall.

    Returns:
        z, y and x in mm.
    """
    base = chest.dome - 22
    z = base + height * (chest.apex - 22 - base)
    middle, half, deep, front = (float(value) for value in chest.wall(np.array(z)))
    turn = np.radians(angle)
    inward = 0.88 * depth
    x = side * (middle + half * max(0.30, inward * float(np.cos(turn))))
    return z, front + deep * inward * float(np.sin(turn)), x


def _add_lesion(chest: Chest, spot: Lesion, level: float, tissue: Tissue, grid: VoxelGrid, *, lesion: Volume) -> None:
    age = (level - spot.onset) / 0.35
    if age <= 0:
        return
    size = spot.size * (0.55 + 0.45 * min(1.6, age))
    radii = (size, size * spot.flat, size * (0.5 + 0.5 * spot.flat))
    ball = Ellipsoid(locate_in_lung(chest, spot.side, spot.height, spot.angle, spot.depth), radii)
    wide = 1.35
    box = grid.box(ball.centre, (radii[0] * wide, radii[1] * wide, radii[2] * wide))
    rough = tissue.noise[box]
    inside = np.float32(1.0) - ball.distance(grid, box) + np.float32(0.45) * rough
    dense = spot.kind == "consolidation" and age > 0.45
    share = np.clip(inside * np.float32(2.2 if dense else 1.1), 0, 1)
    full = SOLID[spot.kind] if dense or spot.kind != "consolidation" else 0.42
    if spot.kind == "crazy paving":
        share = share * (np.float32(0.75) + np.float32(0.55) * (np.abs(rough) < 0.22))
    share = share * np.float32(full * (0.7 + 0.3 * min(1.0, age)))
    share *= tissue.right[box] if spot.side < 0 else tissue.left[box]
    np.maximum(lesion[box], share, out=lesion[box])


def _add_confounder(chest: Chest, kind: str, tissue: Tissue, grid: VoxelGrid, *, other: Volume, fluid: Volume) -> None:
    """Add another disease, of random side and size."""
    draw = RandomStream(chest.body.seed, 8)
    side = -1 if draw.chance(0.5) else 1
    lung = tissue.right if side < 0 else tissue.left
    if kind == "nodule":
        size = draw.between(7, 16)
        spot = locate_in_lung(chest, side, draw.between(0.3, 0.9), draw.between(-50, 60), draw.between(0.5, 0.9))
        box, share = Ellipsoid(spot, (size, size, size)).share(grid)
        np.maximum(other[box], share, out=other[box])
    elif kind == "lobar":
        _add_lobar_consolidation(
            chest, grid, lung, other, tissue=tissue, upper=draw.chance(0.5), at=draw.between(-8, 14)
        )
    elif kind == "atelectasis":
        for _ in range(3):
            spot = locate_in_lung(chest, side, draw.between(0.05, 0.3), draw.between(-40, 40), 0.6)
            box, share = Ellipsoid(spot, (2.6, 34, 38), draw.normal(0.25)).share(grid, 1.5)
            np.maximum(other[box], share * np.float32(0.85), out=other[box])
    elif kind == "effusion":
        _add_effusion(chest, grid, lung, fluid, depth=draw.between(18, 75), side=side)
    else:
        _add_oedema(chest, grid, tissue, other, draw.between(0.30, 0.60))
        for each, part in ((-1, tissue.right), (1, tissue.left)):
            _add_effusion(chest, grid, part, fluid, depth=draw.between(4, 22), side=each)


def _add_lobar_consolidation(
    chest: Chest, grid: VoxelGrid, lung: Volume, other: Volume, *, tissue: Tissue, upper: bool, at: float
) -> None:
    """All of a lung above its horizontal fissure, or all behind and below the oblique one, patchily solid."""
    z, y, x = grid.axes()
    border = chest.hilum + np.float32(at) + (np.float32(0.12) * np.abs(x) if upper else np.float32(0.75) * y - 20)
    border = border + np.float32(5) * tissue.noise
    beyond = np.clip((z - border if upper else border - z) / 9 + np.float32(0.5), 0, 1)
    patchy = np.clip(np.float32(0.7) + np.float32(0.22) * tissue.noise, 0, 1)
    np.maximum(other, (patchy * beyond * lung).astype(np.float32), out=other)


def _add_effusion(chest: Chest, grid: VoxelGrid, lung: Volume, fluid: Volume, *, depth: float, side: int) -> None:
    """Fluid in the lowest part of the pleural space, with a meniscus along the chest wall."""
    z, y, x = grid.axes()
    outward = np.clip(np.float32(side) * x / np.float32(132 * chest.body.width), 0, 1)
    top = (chest.dome - 46 + depth) + np.float32(40) * (outward * outward) * (outward * outward) + np.float32(0.12) * y
    np.maximum(fluid, np.clip((top - z) / 5 + np.float32(0.5), 0, 1).astype(np.float32) * (lung > 0.02), out=fluid)


def _add_oedema(chest: Chest, grid: VoxelGrid, tissue: Tissue, other: Volume, amount: float) -> None:
    """Haze around both hila that decreases towards the pleura."""
    z, y, x = grid.axes()
    away = ((np.abs(x) - np.float32(40)) / 62) ** 2 + ((z - np.float32(chest.hilum - 16)) / 74) ** 2 + (y / 90) ** 2
    haze = np.clip(np.float32(1.25) - away, 0, 1) * (np.float32(0.85) + np.float32(0.25) * tissue.noise)
    np.maximum(other, (np.float32(amount) * haze).astype(np.float32), out=other)
