"""The shape of a chest as functions of height: lungs, chest wall, skin, diaphragm, organs and spine.

Sizes are those of an adult of average build, from textbook measures (cardiothoracic ratio near 0.47 on a PA
radiograph, right dome of the diaphragm a finger's breadth above the left, carina at the fifth thoracic vertebra),
scaled by the body.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxrbench.phantom.body import Body, Visit
from cxrbench.phantom.space import Ellipsoid, Floats, interpolate_knots


@dataclass(frozen=True)
class Chest:
    """The chest of one patient at one visit, as functions of the height `z` in mm.

    Attributes:
        body: The patient's anatomy.
        visit: The circumstances of the visit.
    """

    body: Body
    visit: Visit

    @cached_property
    def apex(self) -> float:
        """Height of the apices of the lungs in mm."""
        return 60 + 250 * self.body.height

    @cached_property
    def hilum(self) -> float:
        """Height of the hila in mm."""
        return 60 + 136 * self.body.height

    @cached_property
    def dome(self) -> float:
        """Height of the right dome of the diaphragm in mm."""
        return 101 - self.visit.breath

    def level(self, z: Floats) -> Floats:
        """Relative height within the lungs.

        Args:
            z: Heights in mm.

        Returns:
            0 at the base of the lungs, 1 at their apices.
        """
        return np.asarray((z - 60) / (self.apex - 60))

    def wall(self, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The inner surface of the chest wall.

        Args:
            z: Heights in mm, `[n]`.

        Returns:
            In mm, `[n]` each: lateral centre and half-width of each side, half-depth, centre of the depth.
        """
        t, b = self.level(z), self.body
        reach = b.width * interpolate_knots(
            t, (0, 134), (0.2, 137), (0.35, 135), (0.5, 129), (0.65, 117), (0.8, 98), (0.9, 80), (0.96, 66), (1, 53)
        )
        middle = b.width * interpolate_knots(t, (0.5, 0), (0.7, 12), (0.85, 30), (0.95, 42), (1, 46))
        depth = b.depth * interpolate_knots(t, (0, 86), (0.3, 88), (0.6, 78), (0.8, 62), (0.92, 44), (1, 20))
        front = interpolate_knots(t, (0, 2), (0.4, 0), (0.8, 14), (1, 24)) + b.kyphosis * t
        return middle, np.maximum(reach - middle, 2), np.maximum(depth, 2), front

    def skin(self, z: Floats) -> tuple[Floats, Floats]:
        """The surface of the body. The shoulders leave the field at the sides and meet the neck on top.

        Args:
            z: Heights in mm, `[n]`.

        Returns:
            Half-width and half-depth in mm, `[n]` each.
        """
        b, top = self.body, self.apex
        chest = 152 * b.width + b.fat
        width = interpolate_knots(
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
        depth = (
            interpolate_knots(z, (0, 108), (150, 108), (top - 60, 98), (top, 76), (top + 40, 62)) * b.depth
            + 0.8 * b.fat
        )
        return width, depth

    def diaphragm(self, y: Floats, x: Floats) -> Floats:
        """The height of the diaphragm, which is higher on the right.

        Args:
            y: Depths in mm, `[H]`.
            x: Lateral positions in mm, `[W]`.

        Returns:
            Heights in mm, `[H, W]`.
        """
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
        """Heart, great vessels and hila, which displace the lungs, by name."""
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


def compute_spine_depth(chest: Chest) -> float:
    """Compute the depth of the centre of the vertebral bodies.

    Args:
        chest: The chest.

    Returns:
        Depth in mm.
    """
    return 62 * chest.body.depth


def compute_spine_shift(chest: Chest, z: Floats) -> Floats:
    """Compute the lateral curvature of the spine.

    Args:
        chest: The chest.
        z: Heights in mm, `[D]`.

    Returns:
        Lateral position of the spine in mm, `[D]`.
    """
    return np.asarray(chest.body.bend * interpolate_knots(z, (0, -1), (90, 0.3), (170, 1), (250, 0.3), (352, -1)))
