"""The soft thorax on a grid: body, fat, two lungs, heart and great vessels, diaphragm with liver, stomach and spleen.

Sizes are those of an adult of middle build, from textbook measures (cardiothoracic ratio near 0.47 on a PA film, right
dome a finger above the left, carina at the level of the fifth thoracic vertebra), scaled by the body.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxrbench.phantom.body import Body, Visit
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.space import Ellipsoid, Floats, Grid, Volume, curve, mottle, soften

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


@dataclass(frozen=True)
class Chest:
    """One patient's chest at one visit, as functions of height `z` (mm)."""

    body: Body
    visit: Visit

    @cached_property
    def apex(self) -> float:
        """Height of the lungs' tops."""
        return 60 + 250 * self.body.height

    @cached_property
    def hilum(self) -> float:
        """Height of the hila."""
        return 60 + 136 * self.body.height

    @cached_property
    def dome(self) -> float:
        """Height of the right diaphragm's top."""
        return 101 - self.visit.breath

    def level(self, z: Floats) -> Floats:
        """Height as a share of the way from the lungs' base (0) to their top (1)."""
        return np.asarray((z - 60) / (self.apex - 60))

    def wall(self, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Of the inner chest wall: middle and half-width sideways of each side, half-depth, middle of the depth."""
        t, b = self.level(z), self.body
        reach = b.width * curve(
            t, (0, 134), (0.2, 137), (0.35, 135), (0.5, 129), (0.65, 117), (0.8, 98), (0.9, 80), (0.96, 66), (1, 53)
        )
        middle = b.width * curve(t, (0.5, 0), (0.7, 12), (0.85, 30), (0.95, 42), (1, 46))
        depth = b.depth * curve(t, (0, 86), (0.3, 88), (0.6, 78), (0.8, 62), (0.92, 44), (1, 20))
        front = curve(t, (0, 2), (0.4, 0), (0.8, 14), (1, 24)) + b.kyphosis * t
        return middle, np.maximum(reach - middle, 2), np.maximum(depth, 2), front

    def skin(self, z: Floats) -> tuple[Floats, Floats]:
        """Half-width and half-depth of the body; shoulders leave the field at the sides and meet the neck on top."""
        b, top = self.body, self.apex
        chest = 152 * b.width + b.fat
        width = curve(
            z,
            (0, chest - 6),
            (90, chest),
            (170, chest + 2),
            (top - 75, chest + 22),
            (top - 45, 235),
            (top - 28, 225),
            (top - 4, 130 + b.fat),
            (top + 18, 78 + b.fat / 2),
            (top + 60, 62 + b.fat / 2),
        )
        depth = curve(z, (0, 108), (150, 108), (top - 60, 98), (top, 76), (top + 40, 62)) * b.depth + 0.8 * b.fat
        return width, depth

    def diaphragm(self, y: Floats, x: Floats) -> Floats:
        """Height of the diaphragm at depths `[H]` and sides `[W]`: `[H, W]`, higher on the right."""
        left = x > 0
        top = np.where(left, self.dome - 12, self.dome)
        side = (x - np.where(left, 62, -62) * self.body.width) / (76 * self.body.width)
        side = side * np.where((side > 0) == left, 1.0, 0.62)
        fall = 44 * side**2 + 14 * np.abs(side) ** 4
        behind = (y - 2) / (88 * self.body.depth)
        back = 52 * np.maximum(behind, 0) ** 2 + 26 * np.minimum(behind, 0) ** 2
        return np.asarray(np.maximum(top - fall - back[:, None], 22))

    @cached_property
    def organs(self) -> dict[str, Ellipsoid]:
        """Heart, great vessels and what else the lungs give way to."""
        h, z, d = self.body.heart, self.hilum, self.dome
        old = min(1.3, max(0.9, 0.9 + (self.body.age - 30) / 150))
        return {
            "ventricle": Ellipsoid((d + 17, -24, 27 * h), (46 * h, 58 * h, 66 * h), 0.55),
            "atrium": Ellipsoid((d + 30, -10, -11 * h), (50, 50, 33 * h), 0.1),
            "appendage": Ellipsoid((z - 20, -12, 20), (44, 34, 30 * h), 0.45),
            "trunk": Ellipsoid((z + 16, -12, 25), (24, 26, 18), 0.0),
            "arch": Ellipsoid((z + 46, 14, 20), (17 * old, 34, 19 * old), 0.0),
            "descending": Ellipsoid((z - 40, 54, 21), (120, 14 * old, 14 * old), 0.0),
            "cava": Ellipsoid((z + 34, -12, -20), (62, 16, 14), -0.06),
            "hilum right": Ellipsoid((z - 4, 4, -42), (24, 14, 11), 0.5),
            "hilum left": Ellipsoid((z + 6, 6, 40), (20, 14, 11), -0.4),
        }


@dataclass(frozen=True, slots=True)
class Tissue:
    """A chest on a grid: Hounsfield units, and the share of each voxel that is right lung, left lung or neither.

    `middle` is heart, mediastinum and spine, `below` the share under the diaphragm.
    """

    hu: Volume
    right: Volume
    left: Volume
    middle: Volume
    below: Volume
    noise: Volume

    @property
    def lung(self) -> Volume:
        """Both lungs."""
        return self.right + self.left


def build(chest: Chest, grid: Grid) -> Tissue:
    """The soft thorax on a grid, lungs healthy, without bones and vessels of the lung."""
    y, x = grid.line(1), grid.line(2)
    inner = _cavity(chest, grid)
    under = soften((chest.diaphragm(y, x)[None].astype(np.float32) - grid.axes()[0]), 0.2)
    noise = mottle(grid, Draw(chest.body.seed, 3).normals((24, 24, 24)), 16.0)
    noise += np.float32(0.6) * mottle(grid, Draw(chest.body.seed, 4).normals((60, 60, 60)), 6.0)
    heart = _heart(chest, grid)
    hu = _outer(chest, grid)
    hu += inner * (np.float32(HU["mediastinum"]) - hu)
    hu += heart * (np.float32(HU["heart"]) - hu)
    hu += (inner * under) * (np.float32(HU["liver"]) - hu)
    _bowel(chest, grid, hu, noise)
    lung = inner * (1 - under)
    lung *= 1 - heart
    core = _core(chest, grid)
    lung *= 1 - core
    aerated = np.float32(HU["lung"]) + (0.35 * y[None, :, None]).astype(np.float32) + np.float32(9) * noise
    hu += lung * (aerated - hu)
    sides = (x < 0).astype(np.float32)
    return Tissue(hu, lung * sides, lung * (1 - sides), np.maximum(heart, core * inner), under * inner, noise)


def _outer(chest: Chest, grid: Grid) -> Volume:
    """Air, fat below the skin, muscle within; breasts in front."""
    z, y, x = (grid.line(axis) for axis in range(3))
    width, depth = chest.skin(z)
    hu = np.full(grid.shape, HU["air"], np.float32)
    for inset, tissue in ((0.0, HU["fat"]), (chest.body.fat, HU["muscle"])):
        u, v = ((x[None, :] / (width - inset)[:, None]) ** 2), ((y[None, :] / (depth - 0.8 * inset)[:, None]) ** 2)
        q = (u + u * u)[:, None, :].astype(np.float32) + (v + v * v)[:, :, None].astype(np.float32)
        hu += soften(2 - q, 12) * (np.float32(tissue) - hu)
        if inset == 0.0:
            _breasts(chest, grid, hu)
    return hu


def _breasts(chest: Chest, grid: Grid, hu: Volume) -> None:
    b = chest.body
    for side in (-1, 1) if b.breast else ():
        front = -100 * b.depth - 0.8 * b.fat
        ball = Ellipsoid(
            (118 - 6 * b.breast, front, side * 72 * b.width), (46 * b.breast, 34 * b.breast, 56 * b.breast)
        )
        box, share = ball.share(grid, 3)
        hu[box] += share * (np.float32(-40) - hu[box]) * (hu[box] < -90)


def _cavity(chest: Chest, grid: Grid) -> Volume:
    """Inside the chest wall: an ellipse a side that narrows to the apex."""
    z, y, x = (grid.line(axis) for axis in range(3))
    middle, half, depth, front = chest.wall(z)
    u = ((np.abs(x)[None, :] - middle[:, None]) / half[:, None]) ** 2
    v = ((y[None, :] - front[:, None]) / depth[:, None]) ** 2
    u, v = 0.7 * u + 0.3 * u * u, 0.7 * v + 0.3 * v * v
    q = u[:, None, :].astype(np.float32) + v[:, :, None].astype(np.float32)
    top = np.clip((chest.apex - z) / 6 + 0.5, 0, 1).astype(np.float32)
    return soften(1 - q, 14) * top[:, None, None]


def _core(chest: Chest, grid: Grid) -> Volume:
    """The mediastinum between the lungs, and the spine with the muscles beside it, which lungs never fill."""
    z, y, x = (grid.line(axis) for axis in range(3))
    t = chest.level(z)
    half = curve(t, (0, 26), (0.15, 21), (0.3, 17), (0.45, 18), (0.6, 24), (0.8, 25), (0.9, 27), (1, 34))
    sway = curve(t, (0, 0), (0.15, 3), (0.35, 5), (0.5, 1), (0.65, -3), (0.8, -4), (1, 0))
    slim = curve(y, (-80, 0.15), (-45, 0.3), (-15, 1), (70, 1))
    bow = spine_side(chest, z)[:, None]
    across = (((x[None, :] - bow - sway[:, None]) / half[:, None]) ** 2).astype(np.float32)
    across = across[:, None, :] / (slim**2).astype(np.float32)[None, :, None]
    share = soften(1 - across - (((y - 4) / 84) ** 2).astype(np.float32)[None, :, None], 2.4)
    behind = (((y - spine_depth(chest)) / 25) ** 2).astype(np.float32)[None, :, None]
    return np.maximum(share, soften(1 - (((x[None, :] - bow) / 20) ** 2).astype(np.float32)[:, None, :] - behind, 3))


def spine_depth(chest: Chest) -> float:
    """Depth (mm) at which the middle of the vertebral bodies lies."""
    return 62 * chest.body.depth


def spine_side(chest: Chest, z: Floats) -> Floats:
    """How far sideways (mm) the spine lies at heights `[D]`: a gentle bow."""
    return np.asarray(chest.body.bend * curve(z, (0, -1), (90, 0.3), (170, 1), (250, 0.3), (352, -1)))


def _heart(chest: Chest, grid: Grid) -> Volume:
    share = np.zeros(grid.shape, np.float32)
    for organ in chest.organs.values():
        box, part = organ.share(grid)
        np.maximum(share[box], part, out=share[box])
    return share


def _bowel(chest: Chest, grid: Grid, hu: Volume, noise: Volume) -> None:
    """The gas bubble below the left dome, and gas in the colon at both sides."""
    draw = Draw(chest.visit.seed, 5)
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
