"""The cohort of phantom-v1: 240 patients, 360 studies, each a function of one seed."""

from dataclasses import dataclass
from functools import cache

from cxrbench.phantom.body import Body, Visit
from cxrbench.phantom.chest import Chest
from cxrbench.phantom.disease import Disease, compute_severity
from cxrbench.phantom.draw import RandomStream

VERSION = 1
SEED = 2020
SIZES = ((156, 1), (60, 2), (12, 3), (12, 4))
"""Numbers of patients, and of studies per patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One visit of one patient.

    Attributes:
        id: Id of the study.
        patient: Id of the patient.
        day: Days since the first study.
        level: Severity of COVID-19 on that day, 0 to 1.7.
        chest: The chest at this visit.
        disease: The patient's disease.
        seed: Seed of the study.
    """

    id: str
    patient: str
    day: float
    level: float
    chest: Chest
    disease: Disease
    seed: int


@cache
def make_cohort(seed: int = SEED, sizes: tuple[tuple[int, int], ...] = SIZES) -> tuple[Study, ...]:
    """Make all studies of the phantom; no image is generated.

    Args:
        seed: Seed of the cohort.
        sizes: Pairs of (number of patients, studies per patient).

    Returns:
        The studies, by patient and day.

    Example:
        >>> len(make_cohort()), make_cohort()[0].id
        (360, 'study-000')
    """
    counts = [per_patient for patients, per_patient in sizes for _ in range(patients)]
    order = RandomStream(seed, 14).uniforms(len(counts)).argsort(kind="stable").tolist()
    studies: list[Study] = []
    for number, index in enumerate(order):
        studies += _make_visits(seed * 1000 + number, f"phantom-{number:03d}", counts[index], len(studies), seed)
    return tuple(studies)


def _make_visits(patient_seed: int, patient: str, count: int, first: int, seed: int) -> list[Study]:
    body, disease, draw = Body.sample(patient_seed), Disease.sample(patient_seed), RandomStream(patient_seed, 15)
    start, turning = draw.between(0, 6), draw.between(4, 11)
    if count == 1:
        start = draw.between(2, 12)
    days = [0.0]
    for _ in range(count - 1):
        days.append(days[-1] + 2 + draw.index(5))
    return [
        Study(
            id=f"study-{first + i:03d}",
            patient=patient,
            day=day,
            level=compute_severity(disease.peak, start + day, turning),
            chest=Chest(body, Visit.sample(seed * 100_000 + first + i)),
            disease=disease,
            seed=seed * 100_000 + first + i,
        )
        for i, day in enumerate(days)
    ]
