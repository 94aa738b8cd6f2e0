"""Find duplicate images: identical pixels, and near-duplicates found by hash and confirmed by their pixels."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.curation.audit.fingerprint import Fingerprint, compute_fingerprint
from cxrbench.datasets import Dataset
from cxrbench.errors import DataError
from cxrbench.splits import UNUSED, Split

NEAR_BITS = 12
"""Pairs whose perceptual hashes differ in more than this many of 64 bits are not compared further."""
NEAR_CORRELATION = 0.85
"""Images whose thumbnails correlate at least this much are duplicates.

On 325 frontal images of the Cohen set, every pair of different images was below 0.75, the six pairs of duplicates at
0.885 or more, and resized, brightened or re-encoded copies at 0.96 or more. A crop of 3 % per side is not found.
"""
ROWS = 512
"""Number of hashes that are compared with all others at once: 512 x 26,684 fit into 110 MB."""


@dataclass(frozen=True)
class ImageLocation:
    """Where an image occurs: its dataset, case and patient, and its part by split label (`unused` included)."""

    dataset: str
    case: str
    patient: str
    parts: Mapping[str, str]


@dataclass(frozen=True)
class DuplicatePair:
    """Two occurrences of one image. `straddles` names the splits in which they are in different parts.

    `two_patients`: one dataset assigns them to two patients, so either the patients or the images are wrong.
    `correlation` is that of the thumbnails, -1 to 1; `bits` is the distance of the perceptual hashes, 0 to 64. Both are
    None for identical pixels.
    """

    kind: Literal["identical", "near"]
    a: ImageLocation
    b: ImageLocation
    straddles: tuple[str, ...]
    two_patients: bool
    correlation: float | None = None
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class FingerprintMatch:
    """Positions of two fingerprints of one image, and how similar they are; None for identical pixels."""

    i: int
    j: int
    correlation: float | None = None
    bits: int | None = None


@dataclass(frozen=True)
class UnreadableImage:
    """An image that is present and cannot be decoded."""

    dataset: str
    case: str
    reason: str


@dataclass(frozen=True)
class DuplicateSearch:
    """How many images were compared, and the duplicates and unreadable images among them."""

    images: int
    duplicates: tuple[DuplicatePair, ...]
    unreadable: tuple[UnreadableImage, ...]


def find_duplicates(
    datasets: Sequence[Dataset], splits: Sequence[Split], progress: Callable[[int, int], None] | None = None
) -> DuplicateSearch:
    """Decode every available image, and compare each with every other, within and across datasets.

    Args:
        datasets: The copies of the datasets.
        splits: The splits in which the images' parts are looked up.
        progress: Called after each decoded image.

    Returns:
        Pairs of duplicates, sorted by kind, dataset and case, and the images that could not be decoded.

    Raises:
        DataError: No image is available.
    """
    cases = [case for dataset in datasets for case in dataset.cases if case.available]
    if not cases:
        raise DataError("no image is available", ", ".join(dataset.name for dataset in datasets), "leave out --images")
    fingerprints, unreadable = _compute_fingerprints(cases, progress)
    locations = [_locate_image(case, splits) for case, _ in fingerprints]
    matches = match_fingerprints([fingerprint for _, fingerprint in fingerprints])
    pairs = [_make_duplicate(locations[match.i], locations[match.j], match) for match in matches]
    pairs.sort(key=lambda pair: (pair.kind, pair.a.dataset, pair.a.case, pair.b.dataset, pair.b.case))
    return DuplicateSearch(len(fingerprints), tuple(pairs), tuple(unreadable))


def _compute_fingerprints(
    cases: Sequence[Case], progress: Callable[[int, int], None] | None
) -> tuple[list[tuple[Case, Fingerprint]], list[UnreadableImage]]:
    fingerprints, unreadable = [], []
    for i, case in enumerate(cases):
        try:
            fingerprints.append((case, compute_fingerprint(case.image())))
        except DataError as error:
            unreadable.append(UnreadableImage(case.dataset, case.id, error.line))
        if progress is not None:
            progress(i + 1, len(cases))
    return fingerprints, unreadable


def _locate_image(case: Case, splits: Sequence[Split]) -> ImageLocation:
    containing = [split for split in splits if split.dataset == case.dataset and case.id in split.part_of]
    patient = containing[0].patients[case.id] if containing else case.patient
    parts = {split.label: split.part_of[case.id] for split in containing}
    return ImageLocation(case.dataset, case.id, patient, parts)


def _make_duplicate(a: ImageLocation, b: ImageLocation, match: FingerprintMatch) -> DuplicatePair:
    a, b = sorted((a, b), key=lambda location: (location.dataset, location.case))
    straddles = tuple(label for label in a.parts if len({a.parts[label], b.parts.get(label, UNUSED)} - {UNUSED}) > 1)
    two_patients = a.dataset == b.dataset and a.patient != b.patient
    kind: Literal["identical", "near"] = "identical" if match.bits is None else "near"
    return DuplicatePair(kind, a, b, straddles, two_patients, match.correlation, match.bits)


def match_fingerprints(fingerprints: Sequence[Fingerprint]) -> Iterator[FingerprintMatch]:
    """Find every pair of fingerprints that belong to one image.

    Args:
        fingerprints: One per image; at least one.

    Yields:
        Pairs with identical pixels first, then near-duplicates.
    """
    by_digest: dict[str, list[int]] = defaultdict(list)
    for i, fingerprint in enumerate(fingerprints):
        by_digest[fingerprint.digest].append(i)
    for same in by_digest.values():
        yield from (FingerprintMatch(i, j) for i, j in combinations(same, 2))
    thumbnails = np.stack([fingerprint.thumbnail for fingerprint in fingerprints])
    hashes = np.array([fingerprint.hash for fingerprint in fingerprints], np.uint64)
    for first, second, bits in _find_close_hashes(hashes):
        correlation = np.einsum("ij,ij->i", thumbnails[first], thumbnails[second])
        for k in np.flatnonzero(correlation >= NEAR_CORRELATION):
            i, j = int(first[k]), int(second[k])
            if fingerprints[i].digest != fingerprints[j].digest:
                yield FingerprintMatch(i, j, round(float(correlation[k]), 4), int(bits[k]))


def _find_close_hashes(
    hashes: NDArray[np.uint64],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint8]]]:
    """Positions i < j of hashes that are at most `NEAR_BITS` apart, and their distance, a few rows at a time."""
    for start in range(0, len(hashes), ROWS):
        distance = np.bitwise_count(hashes[start : start + ROWS, None] ^ hashes[None, :])
        i, j = np.nonzero(distance <= NEAR_BITS)
        later = j > i + start
        i, j = i[later], j[later]
        for part in range(0, len(i), 8 * ROWS):
            chosen = slice(part, part + 8 * ROWS)
            yield i[chosen] + start, j[chosen], distance[i[chosen], j[chosen]]
