"""The differences between patients, and between visits of a patient; sampled, never taken from an image."""

from dataclasses import dataclass
from typing import Literal

from cxrbench.phantom.draw import RandomStream

View = Literal["PA", "AP"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Anatomy that is the same at all visits.

    Attributes:
        seed: Seed of the patient.
        sex: "F" or "M".
        age: Age in years.
        width: Scale of the width, about 1.
        depth: Scale of the depth, about 1.
        height: Scale of the height, about 1.
        fat: Thickness of the subcutaneous fat in mm.
        heart: Scale of the width of the heart, about 1.
        slope: Scale of the slope of the ribs, about 1.
        breast: Scale of the breasts; 0 for none.
        kyphosis: Forward shift of the upper chest in mm.
        bend: Lateral curvature of the spine in mm, to the left at mid-height where positive.
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
    def sample(cls, seed: int) -> "Body":
        """Sample the body of a patient.

        Args:
            seed: Seed of the patient.

        Returns:
            The body.
        """
        draw = RandomStream(seed, 1)
        female = draw.chance(0.45)
        size = draw.normal(0.03) - (0.03 if female else -0.02)
        weight = draw.uniform()
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
    """What differs from one radiograph to the next.

    Attributes:
        seed: Seed of the study.
        view: "PA" or "AP".
        breath: Millimetres that the diaphragm is below its mean position.
        turn: Lateral shift per mm of depth, the tangent of the patient's rotation.
        tilt: Tangent of the rotation in the image plane.
        shift: Millimetres of the field relative to the body (head to feet, lateral).
        exposure: Offset of the optical density.
        contrast: Factor of the detector's curve.
        dose: Factor of the number of photons.
        sharp_kernel: Whether the CT is reconstructed with a sharp kernel.
        sharpening: Strength of the unsharp mask of the radiograph.
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
    def sample(cls, seed: int) -> "Visit":
        """Sample the circumstances of a study.

        Args:
            seed: Seed of the study.

        Returns:
            The circumstances.
        """
        draw = RandomStream(seed, 2)
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
