"""Beer-Lambert line integrals through a volume and through strands, with a divergent beam.

The volume is summed over slabs of its depth. Each slab is magnified by its distance from the detector and moved by the
patient's rotation (a shear, which for a few degrees equals a rotation), so that an AP radiograph shows a wider heart.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2
from scipy.ndimage import affine_transform

from cxrbench.phantom.body import Visit
from cxrbench.phantom.space import FIELD, Floats, Volume, VoxelGrid
from cxrbench.phantom.strands import Strands

SLABS = 6
FINE_SLABS = 14
"""Number of slabs for soft tissue, where every edge of a slab would be visible."""
SMALLEST = 0.5
"""Smallest radius in pixels; a thinner tube is drawn with this radius and the same sum of chords."""


@dataclass(frozen=True, slots=True)
class Beam:
    """Source, detector and field.

    Attributes:
        side: Side of the image in pixels.
        source: Distance from source to detector in mm (1800 for PA, 1150 for AP).
        detector: Depth of the detector in mm, negative in front of the patient.
        turn: Rotation of the patient, as in `Visit`.
        tilt: Rotation in the image plane, as in `Visit`.
        shift: Shift of the field, as in `Visit`.
        middle: Height at which the beam is aimed, in mm.
        field: Side of the field on the detector in mm.
    """

    side: int
    source: float
    detector: float
    turn: float = 0.0
    tilt: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    middle: float = FIELD / 2
    field: float = FIELD

    @classmethod
    def for_visit(cls, visit: Visit, side: int) -> "Beam":
        """The beam of a visit.

        Args:
            visit: View, rotation and shift.
            side: Side of the image in pixels.

        Returns:
            The beam.
        """
        front = visit.view == "PA"
        return cls(side, 1800.0 if front else 1150.0, -165.0 if front else 165.0, visit.turn, visit.tilt, visit.shift)

    def magnification(self, y: Floats) -> Floats:
        """The magnification of an object.

        Args:
            y: Depths in mm.

        Returns:
            Size in the image over true size.
        """
        return np.asarray(self.source / (self.source - np.abs(y - self.detector)))

    def project_points(self, points: Floats) -> tuple[Floats, Floats]:
        """Project points onto the image.

        Args:
            points: `[n, 3]` as z, y, x in mm.

        Returns:
            Rows and columns `[n]`, in fractions of pixels; row 0 is at the head.
        """
        grown = self.magnification(points[:, 1])
        z = (points[:, 0] + self.shift[0] - self.middle) * grown
        x = (points[:, 2] + self.shift[1] + self.turn * points[:, 1]) * grown
        z, x = z - self.tilt * x, x + self.tilt * z
        step, norm = self.field / self.side, (1 + self.tilt**2) ** -0.5
        return (self.field / 2 - z * norm) / step - 0.5, (x * norm + self.field / 2) / step - 0.5

    def project_volume(self, grid: VoxelGrid, volume: Volume, slabs: int = SLABS) -> Floats:
        """Integrate a volume along the lines of the beam.

        Args:
            grid: The grid of the volume.
            volume: `[D, H, W]`.
            slabs: Number of slabs that the depth is divided into.

        Returns:
            Line integrals `[side, side]`, in units of the volume times mm.
        """
        total = np.zeros((self.side, self.side))
        for part in np.array_split(np.arange(grid.shape[1]), min(slabs, grid.shape[1])):
            layer = volume[:, part[0] : part[-1] + 1].sum(1, dtype=np.float64)
            if layer.any():
                total += self._project_layer(grid, layer, float(grid.line(1)[part].mean()))
        return self._rotate(total) * grid.spacing[1]

    def _rotate(self, image: Floats) -> Floats:
        """Rotate an image in its plane about its centre, as `project_points` rotates points; its border is repeated."""
        if not self.tilt:
            return image
        norm, middle = (1 + self.tilt**2) ** -0.5, (self.side - 1) / 2
        turn = np.array([[norm, -self.tilt * norm], [self.tilt * norm, norm]])
        offset = middle - middle * turn.sum(1)
        return np.asarray(affine_transform(image, turn, offset, order=1, mode="nearest"))

    def _project_layer(self, grid: VoxelGrid, layer: Floats, y: float) -> Floats:
        """A layer `[D, W]` at depth y, as projected; above and below the grid its first and last rows continue."""
        grown = float(self.magnification(np.array(y)))
        at = (np.arange(self.side) + 0.5) * self.field / self.side - self.field / 2
        z = self.middle - at / grown - self.shift[0]
        x = at / grown - self.shift[1] - self.turn * y
        rows = _make_cubic_weights(np.clip((z - grid.origin[0]) / grid.spacing[0], 0, grid.shape[0] - 1), grid.shape[0])
        columns = _make_cubic_weights((x - grid.origin[2]) / grid.spacing[2], grid.shape[2])
        z_used, x_used = (_find_span(np.asarray(layer.any(axis))) for axis in (1, 0))
        return np.asarray(rows[:, z_used] @ layer[z_used, x_used] @ columns[:, x_used].T)

    def project_strands(self, strands: Strands) -> Floats:
        """Compute the length of each line within tubes.

        Args:
            strands: The tubes.

        Returns:
            Millimetres, `[side, side]`.
        """
        if not len(strands.length):
            return np.zeros((self.side, self.side))
        pixel, padded = self.field / self.side, self.side + self.side // 4
        grown = self.magnification(strands.points[:, 1])
        size = np.rint(np.log(np.maximum(strands.radius * grown / pixel, SMALLEST)) * 5).astype(int)
        waves = np.zeros((padded, padded // 2 + 1), np.complex128)
        for number in np.unique(size).tolist():
            chosen, radius = size == number, float(np.exp(number / 5))
            part = Strands(strands.points[chosen], strands.length[chosen], strands.radius[chosen])
            weight = part.length * (part.radius * grown[chosen] / (radius * pixel)) ** 2
            waves += rfft2(self._spread_weights(part, weight), (padded, padded)) * _transform_disc(radius, padded)
        return np.asarray(irfft2(waves, (padded, padded))[: self.side, : self.side])

    def _spread_weights(self, strands: Strands, weight: Floats) -> Floats:
        """Weights distributed over the four pixels around each point."""
        rows, columns = self.project_points(strands.points)
        low_r, low_c = np.floor(rows).astype(int), np.floor(columns).astype(int)
        marks = np.zeros(self.side * self.side)
        for dr in (0, 1):
            for dc in (0, 1):
                r, c = low_r + dr, low_c + dc
                inside = (r >= 0) & (r < self.side) & (c >= 0) & (c < self.side)
                share = weight * (1 - np.abs(rows - r)) * (1 - np.abs(columns - c))
                marks += np.bincount((r * self.side + c)[inside], share[inside], len(marks))
        return marks.reshape(self.side, self.side)


def _find_span(used: NDArray[np.bool_]) -> slice:
    """From the first to the last True."""
    places = np.flatnonzero(used)
    return slice(int(places[0]), int(places[-1]) + 1)


def _make_cubic_weights(at: Floats, count: int) -> Floats:
    """Cubic interpolation (Catmull-Rom) as a matrix `[len(at), count]`; zero outside, its border repeated."""
    low = np.floor(at).astype(int)
    t = at - low
    parts = (
        ((-t + 2) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((-3 * t + 4) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    inside = (at > -0.5) & (at < count - 0.5)
    first = np.arange(len(at)) * count
    places = np.concatenate([first + np.clip(low + offset, 0, count - 1) for offset in (-1, 0, 1, 2)])
    weights = np.concatenate([part * inside for part in parts])
    return np.asarray(np.bincount(places, weights, len(at) * count).reshape(len(at), count), np.float64)


def _make_disc(radius: float) -> Floats:
    """The share of each pixel that a disc (radius in pixels) covers; the sum equals the disc's area."""
    reach = int(np.ceil(radius + 0.5))
    fine = (np.arange((2 * reach + 1) * 7) + 0.5) / 7 - reach - 0.5
    inside = (fine[:, None] ** 2 + fine[None, :] ** 2 < radius**2).astype(np.float64)
    shares = inside.reshape(2 * reach + 1, 7, 2 * reach + 1, 7).mean((1, 3))
    shares[reach, reach] += 1e-9
    return np.asarray(shares * (np.pi * radius**2 / shares.sum()))


@lru_cache(maxsize=64)
def _transform_disc(radius: float, side: int) -> NDArray[np.complex128]:
    """The Fourier transform of a disc around the first pixel, wrapped at the borders."""
    disc = _make_disc(radius)
    plane = np.zeros((side, side))
    plane[: len(disc), : len(disc)] = disc
    return np.asarray(rfft2(np.roll(plane, -(len(disc) // 2), (0, 1))), np.complex128)
