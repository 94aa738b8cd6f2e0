"""Patients in more than one part, and how many held-out images that touches."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxrbench.splits import Split

UNKNOWN = "image:"
"""Prefix of the id of a patient who stands for an image whose patient is unknown."""
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
class HeldOutCounts:
    """A part other than train: its images, those with a known patient, and those whose patient is in another part too.

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


def find_shared_patients(split: Split) -> tuple[PartPair, ...]:
    """Find every pair of parts that share patients.

    Args:
        split: The split.

    Returns:
        One entry per such pair; empty for a split that does not leak.
    """

    def count_images(part: str, patients: set[str]) -> int:
        return sum(split.patients[case] in patients for case in split.cases(part))

    return tuple(
        PartPair(a, b, len(patients), count_images(a, patients), count_images(b, patients))
        for (a, b), patients in split.shared_patients().items()
    )


def count_held_out(split: Split) -> tuple[HeldOutCounts, ...]:
    """Count the images of each part but train whose patient is in another part.

    Args:
        split: The split.

    Returns:
        One entry per part and, where case ids begin with different folders, one more per folder.
    """
    members = {part: _list_patients(split, split.cases(part)) for part in split.parts}
    rows = []
    for part in split.parts:
        if part == "train":
            continue
        others = set().union(*(patients for other, patients in members.items() if other != part))
        for source, cases in _group_by_source(split.cases(part)).items():
            patients = [split.patients[case] for case in cases]
            rows.append(_count_images(part, source, patients, members.get("train", set()), others))
    return tuple(rows)


def _list_patients(split: Split, cases: Iterable[str]) -> set[str]:
    return {split.patients[case] for case in cases}


def _group_by_source(cases: Sequence[str]) -> dict[str, list[str]]:
    every: dict[str, list[str]] = {EVERY: list(cases)}
    folders: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        folders[case.partition("/")[0] if "/" in case else EVERY].append(case)
    return every | (dict(sorted(folders.items())) if len(folders) > 1 else {})


def _count_images(part: str, source: str, patients: list[str], train: set[str], others: set[str]) -> HeldOutCounts:
    """Count the images of one part or source; `patients` has one entry per image."""
    in_train = sum(patient in train for patient in patients)
    return HeldOutCounts(
        part=part,
        source=source,
        images=len(patients),
        patient_known=sum(not patient.startswith(UNKNOWN) for patient in patients),
        in_train=in_train,
        in_any_other=sum(patient in others for patient in patients),
        share_in_train=round(in_train / len(patients), 4),
    )
