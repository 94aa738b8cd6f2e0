"""The phantom: 60 : 20 : 20 by patient, dealt within category, severity and number of studies, for both kinds alike."""

from collections import defaultdict

from cxrbench.case import Case
from cxrbench.curation.draws import draws, rows_of, shuffled, split_text
from cxrbench.datasets import load
from cxrbench.splits.split import Head

SEED = 23
HAND = ("train", "test", "train", "val", "train")
"""How the patients of a stratum are dealt, over and over."""


def deal(cases: tuple[Case, ...]) -> dict[str, str]:
    """Case id to part: patients ordered by stratum, then by seeded hash, and dealt in turn."""
    stratum: dict[str, tuple[str, int, float]] = {}
    of_patient: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        of_patient[case.patient].append(case)
    for patient, own in of_patient.items():
        worst = max((case.targets.affected_fraction or {})["larger"] for case in own)
        stratum[patient] = (str(own[0].targets.category), len(own), round(worst * 4) / 4)
    place = {patient: i for i, patient in enumerate(shuffled(stratum, SEED))}
    order = sorted(stratum, key=lambda patient: (stratum[patient], place[patient]))
    part = {patient: HAND[i % len(HAND)] for i, patient in enumerate(order)}
    return {case.id: part[case.patient] for case in cases}


def _drawn(dataset: str, data: str | None) -> str:
    cases = load(dataset, data).cases
    head = Head(
        dataset=dataset,
        origin="ours",
        seed=SEED,
        licence="Apache-2.0",
        note="synthetic; disjoint in patients; 60:20:20; stratified by category, studies and worst affected fraction; "
        "phantom and phantom-ct share their parts",
    )
    return split_text(head, rows_of(cases, deal(cases)))


@draws.register("phantom")
def phantom(data: str | None) -> str:
    """Ours, of the radiographs."""
    return _drawn("phantom", data)


@draws.register("phantom-ct")
def phantom_ct(data: str | None) -> str:
    """Ours, of the CTs of the same studies."""
    return _drawn("phantom-ct", data)
