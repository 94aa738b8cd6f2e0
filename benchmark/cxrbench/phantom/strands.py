"""Thin structures as strands: points along centre lines, each standing for a piece of a round tube.

Vessels, airways, ribs and wires are thinner than a voxel, so they are not drawn on the grid of the soft thorax. A piece
adds its volume to the voxels of a CT, and its chord to the lines of a radiograph (the volume exact, the chord
within a tenth, since radii are put into classes).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from cxrbench.phantom.space import Floats, Grid, Volume

THICK = (5.7, 12.0)
"""Radii in mm above which a tube is thick, and very thick."""
BALLS = (
    np.array([(0, 0, 0), *product((-1, 1), repeat=3)]) * 0.55,
    *(
        np.array([one for one in product(range(-n, n + 1), repeat=3) if np.dot(one, one) < (n + 0.5) ** 2]) / (n + 0.5)
        for n in (4, 9)
    ),
)
"""Where in a ball of radius 1 the parts of a thin, a thick and a very thick tube's piece are put."""


@dataclass(frozen=True, slots=True)
class Strands:
    """Pieces of tubes: centres `[n, 3]` (z, y, x in mm), lengths `[n]` and radii `[n]` in mm."""

    points: Floats
    length: Floats
    radius: Floats

    @classmethod
    def along(cls, line: Floats, radius: float | Floats, step: float = 1.0) -> "Strands":
        """A tube along a polyline `[n, 3]`; the radius is one, or one a corner."""
        spans = np.sqrt(((line[1:] - line[:-1]) ** 2).sum(1))
        reached = np.concatenate([[0.0], np.cumsum(spans)])
        count = max(2, int(reached[-1] / step) + 1)
        at = (np.arange(count) + 0.5) * (reached[-1] / count)
        points = np.stack([np.interp(at, reached, line[:, axis]) for axis in range(3)], 1)
        radii = np.interp(at, reached, np.broadcast_to(radius, (len(line),)))
        return cls(points, np.full(count, reached[-1] / count), radii)

    @classmethod
    def straight(cls, starts: Floats, ends: Floats, radii: Floats, step: float = 1.0) -> "Strands":
        """Many straight tubes, one after the other: ends `[n, 3]`, radii `[n, 2]`; to the bit what `along` makes."""
        spans = np.sqrt(((ends - starts) ** 2).sum(1))
        counts = np.maximum(2, (spans / step).astype(int) + 1)
        tube = np.repeat(np.arange(len(spans)), counts)
        piece = np.arange(len(tube)) - (np.cumsum(counts) - counts)[tube]
        lengths = (spans / counts)[tube]
        at = (piece + 0.5) * lengths
        points = ((ends - starts) / spans[:, None])[tube] * at[:, None] + starts[tube]
        return cls(points, lengths, ((radii[:, 1] - radii[:, 0]) / spans)[tube] * at + radii[tube, 0])

    @classmethod
    def joined(cls, parts: Iterable["Strands"]) -> "Strands":
        """Several strands as one."""
        found = list(parts) or [cls(np.zeros((0, 3)), np.zeros(0), np.zeros(0))]
        arrays = ([getattr(part, name) for part in found] for name in cls.__slots__)
        return cls(*(np.concatenate(one) for one in arrays))

    def chosen(self, keep: Floats) -> "Strands":
        """The pieces where `keep` `[n]` is above 0, their lengths weighted by it."""
        there = keep > 0
        return Strands(self.points[there], self.length[there] * keep[there], self.radius[there])

    def times(self, factor: float) -> "Strands":
        """The same tubes, each piece counted `factor` times; below 0 takes away."""
        return Strands(self.points, self.length * factor, self.radius)

    def filling(self, grid: Grid) -> Volume:
        """The share of each voxel that the tubes fill, at most 1; each piece is spread over a ball of its radius."""
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


def smooth(corners: Sequence[Sequence[float]], pieces: int = 8) -> Floats:
    """A polyline through corners `[n, 3]`, rounded by cutting each corner twice."""
    line = np.array(corners, np.float64)
    for _ in range(2 if pieces > 1 else 0):
        cut = np.empty((2 * len(line) - 2, 3))
        cut[0::2], cut[1::2] = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        line = np.concatenate([line[:1], cut, line[-1:]])
    return line
