"""Images that are one image: identical pixels, and near-duplicates found by hash and confirmed by their pixels."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.curation.audit.fingerprint import Fingerprint, fingerprint
from cxrbench.datasets import Dataset
from cxrbench.errors import DataError
from cxrbench.splits import UNUSED, Split

NEAR_BITS = 12
"""Two perceptual hashes that differ in more than this many of 64 bits are not looked at further."""
NEAR_CORRELATION = 0.85
"""Thumbnails that correlate at least so much are one image.

On 325 frontal images of the Cohen set: every pair of unlike images was below 0.75, the six pairs of one image at 0.885
or more, and resized, brightened or re-encoded copies at 0.96 or more. A crop of 3 % a side is not found.
"""
ROWS = 512
"""Hashes compared with all others at once: 512 x 26,684 fit into 110 MB."""


@dataclass(frozen=True)
class Place:
    """An image: its dataset, case and patient, and its part by split label (`unused` included)."""

    dataset: str
    case: str
    patient: str
    parts: Mapping[str, str]


@dataclass(frozen=True)
class Duplicate:
    """Two places of one image. `straddles` names the splits in which they stand in different parts.

    `two_patients`: one dataset calls them two patients, so either patients or images are mistaken. `correlation` is of
    thumbnails, -1 to 1; `bits` is the distance of perceptual hashes, 0 to 64. Both are None for identical pixels.
    """

    kind: Literal["identical", "near"]
    a: Place
    b: Place
    straddles: tuple[str, ...]
    two_patients: bool
    correlation: float | None = None
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions of two fingerprints of one image, and how near they are; None for identical pixels."""

    i: int
    j: int
    correlation: float | None = None
    bits: int | None = None


@dataclass(frozen=True)
class Unreadable:
    """An image that is there and cannot be decoded."""

    dataset: str
    case: str
    reason: str


@dataclass(frozen=True)
class Compared:
    """How many images were compared, and what was found."""

    images: int
    duplicates: tuple[Duplicate, ...]
    unreadable: tuple[Unreadable, ...]


def compare(
    datasets: Sequence[Dataset], splits: Sequence[Split], progress: Callable[[int, int], None] | None = None
) -> Compared:
    """Decode every image that is at hand, and compare each with every other, within and across datasets.

    Raises `DataError` where not one image is at hand.
    """
    cases = [case for dataset in datasets for case in dataset.cases if case.available]
    if not cases:
        raise DataError("no image is at hand", ", ".join(one.name for one in datasets), "leave out --images")
    prints, unreadable = _fingerprints(cases, progress)
    places = [_place(case, splits) for case, _ in prints]
    found = [_duplicate(places[pair.i], places[pair.j], pair) for pair in pairs([one for _, one in prints])]
    found.sort(key=lambda one: (one.kind, one.a.dataset, one.a.case, one.b.dataset, one.b.case))
    return Compared(len(prints), tuple(found), tuple(unreadable))


def _fingerprints(
    cases: Sequence[Case], progress: Callable[[int, int], None] | None
) -> tuple[list[tuple[Case, Fingerprint]], list[Unreadable]]:
    prints, unreadable = [], []
    for i, case in enumerate(cases):
        try:
            prints.append((case, fingerprint(case.image())))
        except DataError as error:
            unreadable.append(Unreadable(case.dataset, case.id, error.line))
        if progress is not None:
            progress(i + 1, len(cases))
    return prints, unreadable


def _place(case: Case, splits: Sequence[Split]) -> Place:
    own = [split for split in splits if split.dataset == case.dataset and case.id in split.part_of]
    patient = own[0].patients[case.id] if own else case.patient
    return Place(case.dataset, case.id, patient, {split.label: split.part_of[case.id] for split in own})


def _duplicate(a: Place, b: Place, pair: Pair) -> Duplicate:
    a, b = sorted((a, b), key=lambda place: (place.dataset, place.case))
    straddles = tuple(label for label in a.parts if len({a.parts[label], b.parts.get(label, UNUSED)} - {UNUSED}) > 1)
    two_patients = a.dataset == b.dataset and a.patient != b.patient
    kind: Literal["identical", "near"] = "identical" if pair.bits is None else "near"
    return Duplicate(kind, a, b, straddles, two_patients, pair.correlation, pair.bits)


def pairs(prints: Sequence[Fingerprint]) -> Iterator[Pair]:
    """Every pair of fingerprints of one image."""
    by_digest: dict[str, list[int]] = defaultdict(list)
    for i, one in enumerate(prints):
        by_digest[one.digest].append(i)
    for same in by_digest.values():
        yield from (Pair(i, j) for i, j in combinations(same, 2))
    thumbnails = np.stack([one.thumbnail for one in prints])
    for first, second, bits in _close(np.array([one.hash for one in prints], np.uint64)):
        correlation = np.einsum("ij,ij->i", thumbnails[first], thumbnails[second])
        for k in np.flatnonzero(correlation >= NEAR_CORRELATION):
            i, j = int(first[k]), int(second[k])
            if prints[i].digest != prints[j].digest:
                yield Pair(i, j, round(float(correlation[k]), 4), int(bits[k]))


def _close(hashes: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint8]]]:
    """Positions i < j of hashes that are at most `NEAR_BITS` apart, and their distance, a few rows at a time."""
    for start in range(0, len(hashes), ROWS):
        distance = np.bitwise_count(hashes[start : start + ROWS, None] ^ hashes[None, :])
        i, j = np.nonzero(distance <= NEAR_BITS)
        later = j > i + start
        i, j = i[later], j[later]
        for part in range(0, len(i), 8 * ROWS):
            chosen = slice(part, part + 8 * ROWS)
            yield i[chosen] + start, j[chosen], distance[i[chosen], j[chosen]]
