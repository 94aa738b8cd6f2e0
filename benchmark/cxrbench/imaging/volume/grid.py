"""The position of a volume in the patient, and how its stored axes become the canonical ones.

World coordinates are DICOM's: millimetres in LPS (x to the patient's left, y to the back, z to the head). NIfTI
affines (RAS) are converted by negating x and y. The canonical index order is `[D, H, W]` = (z, y, x).
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
"""How far, in voxels, the corners of two grids may differ and still be the same grid."""
_LETTERS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


@dataclass(frozen=True, slots=True)
class VolumeGrid:
    """The voxel grid of a canonical volume.

    Attributes:
        shape: Number of voxels `[D, H, W]`.
        affine: `[4, 4]`, from voxel indices (D, H, W) to LPS millimetres.

    Example:
        >>> VolumeGrid((30, 512, 512), make_affine("SPL", (8.0, 0.7, 0.7))).spacing
        (8.0, 0.7, 0.7)
    """

    shape: tuple[int, int, int]
    affine: Affine

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Millimetres from voxel to voxel along D, H and W."""
        d, h, w = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(d), float(h), float(w)

    def agrees(self, other: "VolumeGrid") -> bool:
        """Whether two grids are the same.

        Args:
            other: The other grid.

        Returns:
            True where the shapes are equal and all eight corners agree to a tenth of a voxel.
        """
        if self.shape != other.shape:
            return False
        gap = np.linalg.solve(self.affine[:3, :3], (self.affine - other.affine)[:3] @ _list_corners(self.shape))
        return bool(np.abs(gap).max() <= CORNER_TOLERANCE)


def _list_corners(shape: tuple[int, int, int]) -> Affine:
    """Homogeneous indices of the eight corner voxels, `[4, 8]`."""
    far = np.asarray(shape, float) - 1
    signs = np.indices((2, 2, 2)).reshape(3, 8)
    return np.vstack([signs * far[:, None], np.ones(8)])


@dataclass(frozen=True, slots=True)
class AxisLayout:
    """How stored axes become canonical.

    Attributes:
        order: The stored axis of each canonical axis.
        flip: Whether each canonical axis is reversed.
    """

    order: tuple[int, int, int]
    flip: tuple[bool, bool, bool]

    def view(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """View a stored array along the canonical axes; nothing is copied.

        Args:
            stored: Array with three stored axes.

        Returns:
            A view `[D, H, W]`.
        """
        return stored.transpose(self.order)[tuple(slice(None, None, -1 if turn else None) for turn in self.flip)]

    def grid(self, stored_shape: tuple[int, ...], affine: Affine) -> VolumeGrid:
        """The canonical grid of a stored array.

        Args:
            stored_shape: Shape of the stored array.
            affine: `[4, 4]`, from stored indices to LPS mm.

        Returns:
            Shape and affine in canonical axes.
        """
        turn = np.zeros((4, 4))
        turn[3, 3] = 1
        for canonical, (axis, reverse) in enumerate(zip(self.order, self.flip, strict=True)):
            turn[axis, canonical] = -1 if reverse else 1
            turn[axis, 3] = stored_shape[axis] - 1 if reverse else 0
        d, h, w = (stored_shape[axis] for axis in self.order)
        return VolumeGrid((d, h, w), affine @ turn)


def find_layout(affine: Affine, where: str) -> AxisLayout:
    """Find the layout whose axes are nearest to the patient's. An oblique volume stays oblique: no resampling.

    Args:
        affine: `[4, 4]`, from stored indices to LPS mm.
        where: File, for the error.

    Returns:
        The layout.

    Raises:
        DataError: The affine is singular or not finite.
    """
    columns = affine[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(affine).all() or not lengths.all() or abs(np.linalg.det(columns / lengths)) < 0.01:
        raise DataError("the affine is singular or not finite: orientation unknown", where, "fetch the file again")
    cosines = columns / lengths
    x, y, z = max(permutations(range(3)), key=lambda axes: sum(abs(cosines[w, a]) for w, a in enumerate(axes)))
    flip = (bool(cosines[2, z] < 0), bool(cosines[1, y] < 0), bool(cosines[0, x] < 0))
    return AxisLayout((z, y, x), flip)


def make_affine(axes: str, spacing: tuple[float, ...]) -> Affine:
    """Make the affine of an array whose stored axes are known by name.

    Args:
        axes: The patient sides towards which the stored axes run, such as "PLI" (R/L, A/P, S/I).
        spacing: Millimetres along each stored axis.

    Returns:
        `[4, 4]`, from stored indices to LPS mm; the origin is 0.

    Raises:
        ValueError: `axes` does not name each body axis once.

    Example:
        >>> make_affine("LPS", (0.7, 0.7, 5.0)).diagonal().tolist()
        [0.7, 0.7, 5.0, 1.0]
    """
    if len(axes) != 3 or {_LETTERS[letter][0] for letter in axes if letter in _LETTERS} != {0, 1, 2}:
        raise ValueError(f"axes name three sides out of R/L, A/P and S/I, such as PLI; got {axes!r}")
    affine = np.eye(4)
    affine[:3, :3] = 0
    for column, (letter, step) in enumerate(zip(axes, spacing, strict=True)):
        world, sign = _LETTERS[letter]
        affine[world, column] = sign * step
    return affine


def flip_axes(stored: NDArray[np.generic], flip: tuple[str, ...]) -> NDArray[np.generic]:
    """Reverse axes of a canonical view, for sources whose headers are wrong.

    Args:
        stored: `[D, H, W]`.
        flip: Axes to reverse, of "D", "H", "W".

    Returns:
        A view.
    """
    return np.flip(stored, tuple(CANONICAL.index(axis) for axis in flip))
