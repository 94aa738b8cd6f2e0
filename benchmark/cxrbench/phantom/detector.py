"""From line integrals to a radiograph: a spectrum of three energies, scatter, quantum noise, the detector's curve.

Attenuation coefficients are those of NIST's tables for water and cortical bone near 50, 70 and 90 keV, rounded.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from cxrbench.phantom.body import Visit
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import Floats

WATER = (0.0227, 0.0193, 0.0177)
"""Attenuation of water per mm at each energy."""
BONE = (1.75, 1.25, 1.05)
"""Attenuation of calcium at 1000 HU above water at each energy, as a multiple of water."""
METAL = (12.0, 6.5, 4.5)
SPECTRUM = (0.30, 0.45, 0.25)
FLOOR, CEILING = 0.95, 4.35
"""Optical densities (negative log of the exposure) that are shown as 0 and 1 at the mean exposure."""


SPREAD = 26.0
"""Millimetres (standard deviation) over which scatter is spread."""


@dataclass(frozen=True, slots=True)
class PathLengths:
    """The materials along each line, float64 `[H, W]`.

    Attributes:
        water: Millimetres of water.
        bone: Millimetres of calcium, per 1000 HU above soft tissue.
        metal: Millimetres of metal.
    """

    water: Floats
    bone: Floats
    metal: Floats


def compute_exposure(paths: PathLengths) -> Floats:
    """Compute the share of the beam that reaches the detector (Beer-Lambert, with beam hardening).

    Args:
        paths: The materials along each line.

    Returns:
        Shares 0-1, `[H, W]`.
    """
    arrived = np.zeros(paths.water.shape)
    for share, water, bone, metal in zip(SPECTRUM, WATER, BONE, METAL, strict=True):
        arrived += share * np.exp(-water * (paths.water + bone * paths.bone + metal * paths.metal))
    return arrived


def expose_radiograph(paths: PathLengths, visit: Visit, field: float) -> Floats:
    """Expose a radiograph: exposure, scatter (more on AP, without a grid), noise, logarithm, sharpening and curve.

    Args:
        paths: The materials along each line.
        visit: Exposure, dose and contrast.
        field: Side of the image in mm.

    Returns:
        `[H, W]` in [0, 1], air dark.
    """
    pixel = field / len(paths.water)
    primary = compute_exposure(paths)
    arrived = (
        primary + (0.36 if visit.view == "AP" else 0.22) * spread_scatter(np.minimum(primary, 0.4), pixel) + 0.0025
    )
    photons = 26000 * visit.dose
    noise = gaussian_filter(RandomStream(visit.seed, 11).normals(arrived.shape), 0.55)
    arrived = np.maximum(arrived + noise * np.sqrt(arrived / photons) * 1.6, 1e-5)
    blurred = gaussian_filter(arrived, 0.45 / pixel)
    density = -np.log(blurred)
    local = density - gaussian_filter(density, 12 / pixel)
    return apply_tone_curve(density + visit.sharpening * local, visit)


def spread_scatter(beam: Floats, pixel: float) -> Floats:
    """Spread the beam over `SPREAD` mm; on a coarser grid, since no fine structure remains.

    Args:
        beam: `[S, S]`.
        pixel: Size of a pixel in mm.

    Returns:
        The scattered beam `[S, S]`.
    """
    fine = len(beam)
    coarse = min(64, fine)
    ends = np.linspace(0, fine, coarse + 1).round().astype(int)[:-1]
    means = np.add.reduceat(np.add.reduceat(beam, ends, 0), ends, 1)
    counts = np.diff([*ends.tolist(), fine])
    spread = gaussian_filter(means / np.outer(counts, counts), SPREAD * coarse / (pixel * fine))
    at = (np.arange(fine) + 0.5) * coarse / fine - 0.5
    low = np.clip(np.floor(at).astype(int), 0, max(coarse - 2, 0))
    weight = np.clip(at - low, 0, 1)
    rows = spread[low] + weight[:, None] * (spread[low + 1] - spread[low])
    return np.asarray(rows[:, low] + weight * (rows[:, low + 1] - rows[:, low]))


def apply_tone_curve(density: Floats, visit: Visit) -> Floats:
    """Apply the detector's curve: linear at medium densities, flatter at both ends.

    Args:
        density: Optical density.
        visit: Exposure and contrast.

    Returns:
        Values in (0, 1).
    """
    middle = (FLOOR + CEILING) / 2 + visit.exposure
    scaled = (density - middle) / (CEILING - FLOOR) * visit.contrast * 3.1
    return 1 / (1 + np.exp(-scaled * 1.25))
