"""What ails a patient: lesions of COVID-19 that grow and resolve from study to study, or another disease.

A lesion keeps its place in the patient's lung; the severity of a study decides which lesions are there, how large and
how dense. Lesions prefer the lung's periphery, back and base, and both lungs, as reported for COVID-19.
"""

from dataclasses import dataclass
from typing import Literal

from cxrbench.case import Category
from cxrbench.phantom.draw import Draw

Kind = Literal["ground glass", "crazy paving", "consolidation"]
Confounder = Literal["nodule", "effusion", "lobar", "atelectasis", "oedema"]
CONFOUNDERS: tuple[Confounder, ...] = ("nodule", "effusion", "lobar", "atelectasis", "oedema")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """One lesion: its place in the lung (0 base to 1 apex; degrees from the side to the back; share of the way out).

    `onset` is the severity from which it is there, `size` its radius in mm at first growth.
    """

    side: Literal[-1, 1]
    height: float
    angle: float
    depth: float
    onset: float
    size: float
    flat: float
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """A patient's disease: category, the lesions that COVID-19 may bring, or the other disease."""

    category: Category
    confounder: Confounder | None
    lesions: tuple[Lesion, ...]
    peak: float

    @classmethod
    def drawn(cls, seed: int) -> "Disease":
        """The disease of a patient; `seed` names the patient."""
        draw = Draw(seed, 7)
        lot = draw.unit()
        if lot >= 0.60:
            category: Category = "other" if lot < 0.82 else "healthy"
            chosen = CONFOUNDERS[draw.index(len(CONFOUNDERS))] if category == "other" else None
            return cls(category=category, confounder=chosen, lesions=(), peak=0.0)
        peak = 0.07 + 1.6 * draw.unit() ** 1.9
        bias = draw.normal(0.22)
        lesions = tuple(_lesion(draw, number, bias) for number in range(44))
        return cls(category="covid", confounder=None, lesions=lesions, peak=peak)


def _lesion(draw: Draw, number: int, bias: float) -> Lesion:
    low, back = draw.unit(), draw.unit()
    lot = draw.unit()
    kind: Kind = "consolidation" if lot < 0.30 else "crazy paving" if lot < 0.5 else "ground glass"
    return Lesion(
        side=-1 if draw.unit() + bias < 0.5 else 1,
        height=0.04 + 0.86 * low**1.5,
        angle=95 * back - 35,
        depth=1 - 0.5 * draw.unit() ** 2,
        onset=0.03 + 0.019 * number * draw.between(0.85, 1.15),
        size=draw.between(24, 58),
        flat=draw.between(0.6, 1.0),
        kind=kind,
    )


def severity(peak: float, day: float, turning: float) -> float:
    """Severity (0, and up to 1.67) on a day: up to its peak on the day `turning`, then slowly down to a third of it."""
    up = (day + 4) / (turning + 4)
    down = 1 - 0.067 * (day - turning)
    return peak * max(0.0, min(up, 1.0)) if day <= turning else peak * max(0.33, down)
