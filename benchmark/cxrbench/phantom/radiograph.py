"""Phantom version 0: 60 drawn radiographs of 40 patients, with a Brixia score by a stated rule.

Each zone of each lung has an opacity `d` in [0, 1], the share of aerated lung that is lost there. The rule:

    zone score = 0 if d < 0.10, 1 if d < 0.35, 2 if d < 0.65, else 3.

The picture is `1 - exp(-thickness)` of a body, two lungs, spine, ribs and heart; opacity refills a lung zone with
soft tissue, blotch by blotch. It resembles a chest film in layout only: a test bed, not a patient.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cxrbench.case import Zones

VERSION = 0
COUNT, PATIENTS = 60, 40
SIDE = 256
BORDERS = (0.10, 0.35, 0.65)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PhantomCase:
    """One drawn radiograph: pixels float32 `[256, 256]` in [0, 1], zone opacities `[6]` and the score they give."""

    id: str
    patient: str
    opacity: tuple[float, ...]
    brixia: Zones
    lung_mask: NDArray[np.uint8]
    pixels: NDArray[np.float32]


@cache
def phantom(seed: int = 2020) -> tuple[PhantomCase, ...]:
    """All 60 cases, drawn from one seed: 20 patients with one study, 20 with two."""
    patients = [f"phantom-{i:03d}" for i in range(PATIENTS)]
    owners = sorted(patients + patients[: COUNT - PATIENTS])
    rng = np.random.default_rng(seed)
    bodies = {patient: _Body.drawn(rng) for patient in patients}
    return tuple(_study(rng, f"study-{i:03d}", owner, bodies[owner]) for i, owner in enumerate(owners))


@dataclass(frozen=True, slots=True)
class _Body:
    """What stays the same between two films of one patient."""

    width: float
    height: float
    heart: float
    severity: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "_Body":
        return cls(rng.uniform(0.9, 1.1), rng.uniform(0.9, 1.1), rng.uniform(0.8, 1.2), rng.beta(1.2, 1.6))


def zone_score(opacity: float) -> int:
    """The stated rule: 0-3 from the share of aerated lung that is lost."""
    return int(np.digitize(opacity, BORDERS))


def _study(rng: np.random.Generator, name: str, patient: str, body: _Body) -> PhantomCase:
    level = np.clip(body.severity + rng.normal(0, 0.15), 0, 1)
    tilt = np.array([-0.15, 0.0, 0.15] * 2)
    opacity = np.clip(level + tilt + rng.normal(0, 0.18, 6), 0, 0.95).round(4)
    y, x = (np.indices((SIDE, SIDE)) / (SIDE - 1) - 0.5) * 2
    y, x = y + rng.normal(0, 0.02), x + rng.normal(0, 0.02)
    mask = _lungs(y, x, body)
    thickness = _chest(y, x, body) - 1.5 * (mask > 0) * (1 - _filled(rng, mask, opacity))
    film = 1 - np.exp(-np.clip(gaussian_filter(thickness, 1.5), 0, None))
    film = np.clip(film + rng.normal(0, 0.015, film.shape), 0, 1).astype(np.float32)
    a, b, c, d, e, f = (zone_score(float(value)) for value in opacity)
    return PhantomCase(name, patient, tuple(opacity.tolist()), (a, b, c, d, e, f), mask, film)


def _ellipse(y: Floats, x: Floats, centre: tuple[float, float], half: tuple[float, float]) -> Floats:
    """Squared distance from a centre in units of the half axes: below 1 is inside."""
    return np.asarray(((y - centre[0]) / half[0]) ** 2 + ((x - centre[1]) / half[1]) ** 2)


def _lungs(y: Floats, x: Floats, body: _Body) -> NDArray[np.uint8]:
    """0 background, 1 the patient's right lung (image-left), 2 the left; the heart and diaphragm cut out."""
    right = _ellipse(y, x, (-0.05, -0.40 * body.width), (0.68 * body.height, 0.30 * body.width)) < 1
    left = _ellipse(y, x, (-0.05, 0.40 * body.width), (0.68 * body.height, 0.28 * body.width)) < 1
    heart = _ellipse(y, x, (0.30, 0.14), (0.32 * body.heart, 0.26 * body.heart)) < 1
    dome = y > 0.50 * body.height - 0.25 * np.exp(-(((abs(x) - 0.4) / 0.3) ** 2))
    mask = np.where(right, 1, np.where(left & ~heart, 2, 0))
    return np.where(dome, 0, mask).astype(np.uint8)


def _filled(rng: np.random.Generator, mask: NDArray[np.uint8], opacity: Floats) -> Floats:
    """Share of tissue at each pixel: blotches whose mean over a zone is the zone's opacity."""
    noise = gaussian_filter(rng.normal(size=mask.shape), 9)
    share = np.zeros(mask.shape)
    for side in (1, 2):
        rows = np.flatnonzero((mask == side).any(1))
        third = np.clip((np.arange(SIDE) - rows[0]) * 3 // (rows[-1] - rows[0] + 1), 0, 2)
        for level in range(3):
            zone = (mask == side) & (third == level)[:, None]
            cut = np.quantile(noise[zone], 1 - opacity[(side - 1) * 3 + level])
            share[zone] = noise[zone] > cut
    return np.asarray(gaussian_filter(share, 2) * (mask > 0))


def _chest(y: Floats, x: Floats, body: _Body) -> Floats:
    """Thickness of soft tissue and bone along the beam, in optical depths."""
    torso = 2.2 * np.clip(1 - _ellipse(y, x, (0.1, 0), (1.3, 0.92 * body.width)) ** 2, 0, None)
    spine = 0.9 * (abs(x) < 0.09) * (0.9 + 0.1 * np.sign(np.sin(26 * y)))
    arcs = np.sin(20 * (y + 0.35 * x**2 * np.sign(-y + 2)) + 1.0)
    ribs = 0.25 * (arcs > 0.55) * (abs(x) > 0.10) * (abs(x) < 0.80 * body.width) * (y < 0.55)
    clavicles = 0.35 * (abs(y + 0.62 - 0.25 * abs(x)) < 0.03) * (abs(x) < 0.75)
    return np.asarray(torso + spine + ribs + clavicles)
