"""Trachea, main bronchi, and in each lung a tree of vessels that branches from the hilum to the pleura."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cxrbench.phantom.chest import Chest
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import Floats
from cxrbench.phantom.strands import Strands, smooth_line

GENERATIONS = 6


@dataclass(frozen=True, slots=True)
class Trees:
    """The trees of a chest.

    Attributes:
        vessels: Pulmonary vessels.
        airways: Airways within the lungs, next to the vessels.
        trachea: Trachea and main bronchi.
    """

    vessels: Strands
    airways: Strands
    trachea: Strands


@dataclass(frozen=True, slots=True)
class Shoot:
    """A branch.

    Attributes:
        start: Its first point in mm.
        heading: Unit vector of its direction.
        radius: Radius at the start in mm.
        length: Length in mm.
        generation: 1 at the hilum.
    """

    start: Floats
    heading: Floats
    radius: float
    length: float
    generation: int


@lru_cache(maxsize=4)
def grow_trees(chest: Chest) -> Trees:
    """Grow the trees of a chest; they are the same at each of a patient's visits.

    Args:
        chest: The chest.

    Returns:
        The trees.
    """
    branches: list[Shoot] = []
    for side in (-1, 1):
        draw = RandomStream(chest.body.seed, 6, side + 1)
        for shoot in _make_roots(chest, side, draw):
            branches += _grow_branches(shoot, draw)
    wide = [branch for branch in branches if branch.generation in (1, 2, 3)]
    return Trees(_make_tubes(branches, 1.0, 0.0), _make_tubes(wide, 0.72, 1.9), _make_trachea(chest))


def _make_roots(chest: Chest, side: int, draw: RandomStream) -> list[Shoot]:
    """The arteries that leave a hilum, to the upper, middle and lower parts of the lung."""
    start = np.array([chest.hilum + (4 if side > 0 else -6), 6.0, side * 36.0])
    shoots = []
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
        shoots.append(
            Shoot(
                start + draw.uniforms(3) * 8 - 4, _normalise_vector(aim), 4.2 if low else 3.3, draw.between(26, 40), 1
            )
        )
    return shoots


def _grow_branches(root: Shoot, draw: RandomStream) -> list[Shoot]:
    """A branch and all its descendants."""
    branches, left = [], [root]
    while left:
        branch = left.pop()
        branches.append(branch)
        if branch.generation < GENERATIONS:
            tip = branch.start + branch.heading * branch.length
            left += [_make_child(branch, tip, draw, share) for share in (0.84, 0.66)]
    return branches


def _make_child(parent: Shoot, tip: Floats, draw: RandomStream, share: float) -> Shoot:
    bend = 0.36 if share > 0.75 else 0.75
    turn = (draw.uniforms(3) * 2 - 1) * bend
    radius, length = parent.radius * share, parent.length * draw.between(0.68, 0.94)
    return Shoot(tip, _normalise_vector(parent.heading + turn), radius, length, parent.generation + 1)


def _make_tubes(branches: Sequence[Shoot], scale: float, aside: float) -> Strands:
    """Branches as tubes, `scale` times as thick, displaced by `aside` radii."""
    starts, headings = (np.array([getattr(branch, name) for branch in branches]) for name in ("start", "heading"))
    radius, length = (
        np.array([getattr(branch, name) for branch in branches])[:, None] for name in ("radius", "length")
    )
    offset = aside * radius * np.array([0.5, -0.6, 0.6])
    radii = np.concatenate([radius, radius * 0.84], 1) * scale
    return Strands.straight(starts + offset, starts + headings * length + offset, radii, step=1.4)


def _make_trachea(chest: Chest) -> Strands:
    carina = chest.hilum + 26
    tube = smooth_line([(carina, 6, 1), (carina + 50, 0, -2), (chest.apex, -12, 0), (chest.apex + 50, -26, 0)])
    right = smooth_line([(carina, 6, 1), (carina - 16, 7, -14), (chest.hilum - 2, 8, -34)])
    left = smooth_line([(carina, 6, 1), (carina - 16, 8, 18), (chest.hilum + 2, 10, 38)])
    return Strands.join([Strands.along(tube, 8.5), Strands.along(right, 6.5), Strands.along(left, 5.8)])


def _normalise_vector(vector: Floats) -> Floats:
    return np.asarray(vector / np.sqrt((vector**2).sum()))
