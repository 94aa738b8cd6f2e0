"""Who is in phantom-v1: 240 patients, 360 studies, each a function of one seed."""

from dataclasses import dataclass
from functools import cache

from cxrbench.phantom.anatomy import Chest
from cxrbench.phantom.body import Body, Visit
from cxrbench.phantom.disease import Disease, severity
from cxrbench.phantom.draw import Draw

VERSION = 1
SEED = 2020
SIZES = ((156, 1), (60, 2), (12, 3), (12, 4))
"""So many patients with so many studies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One visit of one patient: `level` is the severity of COVID-19 on that day, 0 to 1.7."""

    id: str
    patient: str
    day: float
    level: float
    chest: Chest
    disease: Disease
    seed: int


@cache
def cohort(seed: int = SEED, sizes: tuple[tuple[int, int], ...] = SIZES) -> tuple[Study, ...]:
    """All studies, by patient and day; how many patients have how many studies is `sizes`."""
    counts = [studies for patients, studies in sizes for _ in range(patients)]
    order = Draw(seed, 14).many(len(counts)).argsort(kind="stable").tolist()
    found: list[Study] = []
    for number, index in enumerate(order):
        found += _visits(seed * 1000 + number, f"phantom-{number:03d}", counts[index], len(found), seed)
    return tuple(found)


def _visits(patient_seed: int, patient: str, count: int, first: int, seed: int) -> list[Study]:
    body, disease, draw = Body.drawn(patient_seed), Disease.drawn(patient_seed), Draw(patient_seed, 15)
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
            level=severity(disease.peak, start + day, turning),
            chest=Chest(body, Visit.drawn(seed * 100_000 + first + i)),
            disease=disease,
            seed=seed * 100_000 + first + i,
        )
        for i, day in enumerate(days)
    ]
