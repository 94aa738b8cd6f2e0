"""The disease of a patient: lesions of COVID-19 that grow and resolve between studies, or another disease.

A lesion has a fixed position in the patient's lung; the severity of a study determines which lesions are present, their
size and their density. Lesions are more frequent in the periphery, the posterior and the lower lung, and in both
lungs, as reported for COVID-19.
"""

from dataclasses import dataclass
from typing import Literal

from cxrbench.case import Category
from cxrbench.phantom.draw import RandomStream

LesionKind = Literal["ground glass", "crazy paving", "consolidation"]
Confounder = Literal["nodule", "effusion", "lobar", "atelectasis", "oedema"]
CONFOUNDERS: tuple[Confounder, ...] = ("nodule", "effusion", "lobar", "atelectasis", "oedema")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """One lesion.

    Attributes:
        side: -1 right lung, 1 left lung.
        height: Position from the base (0) to the apex (1).
        angle: Degrees from lateral to posterior.
        depth: Share of the distance from the centre of the lung to the chest wall.
        onset: Severity from which it is present.
        size: Radius in mm at first growth.
        flat: Ratio of its depth to its height.
        kind: Ground glass, crazy paving or consolidation.
    """

    side: Literal[-1, 1]
    height: float
    angle: float
    depth: float
    onset: float
    size: float
    flat: float
    kind: LesionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """The disease of a patient.

    Attributes:
        category: "covid", "other" or "healthy".
        confounder: The other disease, if any.
        lesions: The lesions that COVID-19 may cause.
        peak: Severity at the worst day.
    """

    category: Category
    confounder: Confounder | None
    lesions: tuple[Lesion, ...]
    peak: float

    @classmethod
    def sample(cls, seed: int) -> "Disease":
        """Sample the disease of a patient.

        Args:
            seed: Seed of the patient.

        Returns:
            The disease.
        """
        draw = RandomStream(seed, 7)
        lot = draw.uniform()
        if lot >= 0.60:
            category: Category = "other" if lot < 0.82 else "healthy"
            chosen = CONFOUNDERS[draw.index(len(CONFOUNDERS))] if category == "other" else None
            return cls(category=category, confounder=chosen, lesions=(), peak=0.0)
        peak = 0.07 + 1.6 * draw.uniform() ** 1.9
        bias = draw.normal(0.22)
        lesions = tuple(_draw_lesion(draw, number, bias) for number in range(44))
        return cls(category="covid", confounder=None, lesions=lesions, peak=peak)


def _draw_lesion(draw: RandomStream, number: int, bias: float) -> Lesion:
    low, back = draw.uniform(), draw.uniform()
    lot = draw.uniform()
    kind: LesionKind = "consolidation" if lot < 0.30 else "crazy paving" if lot < 0.5 else "ground glass"
    return Lesion(
        side=-1 if draw.uniform() + bias < 0.5 else 1,
        height=0.04 + 0.86 * low**1.5,
        angle=95 * back - 35,
        depth=1 - 0.5 * draw.uniform() ** 2,
        onset=0.03 + 0.019 * number * draw.between(0.85, 1.15),
        size=draw.between(24, 58),
        flat=draw.between(0.6, 1.0),
        kind=kind,
    )


def compute_severity(peak: float, day: float, turning: float) -> float:
    """Compute the severity of COVID-19 on a day: a rise to the peak, then a slow fall to a third of it.

    Args:
        peak: Severity at the worst day.
        day: Days since the onset.
        turning: The worst day.

    Returns:
        Severity, 0 to 1.67.

    Example:
        >>> compute_severity(1.0, 8, 8), compute_severity(1.0, 100, 8)
        (1.0, 0.33)
    """
    up = (day + 4) / (turning + 4)
    down = 1 - 0.067 * (day - turning)
    return peak * max(0.0, min(up, 1.0)) if day <= turning else peak * max(0.33, down)
