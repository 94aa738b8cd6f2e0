"""Where a volume lies in the patient, and how its stored axes turn into the canonical ones.

World coordinates are DICOM's: millimetres in LPS (x to the patient's left, y to the back, z to the head). NIfTI
affines (RAS) are turned into it by negating x and y. The canonical index order is `[D, H, W]` = (z, y, x).
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError

Affine = NDArray[np.float64]
CANONICAL = ("D", "H", "W")
"""Feet to head, front to back, the patient's right to left."""
CORNER_TOLERANCE = 0.1
"""How far, in voxels, the corners of two grids may lie apart and still be the same grid."""
_LETTERS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


@dataclass(frozen=True, slots=True)
class Grid:
    """The voxel grid of a canonical volume: shape `[D, H, W]` and the 4 x 4 affine from its indices to LPS mm."""

    shape: tuple[int, int, int]
    affine: Affine

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Millimetres from voxel to voxel along D, H and W."""
        d, h, w = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(d), float(h), float(w)

    def agrees(self, other: "Grid") -> bool:
        """Whether both have one shape and all eight corners in one place, to a tenth of a voxel."""
        if self.shape != other.shape:
            return False
        gap = np.linalg.solve(self.affine[:3, :3], (self.affine - other.affine)[:3] @ _corners(self.shape))
        return bool(np.abs(gap).max() <= CORNER_TOLERANCE)


def _corners(shape: tuple[int, int, int]) -> Affine:
    """Homogeneous indices of the eight corner voxels, `[4, 8]`."""
    far = np.asarray(shape, float) - 1
    signs = np.indices((2, 2, 2)).reshape(3, 8)
    return np.vstack([signs * far[:, None], np.ones(8)])


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored axes become canonical: `order[c]` is the stored axis of canonical axis c, reversed where `flip[c]`."""

    order: tuple[int, int, int]
    flip: tuple[bool, bool, bool]

    def view(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """The stored array seen along the canonical axes; nothing is copied."""
        return stored.transpose(self.order)[tuple(slice(None, None, -1 if turn else None) for turn in self.flip)]

    def grid(self, stored_shape: tuple[int, ...], affine: Affine) -> Grid:
        """The canonical grid of a stored array with `affine` from its indices to LPS mm."""
        turn = np.zeros((4, 4))
        turn[3, 3] = 1
        for canonical, (axis, reverse) in enumerate(zip(self.order, self.flip, strict=True)):
            turn[axis, canonical] = -1 if reverse else 1
            turn[axis, 3] = stored_shape[axis] - 1 if reverse else 0
        d, h, w = (stored_shape[axis] for axis in self.order)
        return Grid((d, h, w), affine @ turn)


def layout(affine: Affine, where: str) -> Layout:
    """The layout whose axes come nearest to the patient's; a tilted volume keeps its tilt and is not resampled.

    Raises `DataError` where the affine is singular or not finite.
    """
    columns = affine[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(affine).all() or not lengths.all() or abs(np.linalg.det(columns / lengths)) < 0.01:
        raise DataError("the affine is singular or not finite: orientation unknown", where, "fetch the file again")
    cosines = columns / lengths
    x, y, z = max(permutations(range(3)), key=lambda axes: sum(abs(cosines[w, a]) for w, a in enumerate(axes)))
    flip = (bool(cosines[2, z] < 0), bool(cosines[1, y] < 0), bool(cosines[0, x] < 0))
    return Layout((z, y, x), flip)


def affine_along(axes: str, spacing: tuple[float, ...]) -> Affine:
    """The LPS affine of an array whose stored axes run towards the patient sides `axes`, such as "PLI".

    Raises `ValueError` where `axes` does not name the three body axes once each.
    """
    if len(axes) != 3 or {_LETTERS[letter][0] for letter in axes if letter in _LETTERS} != {0, 1, 2}:
        raise ValueError(f"axes name three sides out of R/L, A/P and S/I, such as PLI; got {axes!r}")
    affine = np.eye(4)
    affine[:3, :3] = 0
    for column, (letter, step) in enumerate(zip(axes, spacing, strict=True)):
        world, sign = _LETTERS[letter]
        affine[world, column] = sign * step
    return affine


def turned(stored: NDArray[np.generic], flip: tuple[str, ...]) -> NDArray[np.generic]:
    """A canonical view reversed along the named axes (of "D", "H", "W"): for sources whose headers are wrong."""
    return np.flip(stored, tuple(CANONICAL.index(axis) for axis in flip))
