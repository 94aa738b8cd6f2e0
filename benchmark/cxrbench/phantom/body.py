"""What makes one patient's body differ from another's, and one visit from another; drawn, never from an image."""

from dataclasses import dataclass
from typing import Literal

from cxrbench.phantom.draw import Draw

View = Literal["PA", "AP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Anatomy that stays: scales are about 1, `fat` is the layer below the skin in mm, `heart` scales its width.

    `bend` is how far (mm) the spine swings sideways, to the left at mid-height where positive.
    """

    seed: int
    sex: Literal["F", "M"]
    age: int
    width: float
    depth: float
    height: float
    fat: float
    heart: float
    slope: float
    breast: float
    kyphosis: float
    bend: float

    @classmethod
    def drawn(cls, seed: int) -> "Body":
        """The body of a patient; `seed` names the patient."""
        draw = Draw(seed, 1)
        female = draw.chance(0.45)
        size = draw.normal(0.03) - (0.03 if female else -0.02)
        weight = draw.unit()
        return cls(
            seed=seed,
            sex="F" if female else "M",
            age=min(92, max(19, round(57 + draw.normal(16)))),
            width=0.98 + size + draw.normal(0.02) + 0.03 * weight,
            depth=0.97 + size + draw.normal(0.03) + 0.06 * weight,
            height=0.99 + size + draw.normal(0.025) - 0.03 * weight,
            fat=5 + 26 * weight**1.5,
            heart=1.0 + draw.normal(0.06) + 0.04 * weight,
            slope=1.0 + draw.normal(0.10),
            breast=draw.between(0.5, 1.2) if female else 0.0,
            kyphosis=draw.normal(4),
            bend=draw.normal(3.5),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What differs from film to film: view, breath, rotation, shift, exposure, kernel and noise.

    `breath` is mm that the diaphragm stands below its mean, `turn` mm of sideways shift a mm of depth (the tangent of
    the rotation), `tilt` the tangent of the film's turn in its own plane, `shift` mm of the field against the body
    (head to feet, sideways).
    """

    seed: int
    view: View
    breath: float
    turn: float
    tilt: float
    shift: tuple[float, float]
    exposure: float
    contrast: float
    dose: float
    sharp_kernel: bool
    sharpening: float

    @classmethod
    def drawn(cls, seed: int) -> "Visit":
        """The circumstances of a study; `seed` names the study."""
        draw = Draw(seed, 2)
        view: View = "AP" if draw.chance(0.4) else "PA"
        lying = view == "AP"
        return cls(
            seed=seed,
            view=view,
            breath=draw.normal(6) - (10 if lying else 0),
            turn=draw.normal(0.05 if lying else 0.025),
            tilt=draw.normal(0.045 if lying else 0.015),
            shift=(draw.normal(13 if lying else 6), draw.normal(13 if lying else 5)),
            exposure=draw.normal(0.14 if lying else 0.10),
            contrast=(0.88 if lying else 1.0) + draw.normal(0.06),
            dose=draw.between(0.6, 1.6),
            sharp_kernel=draw.chance(0.4),
            sharpening=draw.between(0.5, 1.3),
        )
