"""Patients in more than one part, and how many held-out images that touches."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxrbench.splits import Split

UNKNOWN = "image:"
"""How the id of a patient begins who is made up for an image of which no patient is known."""
EVERY = "all"


@dataclass(frozen=True)
class PartPair:
    """Patients that two parts share, and the images of these patients in each part."""

    a: str
    b: str
    patients: int
    images_a: int
    images_b: int


@dataclass(frozen=True)
class HeldOut:
    """A part other than train: its images, those with a known patient, and those whose patient is elsewhere too.

    `share_in_train` is `in_train` / `images`; `in_any_other` counts train and every other part. `source` is the first
    folder of the case ids, or "all".
    """

    part: str
    source: str
    images: int
    patient_known: int
    in_train: int
    in_any_other: int
    share_in_train: float


def straddling(split: Split) -> tuple[PartPair, ...]:
    """Every pair of parts that share patients; empty for a split that does not leak."""

    def images(part: str, patients: set[str]) -> int:
        return sum(split.patients[case] in patients for case in split.cases(part))

    return tuple(
        PartPair(a, b, len(patients), images(a, patients), images(b, patients))
        for (a, b), patients in split.shared_patients().items()
    )


def held_out(split: Split) -> tuple[HeldOut, ...]:
    """Each part but train, as a whole and, where case ids begin with a folder, by that folder."""
    members = {part: _patients(split, split.cases(part)) for part in split.parts}
    rows = []
    for part in split.parts:
        if part == "train":
            continue
        others = set().union(*(patients for other, patients in members.items() if other != part))
        for source, cases in _by_source(split.cases(part)).items():
            patients = [split.patients[case] for case in cases]
            rows.append(_row(part, source, patients, members.get("train", set()), others))
    return tuple(rows)


def _patients(split: Split, cases: Iterable[str]) -> set[str]:
    return {split.patients[case] for case in cases}


def _by_source(cases: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {EVERY: list(cases)}
    folders: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        folders[case.partition("/")[0] if "/" in case else EVERY].append(case)
    return found | (dict(sorted(folders.items())) if len(folders) > 1 else {})


def _row(part: str, source: str, patients: list[str], train: set[str], others: set[str]) -> HeldOut:
    """`patients` has an entry an image."""
    in_train = sum(patient in train for patient in patients)
    return HeldOut(
        part=part,
        source=source,
        images=len(patients),
        patient_known=sum(not patient.startswith(UNKNOWN) for patient in patients),
        in_train=in_train,
        in_any_other=sum(patient in others for patient in patients),
        share_in_train=round(in_train / len(patients), 4),
    )
