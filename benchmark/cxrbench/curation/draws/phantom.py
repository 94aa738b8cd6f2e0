"""The phantom: 60 : 20 : 20 by patient, within category, severity and number of studies; CT and radiographs alike."""

from collections import defaultdict

from cxrbench.case import Case
from cxrbench.curation.draws import draws, format_split_file, shuffle_by_hash, to_split_rows
from cxrbench.datasets import load
from cxrbench.splits.split import SplitHeader

SEED = 23
DEAL_ORDER = ("train", "test", "train", "val", "train")
"""The parts to which the patients of a stratum are assigned in turn."""


def assign_parts(cases: tuple[Case, ...]) -> dict[str, str]:
    """Assign patients to parts in turn, ordered by stratum and then by seeded hash.

    Args:
        cases: Every case of the phantom.

    Returns:
        Case id to part.
    """
    stratum: dict[str, tuple[str, int, float]] = {}
    of_patient: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        of_patient[case.patient].append(case)
    for patient, studies in of_patient.items():
        worst = max((case.targets.affected_fraction or {})["larger"] for case in studies)
        stratum[patient] = (str(studies[0].targets.category), len(studies), round(worst * 4) / 4)
    position = {patient: i for i, patient in enumerate(shuffle_by_hash(stratum, SEED))}
    order = sorted(stratum, key=lambda patient: (stratum[patient], position[patient]))
    part = {patient: DEAL_ORDER[i % len(DEAL_ORDER)] for i, patient in enumerate(order)}
    return {case.id: part[case.patient] for case in cases}


def _draw_split(dataset: str, data: str | None) -> str:
    cases = load(dataset, data).cases
    header = SplitHeader(
        dataset=dataset,
        origin="ours",
        seed=SEED,
        licence="Apache-2.0",
        note="synthetic; disjoint in patients; 60:20:20; stratified by category, studies and worst affected fraction; "
        "phantom and phantom-ct share their parts",
    )
    return format_split_file(header, to_split_rows(cases, assign_parts(cases)))


@draws.register("phantom")
def draw_phantom(data: str | None) -> str:
    """Draw the split of the phantom's radiographs.

    Args:
        data: Not used: the phantom is generated.

    Returns:
        The text of the split file.
    """
    return _draw_split("phantom", data)


@draws.register("phantom-ct")
def draw_phantom_ct(data: str | None) -> str:
    """Draw the split of the CTs of the same studies.

    Args:
        data: Not used: the phantom is generated.

    Returns:
        The text of the split file.
    """
    return _draw_split("phantom-ct", data)
