"""Where the thorax lies: millimetres in LPS order, grids of voxels over them, and soft-edged shapes.

`z` runs from feet to head (0...352), `y` from front to back and `x` from the patient's right to left, both 0 in the
middle. Volumes are float32 and only ever added, multiplied, divided and compared, which IEEE 754 fixes to the bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float32]
Floats = NDArray[np.float64]
Box = tuple[slice, slice, slice]
Triple = tuple[float, float, float]
FIELD = 352.0
"""Millimetres that an image shows in height and width."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Voxels `[D, H, W]`: how many, how far apart (mm), and where the first one's centre lies."""

    shape: tuple[int, int, int]
    spacing: Triple
    origin: Triple

    @classmethod
    def over(cls, extent: Triple, spacing: Triple) -> "Grid":
        """The grid that covers an extent in mm (z from 0; y and x about 0) with voxels of the given spacing."""
        counts = [max(1, round(length / step)) for length, step in zip(extent, spacing, strict=True)]
        starts = [
            (s / 2 if axis == 0 else (s - n * s) / 2) for axis, (n, s) in enumerate(zip(counts, spacing, strict=True))
        ]
        return cls((counts[0], counts[1], counts[2]), spacing, (starts[0], starts[1], starts[2]))

    def line(self, axis: int) -> Floats:
        """Coordinates of the voxel centres along one axis, in mm."""
        return np.asarray(self.origin[axis] + self.spacing[axis] * np.arange(self.shape[axis]), np.float64)

    def axes(self, box: Box | None = None) -> tuple[Volume, Volume, Volume]:
        """Coordinates `[D, 1, 1]`, `[1, H, 1]` and `[1, 1, W]`, of the whole grid or of a box of it."""
        part = box or (slice(None),) * 3
        z, y, x = (self.line(axis)[part[axis]].astype(np.float32) for axis in range(3))
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def box(self, centre: Triple, reach: Triple) -> Box:
        """The voxels within `reach` mm of a point along each axis; may be empty."""
        edges = []
        for axis in range(3):
            first = (centre[axis] - reach[axis] - self.origin[axis]) / self.spacing[axis]
            last = (centre[axis] + reach[axis] - self.origin[axis]) / self.spacing[axis]
            edges.append(slice(max(0, int(np.floor(first))), max(0, min(self.shape[axis], int(np.ceil(last)) + 1))))
        return edges[0], edges[1], edges[2]

    def nearest(self, points: Floats) -> tuple[NDArray[np.intp], ...]:
        """Indices `[n]` along each axis of the voxel nearest to each point `[n, 3]`; outside ones at the border."""
        steps = (points - np.array(self.origin)) / np.array(self.spacing)
        index = np.clip(np.rint(steps), 0, np.array(self.shape) - 1).astype(np.intp)
        return index[:, 0], index[:, 1], index[:, 2]


def soften(inside: Volume, sharpness: float) -> Volume:
    """Share of a voxel that is inside a shape, from a number that is 0 at its border and positive within."""
    return np.asarray(np.clip(inside * np.float32(sharpness) + np.float32(0.5), 0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A ball with three radii (mm); `tilt` turns it in the frontal plane: its x axis falls by that much a mm."""

    centre: Triple
    radii: Triple
    tilt: float = 0.0

    def share(self, grid: Grid, edge: float = 2.0) -> tuple[Box, Volume]:
        """The box of the grid that it touches, and the share of each voxel in it; borders `edge` mm wide."""
        wide = max(self.radii[0], self.radii[2]) if self.tilt else 0.0
        reach = (max(self.radii[0], wide) + edge, self.radii[1] + edge, max(self.radii[2], wide) + edge)
        box = grid.box(self.centre, reach)
        return box, soften(1 - self.distance(grid, box), min(self.radii) / (2 * edge))

    def distance(self, grid: Grid, box: Box) -> Volume:
        """Squared distance from the centre in radii: below 1 is inside."""
        z, y, x = grid.axes(box)
        dz, dy, dx = (a - np.float32(c) for a, c in zip((z, y, x), self.centre, strict=True))
        norm = np.float32((1 + self.tilt**2) ** -0.5)
        along, across = (dx - np.float32(self.tilt) * dz) * norm, (dz + np.float32(self.tilt) * dx) * norm
        rz, ry, rx = (np.float32(r) for r in self.radii)
        frontal = (along / rx) ** 2 + (across / rz) ** 2
        return np.asarray(frontal + (dy / ry) ** 2, np.float32)


def curve(at: Floats, *knots: tuple[float, float]) -> Floats:
    """A piecewise linear function through knots, constant beyond them."""
    return np.interp(at, [x for x, _ in knots], [y for _, y in knots])


def mottle(grid: Grid, lattice: Floats, pitch: float) -> Volume:
    """Smooth noise on a grid: values `[n, n, n]` at points `pitch` mm apart, linear between them."""
    found = lattice.astype(np.float32)
    for axis in range(3):
        place = np.clip((grid.line(axis) + (0 if axis == 0 else FIELD / 2)) / pitch, 0, lattice.shape[axis] - 1.001)
        low = place.astype(np.intp)
        weight = (place - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        near, far = np.take(found, low, axis), np.take(found, low + 1, axis)
        found = near + weight * (far - near)
    return found
