"""Thin structures as strands: points along centre lines, each representing a piece of a round tube.

Vessels, airways, ribs and wires are thinner than a voxel, so they are not drawn on the grid of the soft tissues. A
piece adds its volume to the voxels of a CT, and its chord to the lines of a radiograph (the volume exactly, the chord
within a tenth, since radii are grouped into classes).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from cxrbench.phantom.space import Floats, Volume, VoxelGrid

THICK = (5.7, 12.0)
"""Radii in mm above which a tube is thick, and very thick."""
BALLS = (
    np.array([(0, 0, 0), *product((-1, 1), repeat=3)]) * 0.55,
    *(
        np.array([at for at in product(range(-n, n + 1), repeat=3) if np.dot(at, at) < (n + 0.5) ** 2]) / (n + 0.5)
        for n in (4, 9)
    ),
)
"""Positions in a ball of radius 1 over which a piece is spread: of a thin, a thick and a very thick tube."""


@dataclass(frozen=True, slots=True)
class Strands:
    """Pieces of tubes.

    Attributes:
        points: Centres `[n, 3]` as z, y, x in mm.
        length: Lengths `[n]` in mm.
        radius: Radii `[n]` in mm.
    """

    points: Floats
    length: Floats
    radius: Floats

    @classmethod
    def along(cls, line: Floats, radius: float | Floats, step: float = 1.0) -> "Strands":
        """A tube along a polyline.

        Args:
            line: Corners `[n, 3]` in mm.
            radius: Radius in mm, one for all or one per corner.
            step: Length of a piece in mm.

        Returns:
            Its pieces.
        """
        spans = np.sqrt(((line[1:] - line[:-1]) ** 2).sum(1))
        reached = np.concatenate([[0.0], np.cumsum(spans)])
        count = max(2, int(reached[-1] / step) + 1)
        at = (np.arange(count) + 0.5) * (reached[-1] / count)
        points = np.stack([np.interp(at, reached, line[:, axis]) for axis in range(3)], 1)
        radii = np.interp(at, reached, np.broadcast_to(radius, (len(line),)))
        return cls(points, np.full(count, reached[-1] / count), radii)

    @classmethod
    def straight(cls, starts: Floats, ends: Floats, radii: Floats, step: float = 1.0) -> "Strands":
        """Many straight tubes, one after the other; identical to the bit to `along`.

        Args:
            starts: `[n, 3]` in mm.
            ends: `[n, 3]` in mm.
            radii: Radii at both ends `[n, 2]` in mm.
            step: Length of a piece in mm.

        Returns:
            Their pieces.
        """
        spans = np.sqrt(((ends - starts) ** 2).sum(1))
        counts = np.maximum(2, (spans / step).astype(int) + 1)
        tube = np.repeat(np.arange(len(spans)), counts)
        piece = np.arange(len(tube)) - (np.cumsum(counts) - counts)[tube]
        lengths = (spans / counts)[tube]
        at = (piece + 0.5) * lengths
        points = ((ends - starts) / spans[:, None])[tube] * at[:, None] + starts[tube]
        return cls(points, lengths, ((radii[:, 1] - radii[:, 0]) / spans)[tube] * at + radii[tube, 0])

    @classmethod
    def join(cls, parts: Iterable["Strands"]) -> "Strands":
        """Join several strands.

        Args:
            parts: The strands; there may be none.

        Returns:
            All pieces.
        """
        several = list(parts) or [cls(np.zeros((0, 3)), np.zeros(0), np.zeros(0))]
        arrays = ([getattr(part, name) for part in several] for name in cls.__slots__)
        return cls(*(np.concatenate(column) for column in arrays))

    def select(self, keep: Floats) -> "Strands":
        """Select pieces.

        Args:
            keep: Weights `[n]`.

        Returns:
            The pieces of positive weight, their lengths multiplied by it.
        """
        there = keep > 0
        return Strands(self.points[there], self.length[there] * keep[there], self.radius[there])

    def scale(self, factor: float) -> "Strands":
        """Count each piece several times.

        Args:
            factor: How often; negative subtracts.

        Returns:
            The same tubes with scaled lengths.
        """
        return Strands(self.points, self.length * factor, self.radius)

    def fill_grid(self, grid: VoxelGrid) -> Volume:
        """Compute the share of each voxel inside the tubes; each piece is spread over a ball of its radius.

        Args:
            grid: The grid.

        Returns:
            Shares in [0, 1], float32 `[D, H, W]`.
        """
        flats, weights = [], []
        size = np.searchsorted(THICK, self.radius)
        for number, spread in enumerate(BALLS):
            chosen = size == number
            points, radius = self.points[chosen], self.radius[chosen]
            volume = np.pi * radius**2 * self.length[chosen] / (len(spread) * np.prod(grid.spacing))
            places = points[:, None] + spread * radius[:, None, None]
            z, y, x = grid.nearest(places.reshape(-1, 3))
            flats.append((z * grid.shape[1] + y) * grid.shape[2] + x)
            weights.append(np.repeat(volume, len(spread)))
        total = np.bincount(np.concatenate(flats), np.concatenate(weights), int(np.prod(grid.shape)))
        return np.minimum(total, 1).reshape(grid.shape).astype(np.float32)


def smooth_line(corners: Sequence[Sequence[float]]) -> Floats:
    """Round a polyline by cutting each corner twice.

    Args:
        corners: `[n, 3]` in mm.

    Returns:
        The corners of the rounded line `[m, 3]`.
    """
    line = np.array(corners, np.float64)
    for _ in range(2):
        cut = np.empty((2 * len(line) - 2, 3))
        cut[0::2], cut[1::2] = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        line = np.concatenate([line[:1], cut, line[-1:]])
    return line
