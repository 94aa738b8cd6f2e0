"""Trachea, main bronchi, and in each lung a tree of vessels that divides from the hilum to the pleura."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cxrbench.phantom.anatomy import Chest
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.space import Floats
from cxrbench.phantom.strands import Strands, smooth

GENERATIONS = 6
Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Trees:
    """Vessels, airways within the lungs (they run beside the vessels), and the large airways before them."""

    vessels: Strands
    airways: Strands
    trachea: Strands


@dataclass(frozen=True, slots=True)
class Shoot:
    """A branch to be grown: from where, in which direction, how thick and how long, of which generation."""

    start: Floats
    heading: Floats
    radius: float
    length: float
    generation: int


@lru_cache(maxsize=4)
def trees(chest: Chest) -> Trees:
    """The trees of a chest, the same at each of a patient's visits."""
    branches: list[Shoot] = []
    for side in (-1, 1):
        draw = Draw(chest.body.seed, 6, side + 1)
        for shoot in _roots(chest, side, draw):
            branches += _grown(shoot, draw)
    wide = [branch for branch in branches if branch.generation in (1, 2, 3)]
    return Trees(_tubes(branches, 1.0, 0.0), _tubes(wide, 0.72, 1.9), _trachea(chest))


def _roots(chest: Chest, side: int, draw: Draw) -> list[Shoot]:
    """The arteries that leave a hilum, to the upper, middle and lower parts of the lung."""
    start = np.array([chest.hilum + (4 if side > 0 else -6), 6.0, side * 36.0])
    found = []
    for rise, back in (
        (1.5, 0.1),
        (0.85, -0.7),
        (0.75, 0.7),
        (0.0, -0.75),
        (-0.15, 0.6),
        (-0.8, 0.0),
        (-1.5, 0.35),
        (-1.7, 0.8),
    ):
        aim = np.array([rise + draw.normal(0.15), back + draw.normal(0.15), side * (0.75 + draw.normal(0.12))])
        low = rise < -0.5
        found.append(Shoot(start + draw.many(3) * 8 - 4, _unit(aim), 4.2 if low else 3.3, draw.between(26, 40), 1))
    return found


def _grown(root: Shoot, draw: Draw) -> list[Shoot]:
    """A branch and all that divide from it."""
    found, left = [], [root]
    while left:
        branch = left.pop()
        found.append(branch)
        if branch.generation < GENERATIONS:
            tip = branch.start + branch.heading * branch.length
            left += [_child(branch, tip, draw, share) for share in (0.84, 0.66)]
    return found


def _child(parent: Shoot, tip: Floats, draw: Draw, share: float) -> Shoot:
    bend = 0.36 if share > 0.75 else 0.75
    turn = (draw.many(3) * 2 - 1) * bend
    radius, length = parent.radius * share, parent.length * draw.between(0.68, 0.94)
    return Shoot(tip, _unit(parent.heading + turn), radius, length, parent.generation + 1)


def _tubes(branches: Sequence[Shoot], scale: float, aside: float) -> Strands:
    """Branches as tubes, `scale` times as thick, `aside` radii beside them."""
    starts, headings = (np.array([getattr(one, name) for one in branches]) for name in ("start", "heading"))
    radius, length = (np.array([getattr(one, name) for one in branches])[:, None] for name in ("radius", "length"))
    beside = aside * radius * np.array([0.5, -0.6, 0.6])
    radii = np.concatenate([radius, radius * 0.84], 1) * scale
    return Strands.straight(starts + beside, starts + headings * length + beside, radii, step=1.4)


def _trachea(chest: Chest) -> Strands:
    carina = chest.hilum + 26
    tube = smooth([(carina, 6, 1), (carina + 50, 0, -2), (chest.apex, -12, 0), (chest.apex + 50, -26, 0)])
    right = smooth([(carina, 6, 1), (carina - 16, 7, -14), (chest.hilum - 2, 8, -34)])
    left = smooth([(carina, 6, 1), (carina - 16, 8, 18), (chest.hilum + 2, 10, 38)])
    return Strands.joined([Strands.along(tube, 8.5), Strands.along(right, 6.5), Strands.along(left, 5.8)])


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.sqrt((vector**2).sum()))
