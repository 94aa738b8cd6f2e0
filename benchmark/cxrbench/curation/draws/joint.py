"""One division of the people behind the Cohen films, for every score and mask that was ever drawn on them.

Who is in the test part of `brixia-cohen` is in the test part here, so that a system may learn lungs from one dataset,
opacities from a second and scores from a third without ever meeting a test patient.
"""

from collections.abc import Iterable

from cxrbench.curation.draws import draws, shuffled, split_text
from cxrbench.datasets import load
from cxrbench.splits import load_split
from cxrbench.splits.patient_identity import person, persons
from cxrbench.splits.split import Head

SEED = 23
SHARE = 0.25
"""Of the people whom `brixia-cohen` does not list, this share is held out."""


@draws.register("cohen@joint")
def cohen_joint(data: str | None) -> str:
    """Every frontal radiograph of the Cohen table."""
    head = Head(
        dataset="cohen",
        name="joint",
        origin="ours",
        seed=SEED,
        licence="file names of the Cohen set",
        note="disjoint in patients; test is everybody in brixia-cohen/test and a quarter of those whom it "
        "does not list",
    )
    return split_text(head, _rows("cohen", data))


@draws.register("cxr-seg-100")
def cxr_seg_100(data: str | None) -> str:
    """The films with drawn opacities, by the same people."""
    head = Head(
        dataset="cxr-seg-100",
        origin="ours",
        seed=SEED,
        licence="file names of the Cohen set; masks CC BY 4.0, not included",
        note="disjoint in patients, and the same people as in cohen@joint and brixia-cohen",
    )
    return split_text(head, _rows("cxr-seg-100", data))


def _rows(dataset: str, data: str | None) -> list[tuple[str, str, str]]:
    """Case, patient and part of every case of a dataset of Cohen films."""
    cases, held_out = load(dataset, data).cases, _held_out(data)
    return [(case.id, case.patient, "test" if person(dataset, case.patient) in held_out else "train") for case in cases]


def _held_out(data: str | None) -> set[str]:
    """The people of the test part."""
    scored = load_split("brixia-cohen")
    listed = persons(scored, scored.cases("all"))
    others = {person(name, case.patient) for name in ("cohen", "cxr-seg-100") for case in load(name, data).cases}
    return persons(scored, scored.cases("test")) | set(_quarter(others - listed))


def _quarter(people: Iterable[str]) -> list[str]:
    drawn = shuffled(people, SEED)
    return drawn[: round(SHARE * len(drawn))]
