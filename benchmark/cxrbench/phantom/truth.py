"""The rules of the ground truth: from the masks of a study to every score of the benchmark. One rule, one function.

Only lesions of COVID-19 count; nodule, effusion, lobar consolidation, atelectasis and oedema never do. Lesions are
measured on the CT's masks: label 1 ground glass, 2 consolidation, within lungs 1 (right) and 2 (left). Each lung is
divided into thirds of its height, zones A-C from the top on the right and D-F on the left.

- Affected fraction: lesion voxels over lung voxels, of a lung or a zone.
- Density of a zone: (ground glass + 2 consolidation) / (2 lesion), 0.5 to 1.
- Brixia score of a zone: 0 below 5 % affected; else 1; 2 from 25 % or a density of 0.65; 3 with both, or from 60 %.
- T score and zone severity: the zones with a Brixia score of at least 1.
- Extent 0-8, summed over lungs: 0 below 1 % affected, 1 below 25 %, 2 below 50 %, 3 below 75 %, else 4.
- Opacity 0-6, summed over lungs: 0 where the extent is 0; else 1; 2 from a density of 0.6; 3 from 0.8.
- CT grade 0-4 by the larger affected fraction (MosMed): 0 below 1 %, 1 to 25 %, 2 to 50 %, 3 to 75 %, 4 above.
- Outcome: probability of ICU and of death, logistic in the patient's largest affected fraction and in age.
"""

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Zones

Mask = NDArray[np.uint8]
ZONE_AFFECTED, ZONE_WIDE, ZONE_MOST, ZONE_DENSE = 0.05, 0.25, 0.60, 0.65
LEAST, QUARTERS = 0.01, (0.25, 0.50, 0.75)
LUNG_DENSER, LUNG_DENSE = 0.60, 0.80


@dataclass(frozen=True, slots=True)
class VoxelCounts:
    """Voxel counts of a lung or a zone.

    Attributes:
        lung: Voxels of lung, with lesions.
        glass: Voxels of ground glass.
        solid: Voxels of consolidation.
    """

    lung: int
    glass: int
    solid: int

    @property
    def affected(self) -> float:
        """Affected fraction 0-1; 0 where there is no lung."""
        return (self.glass + self.solid) / self.lung if self.lung else 0.0

    @property
    def density(self) -> float:
        """From 0.5 (all ground glass) to 1 (all consolidation); 0 without lesions."""
        lesion = self.glass + self.solid
        return (self.glass + 2 * self.solid) / (2 * lesion) if lesion else 0.0


@dataclass(frozen=True, slots=True)
class Truth:
    """The ground truth of one study, from its masks.

    Attributes:
        zones: Voxel counts of the zones A to F.
        lungs: Voxel counts of the right and the left lung.
    """

    zones: tuple[VoxelCounts, ...]
    lungs: tuple[VoxelCounts, VoxelCounts]

    @property
    def brixia(self) -> Zones:
        """Six zone scores 0-3."""
        a, b, c, d, e, f = (score_zone(zone.affected, zone.density) for zone in self.zones)
        return a, b, c, d, e, f

    @property
    def fractions(self) -> dict[str, float]:
        """Affected fraction of each lung, and the larger of the two."""
        right, left = (lung.affected for lung in self.lungs)
        return {"right": right, "left": left, "larger": max(right, left)}

    @property
    def extent(self) -> float:
        """Geographic extent 0-8."""
        return float(sum(score_lung_extent(lung.affected) for lung in self.lungs))

    @property
    def opacity(self) -> float:
        """Opacity 0-6."""
        return float(sum(score_lung_opacity(lung.affected, lung.density) for lung in self.lungs))

    @property
    def ct_grade(self) -> int:
        """CT grade 0-4."""
        return grade_ct(self.fractions["larger"])


def measure_truth(lungs: Mask, lesions: Mask) -> Truth:
    """Measure the ground truth on the masks of a study.

    Args:
        lungs: `[D, H, W]`, 1 right and 2 left, slices from feet to head.
        lesions: `[D, H, W]`, 1 ground glass and 2 consolidation.

    Returns:
        The ground truth.
    """
    sides = [lungs == value for value in (1, 2)]
    zones = [_count_voxels(side, lesions, part) for side in sides for part in _cut_thirds(side)]
    right, left = (_count_voxels(side, lesions, slice(None)) for side in sides)
    return Truth(tuple(zones), (right, left))


def _count_voxels(side: NDArray[np.bool_], lesions: Mask, part: slice) -> VoxelCounts:
    inside = lesions[part][side[part]]
    return VoxelCounts(len(inside), int((inside == 1).sum()), int((inside == 2).sum()))


def _cut_thirds(side: NDArray[np.bool_]) -> list[slice]:
    """Slices of the upper, middle and lower third of a lung's height."""
    rows = np.flatnonzero(side.any((1, 2)))
    if not len(rows):
        return [slice(0, 0)] * 3
    low, high = int(rows[0]), int(rows[-1]) + 1
    cuts = [low + (high - low) * i // 3 for i in range(4)]
    return [slice(cuts[i], cuts[i + 1]) for i in (2, 1, 0)]


def score_zone(affected: float, density: float) -> int:
    """Brixia score of a zone.

    Args:
        affected: Affected fraction, 0-1.
        density: 0.5 (ground glass) to 1 (consolidation).

    Returns:
        0-3.

    Example:
        >>> [score_zone(0.04, 1.0), score_zone(0.05, 0.5), score_zone(0.25, 0.5), score_zone(0.25, 0.65)]
        [0, 1, 2, 3]
    """
    if affected < ZONE_AFFECTED:
        return 0
    wide, dense = affected >= ZONE_WIDE, density >= ZONE_DENSE
    return 3 if (wide and dense) or affected >= ZONE_MOST else 1 + (wide or dense)


def score_lung_extent(affected: float) -> int:
    """Geographic extent of a lung.

    Args:
        affected: Affected fraction, 0-1.

    Returns:
        0-4.

    Example:
        >>> [score_lung_extent(fraction) for fraction in (0.0, 0.1, 0.3, 0.6, 0.9)]
        [0, 1, 2, 3, 4]
    """
    return 0 if affected < LEAST else 1 + sum(affected >= border for border in QUARTERS)


def score_lung_opacity(affected: float, density: float) -> int:
    """Opacity of a lung.

    Args:
        affected: Affected fraction, 0-1.
        density: 0.5 (ground glass) to 1 (consolidation).

    Returns:
        0-3.

    Example:
        >>> [score_lung_opacity(0.1, density) for density in (0.5, 0.6, 0.8)]
        [1, 2, 3]
    """
    return 0 if affected < LEAST else 1 + (density >= LUNG_DENSER) + (density >= LUNG_DENSE)


def grade_ct(larger: float) -> int:
    """CT grade from the affected fraction of the worse lung; 25 % is still grade 1.

    Args:
        larger: Larger affected fraction, 0-1.

    Returns:
        0-4.

    Example:
        >>> [grade_ct(fraction) for fraction in (0.0, 0.25, 0.26, 0.6, 0.9)]
        [0, 1, 2, 3, 4]
    """
    return 0 if larger < LEAST else 1 + sum(larger > border for border in QUARTERS)


def compute_outcome_chances(worst: float, age: int) -> tuple[float, float]:
    """Compute the probabilities of the outcome.

    Args:
        worst: Largest affected fraction of the patient's studies, 0-1.
        age: Age in years.

    Returns:
        Probability of intensive care, and of death given intensive care.
    """
    icu = 1 / (1 + exp(3.6 - 6.5 * worst - 0.045 * (age - 55)))
    return icu, 1 / (1 + exp(0.8 - 2.5 * worst - 0.06 * (age - 60)))
