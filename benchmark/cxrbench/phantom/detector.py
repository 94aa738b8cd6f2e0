"""From line integrals to a film: a spectrum of three energies, scatter, quantum noise, and the detector's curve.

Attenuation coefficients are those of NIST's tables for water and cortical bone near 50, 70 and 90 keV, rounded.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from cxrbench.phantom.body import Visit
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.space import Floats

WATER = (0.0227, 0.0193, 0.0177)
"""Attenuation of water, a mm, at each energy."""
BONE = (1.75, 1.25, 1.05)
"""What 1000 HU above water of calcium attenuate at each energy, as a multiple of water."""
METAL = (12.0, 6.5, 4.5)
SPECTRUM = (0.30, 0.45, 0.25)
FLOOR, CEILING = 0.95, 4.35
"""Optical densities (negative log of the exposure) that are shown as 0 and 1 at the mean exposure."""


SPREAD = 26.0
"""Millimetres (standard deviation) over which scatter is spread."""


@dataclass(frozen=True, slots=True)
class Paths:
    """What a line crosses: mm of water, mm of calcium (per 1000 HU above soft tissue) and mm of metal, `[H, W]`."""

    water: Floats
    bone: Floats
    metal: Floats


def exposure(paths: Paths) -> Floats:
    """The share of the beam that arrives, after hardening."""
    arrived = np.zeros(paths.water.shape)
    for share, water, bone, metal in zip(SPECTRUM, WATER, BONE, METAL, strict=True):
        arrived += share * np.exp(-water * (paths.water + bone * paths.bone + metal * paths.metal))
    return arrived


def film(paths: Paths, visit: Visit, field: float) -> Floats:
    """The film `[H, W]` in [0, 1], air dark: exposure, scatter (more without a grid, on AP), noise, log and curve."""
    pixel = field / len(paths.water)
    primary = exposure(paths)
    arrived = primary + (0.36 if visit.view == "AP" else 0.22) * scattered(np.minimum(primary, 0.4), pixel) + 0.0025
    photons = 26000 * visit.dose
    noise = gaussian_filter(Draw(visit.seed, 11).normals(arrived.shape), 0.55)
    arrived = np.maximum(arrived + noise * np.sqrt(arrived / photons) * 1.6, 1e-5)
    blurred = gaussian_filter(arrived, 0.45 / pixel)
    density = -np.log(blurred)
    local = density - gaussian_filter(density, 12 / pixel)
    return tone(density + visit.sharpening * local, visit)


def scattered(beam: Floats, pixel: float) -> Floats:
    """The beam `[S, S]` spread over `SPREAD` mm: on a coarser grid, since nothing fine is left of it."""
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


def tone(density: Floats, visit: Visit) -> Floats:
    """The detector's curve: linear in the middle of the densities, flatter at both ends."""
    middle = (FLOOR + CEILING) / 2 + visit.exposure
    scaled = (density - middle) / (CEILING - FLOOR) * visit.contrast * 3.1
    return 1 / (1 + np.exp(-scaled * 1.25))
