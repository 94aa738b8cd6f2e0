"""The space of the thorax: millimetres in LPS order, voxel grids over it, and shapes with soft borders.

`z` increases from feet to head (0 to 352), `y` from front to back and `x` from the patient's right to left, both 0 in
the middle. Volumes are float32 and only ever added, multiplied, divided and compared, which IEEE 754 defines exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]
Floats = NDArray[np.float64]
Box = tuple[slice, slice, slice]
Triple = tuple[float, float, float]
FIELD = 352.0
"""Height and width of an image in mm."""


@dataclass(frozen=True, slots=True)
class VoxelGrid:
    """A grid of voxels `[D, H, W]`.

    Attributes:
        shape: Number of voxels along each axis.
        spacing: Distance of voxels along each axis in mm.
        origin: Coordinates of the centre of the first voxel in mm.
    """

    shape: tuple[int, int, int]
    spacing: Triple
    origin: Triple

    @classmethod
    def covering(cls, extent: Triple, spacing: Triple) -> "VoxelGrid":
        """The grid that covers an extent.

        Args:
            extent: Size in mm (z from 0; y and x centred on 0).
            spacing: Distance of voxels in mm.

        Returns:
            The grid.
        """
        counts = [max(1, round(length / step)) for length, step in zip(extent, spacing, strict=True)]
        starts = [
            (s / 2 if axis == 0 else (s - n * s) / 2) for axis, (n, s) in enumerate(zip(counts, spacing, strict=True))
        ]
        return cls((counts[0], counts[1], counts[2]), spacing, (starts[0], starts[1], starts[2]))

    def line(self, axis: int) -> Floats:
        """The coordinates of the voxel centres along one axis.

        Args:
            axis: 0, 1 or 2.

        Returns:
            Millimetres, `[shape[axis]]`.
        """
        return np.asarray(self.origin[axis] + self.spacing[axis] * np.arange(self.shape[axis]), np.float64)

    def axes(self, box: Box | None = None) -> tuple[Volume, Volume, Volume]:
        """The coordinates of the voxel centres along all axes, ready to broadcast.

        Args:
            box: Restrict to a box of the grid.

        Returns:
            Millimetres, `[D, 1, 1]`, `[1, H, 1]` and `[1, 1, W]`.
        """
        part = box or (slice(None),) * 3
        z, y, x = (self.line(axis)[part[axis]].astype(np.float32) for axis in range(3))
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def box(self, centre: Triple, reach: Triple) -> Box:
        """The voxels near a point.

        Args:
            centre: The point in mm.
            reach: Distance along each axis in mm.

        Returns:
            Slices along each axis; they may be empty.
        """
        edges = []
        for axis in range(3):
            first = (centre[axis] - reach[axis] - self.origin[axis]) / self.spacing[axis]
            last = (centre[axis] + reach[axis] - self.origin[axis]) / self.spacing[axis]
            edges.append(slice(max(0, int(np.floor(first))), max(0, min(self.shape[axis], int(np.ceil(last)) + 1))))
        return edges[0], edges[1], edges[2]

    def nearest(self, points: Floats) -> tuple[NDArray[np.intp], ...]:
        """The voxel nearest to each point.

        Args:
            points: `[n, 3]` as z, y, x in mm.

        Returns:
            Indices `[n]` along each axis; points outside are moved to the border.
        """
        steps = (points - np.array(self.origin)) / np.array(self.spacing)
        index = np.clip(np.rint(steps), 0, np.array(self.shape) - 1).astype(np.intp)
        return index[:, 0], index[:, 1], index[:, 2]


def soften_border(inside: Volume, sharpness: float) -> Volume:
    """Compute the share of each voxel that is inside a shape.

    Args:
        inside: A number that is 0 at the border and positive inside.
        sharpness: Slope at the border.

    Returns:
        Shares in [0, 1].
    """
    return np.asarray(np.clip(inside * np.float32(sharpness) + np.float32(0.5), 0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid.

    Attributes:
        centre: Centre in mm.
        radii: Radii in mm.
        tilt: Rotation in the frontal plane: its x axis descends by that many mm per mm.
    """

    centre: Triple
    radii: Triple
    tilt: float = 0.0

    def share(self, grid: VoxelGrid, edge: float = 2.0) -> tuple[Box, Volume]:
        """The share of each voxel inside the ellipsoid.

        Args:
            grid: The grid.
            edge: Width of the border in mm.

        Returns:
            The box of the grid that it touches, and the share of each voxel in the box.
        """
        wide = max(self.radii[0], self.radii[2]) if self.tilt else 0.0
        reach = (max(self.radii[0], wide) + edge, self.radii[1] + edge, max(self.radii[2], wide) + edge)
        box = grid.box(self.centre, reach)
        return box, soften_border(1 - self.distance(grid, box), min(self.radii) / (2 * edge))

    def distance(self, grid: VoxelGrid, box: Box) -> Volume:
        """The squared distance from the centre, in radii.

        Args:
            grid: The grid.
            box: Voxels to compute.

        Returns:
            Below 1 inside the ellipsoid.
        """
        z, y, x = grid.axes(box)
        dz, dy, dx = (a - np.float32(c) for a, c in zip((z, y, x), self.centre, strict=True))
        norm = np.float32((1 + self.tilt**2) ** -0.5)
        along, across = (dx - np.float32(self.tilt) * dz) * norm, (dz + np.float32(self.tilt) * dx) * norm
        rz, ry, rx = (np.float32(r) for r in self.radii)
        frontal = (along / rx) ** 2 + (across / rz) ** 2
        return np.asarray(frontal + (dy / ry) ** 2, np.float32)


def interpolate_knots(at: Floats, *knots: tuple[float, float]) -> Floats:
    """Interpolate linearly between knots, constant beyond them.

    Args:
        at: Where to evaluate.
        *knots: Pairs (x, value), x ascending.

    Returns:
        Values of the shape of `at`.

    Example:
        >>> interpolate_knots(np.array([0.0, 0.5, 2.0]), (0, 10), (1, 20)).tolist()
        [10.0, 15.0, 20.0]
    """
    return np.interp(at, [x for x, _ in knots], [y for _, y in knots])


def make_smooth_noise(grid: VoxelGrid, lattice: Floats, pitch: float) -> Volume:
    """Interpolate noise linearly from a coarse lattice to a grid.

    Args:
        grid: The grid.
        lattice: Values `[n, n, n]`.
        pitch: Distance of the lattice points in mm.

    Returns:
        Float32 `[D, H, W]`.
    """
    values = lattice.astype(np.float32)
    for axis in range(3):
        place = np.clip((grid.line(axis) + (0 if axis == 0 else FIELD / 2)) / pitch, 0, lattice.shape[axis] - 1.001)
        low = place.astype(np.intp)
        weight = (place - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        near, far = np.take(values, low, axis), np.take(values, low + 1, axis)
        values = near + weight * (far - near)
    return values
