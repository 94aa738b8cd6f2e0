"""The soft tissues on a grid: body, fat, two lungs, heart and great vessels, diaphragm with liver, stomach and spleen.

The shape is that of `chest`; here it becomes Hounsfield units and shares of lung.
"""

from dataclasses import dataclass

import numpy as np

from cxrbench.phantom.chest import Chest, compute_spine_depth, compute_spine_shift
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import (
    Ellipsoid,
    Volume,
    VoxelGrid,
    interpolate_knots,
    make_smooth_noise,
    soften_border,
)

HU = {
    "air": -1000.0,
    "lung": -855.0,
    "fat": -100.0,
    "water": 0.0,
    "fluid": 12.0,
    "mediastinum": -40.0,
    "heart": 42.0,
    "muscle": 52.0,
    "liver": 60.0,
    "vessel": 45.0,
    "spongiosa": 220.0,
    "bone": 750.0,
}
"""Hounsfield units of the tissues, mid-way in their textbook ranges."""


@dataclass(frozen=True, slots=True)
class Tissue:
    """A chest on a grid; every array is float32 `[D, H, W]`.

    Attributes:
        hu: Hounsfield units.
        right: Share of each voxel that is right lung.
        left: Share of each voxel that is left lung.
        middle: Share that is heart, mediastinum or spine.
        below: Share that is below the diaphragm.
        noise: Smooth noise for the texture of lungs and lesions.
    """

    hu: Volume
    right: Volume
    left: Volume
    middle: Volume
    below: Volume
    noise: Volume

    @property
    def lung(self) -> Volume:
        """Share of each voxel that is lung."""
        return self.right + self.left


def build_tissue(chest: Chest, grid: VoxelGrid) -> Tissue:
    """Build the soft tissues, with healthy lungs, without bones and pulmonary vessels.

    Args:
        chest: The chest.
        grid: The grid.

    Returns:
        Hounsfield units and shares of lung on the grid.
    """
    y, x = grid.line(1), grid.line(2)
    inner = _make_cavity(chest, grid)
    under = soften_border((chest.diaphragm(y, x)[None].astype(np.float32) - grid.axes()[0]), 0.2)
    noise = make_smooth_noise(grid, RandomStream(chest.body.seed, 3).normals((24, 24, 24)), 16.0)
    noise += np.float32(0.6) * make_smooth_noise(grid, RandomStream(chest.body.seed, 4).normals((60, 60, 60)), 6.0)
    heart = _make_heart(chest, grid)
    hu = _make_body(chest, grid)
    hu += inner * (np.float32(HU["mediastinum"]) - hu)
    hu += heart * (np.float32(HU["heart"]) - hu)
    hu += (inner * under) * (np.float32(HU["liver"]) - hu)
    _add_bowel_gas(chest, grid, hu, noise)
    lung = inner * (1 - under)
    lung *= 1 - heart
    core = _make_mediastinum(chest, grid)
    lung *= 1 - core
    aerated = np.float32(HU["lung"]) + (0.35 * y[None, :, None]).astype(np.float32) + np.float32(9) * noise
    hu += lung * (aerated - hu)
    sides = (x < 0).astype(np.float32)
    return Tissue(hu, lung * sides, lung * (1 - sides), np.maximum(heart, core * inner), under * inner, noise)


def _make_body(chest: Chest, grid: VoxelGrid) -> Volume:
    """Air, subcutaneous fat, muscle, and the breasts."""
    z, y, x = (grid.line(axis) for axis in range(3))
    width, depth = chest.skin(z)
    hu = np.full(grid.shape, HU["air"], np.float32)
    for inset, tissue in ((0.0, HU["fat"]), (chest.body.fat, HU["muscle"])):
        u, v = ((x[None, :] / (width - inset)[:, None]) ** 2), ((y[None, :] / (depth - 0.8 * inset)[:, None]) ** 2)
        q = (u + u * u)[:, None, :].astype(np.float32) + (v + v * v)[:, :, None].astype(np.float32)
        hu += soften_border(2 - q, 12) * (np.float32(tissue) - hu)
        if inset == 0.0:
            _add_breasts(chest, grid, hu)
    return hu


def _add_breasts(chest: Chest, grid: VoxelGrid, hu: Volume) -> None:
    b = chest.body
    for side in (-1, 1) if b.breast else ():
        front = -100 * b.depth - 0.8 * b.fat
        ball = Ellipsoid(
            (118 - 6 * b.breast, front, side * 72 * b.width), (46 * b.breast, 34 * b.breast, 56 * b.breast)
        )
        box, share = ball.share(grid, 3)
        hu[box] += share * (np.float32(-40) - hu[box]) * (hu[box] < -90)


def _make_cavity(chest: Chest, grid: VoxelGrid) -> Volume:
    """Inside the chest wall: an ellipse on each side that narrows to the apex."""
    z, y, x = (grid.line(axis) for axis in range(3))
    middle, half, depth, front = chest.wall(z)
    u = ((np.abs(x)[None, :] - middle[:, None]) / half[:, None]) ** 2
    v = ((y[None, :] - front[:, None]) / depth[:, None]) ** 2
    u, v = 0.7 * u + 0.3 * u * u, 0.7 * v + 0.3 * v * v
    q = u[:, None, :].astype(np.float32) + v[:, :, None].astype(np.float32)
    top = np.clip((chest.apex - z) / 6 + 0.5, 0, 1).astype(np.float32)
    return soften_border(1 - q, 14) * top[:, None, None]


def _make_mediastinum(chest: Chest, grid: VoxelGrid) -> Volume:
    """The mediastinum, and the spine with its muscles, which the lungs never fill."""
    z, y, x = (grid.line(axis) for axis in range(3))
    t = chest.level(z)
    half = interpolate_knots(t, (0, 26), (0.15, 21), (0.3, 17), (0.45, 18), (0.6, 24), (0.8, 25), (0.9, 27), (1, 34))
    sway = interpolate_knots(t, (0, 0), (0.15, 3), (0.35, 5), (0.5, 1), (0.65, -3), (0.8, -4), (1, 0))
    slim = interpolate_knots(y, (-80, 0.15), (-45, 0.3), (-15, 1), (70, 1))
    bow = compute_spine_shift(chest, z)[:, None]
    across = (((x[None, :] - bow - sway[:, None]) / half[:, None]) ** 2).astype(np.float32)
    across = across[:, None, :] / (slim**2).astype(np.float32)[None, :, None]
    share = soften_border(1 - across - (((y - 4) / 84) ** 2).astype(np.float32)[None, :, None], 2.4)
    behind = (((y - compute_spine_depth(chest)) / 25) ** 2).astype(np.float32)[None, :, None]
    return np.maximum(
        share, soften_border(1 - (((x[None, :] - bow) / 20) ** 2).astype(np.float32)[:, None, :] - behind, 3)
    )


def _make_heart(chest: Chest, grid: VoxelGrid) -> Volume:
    share = np.zeros(grid.shape, np.float32)
    for organ in chest.organs.values():
        box, part = organ.share(grid)
        np.maximum(share[box], part, out=share[box])
    return share


def _add_bowel_gas(chest: Chest, grid: VoxelGrid, hu: Volume, noise: Volume) -> None:
    """Add the gastric bubble below the left dome, and gas in the colon on both sides."""
    draw = RandomStream(chest.visit.seed, 5)
    size = draw.between(0.4, 1.2)
    bubbles = [Ellipsoid((chest.dome - 34 - 6 * size, -20, 62), (12 * size, 22 * size, 26 * size))]
    for _ in range(2 + draw.index(6)):
        side, low, wide = 1 if draw.chance(0.75) else -1, draw.between(52, 92), draw.between(7, 17)
        spot = (chest.dome - low, draw.between(-60, 0), side * draw.between(30, 105) * chest.body.width)
        bubbles.append(Ellipsoid(spot, (wide * draw.between(0.6, 1), wide, wide), draw.normal(0.3)))
    for bubble in bubbles:
        box, share = bubble.share(grid)
        share = share * np.clip(np.float32(1.0) + np.float32(0.3) * noise[box], 0, 1)
        hu[box] += share * (np.float32(-990) - hu[box])
