"""RSNA after DLNet's Dataset 1 (Amer et al. 2020, table I): 9,004 / 1,126 / 1,124, half of them pneumonia.

Which negatives the authors took and how they split is not published. Adults are those whose header states an age of 18
or more: that gives 5,627 positives, and twice that is the sum of the three parts. Tables are read here, not through the
adapter, because the adapter takes its patients from the split.
"""

import gzip
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.model_selection import train_test_split

from cxrbench.curation.draws import draws, format_split_file, shuffle_by_hash
from cxrbench.datasets import DataFolder
from cxrbench.datasets.formats.csv_table import Row, read_rows
from cxrbench.splits.split import UNUSED, SplitHeader

SEED = 23
ADULT = 18
PER_CLASS = {"test": 562, "val": 563, "train": 4502}
"""Images of each class in each part."""
LICENCE = "image ids of the RSNA challenge; patients are the numbers of NIH ChestX-ray14"


@dataclass(frozen=True)
class _ChallengeImage:
    """One image of the challenge: its NIH patient, whether it shows pneumonia, and the age in its header."""

    patient: str
    positive: bool
    age: float


@draws.register("rsna")
def draw_rsna(data: str | None) -> str:
    """Draw whole NIH patients, in the order of seeded hashes, into the first part that has room for them.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    images = _read_images(data)
    parts = assign_by_patient(images, select_protocol(images))
    header = SplitHeader(
        dataset="rsna",
        origin="published sizes, our draw",
        seed=SEED,
        licence=LICENCE,
        note="disjoint in NIH patients; adults (18 or more), every positive and as many negatives; 9004/1126/1124, "
        "half of each part positive; the rows outside this protocol are unused and here for their patients, so that "
        "the file is the whole mapping of 26,684 images to 11,439 patients",
    )
    return format_split_file(header, [(name, image.patient, parts.get(name, UNUSED)) for name, image in images.items()])


@draws.register("rsna@image-level")
def draw_rsna_image_level(data: str | None) -> str:
    """Draw the same images one by one, as a reader who takes `patientId` for a patient would do.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    images = _read_images(data)
    parts = assign_by_image(images, select_protocol(images))
    header = SplitHeader(
        dataset="rsna",
        name="image-level",
        origin="published sizes, our draw",
        seed=SEED,
        licence=LICENCE,
        note="LEAKS: the images of the default split drawn one by one, so that most test images share a patient with "
        "training; for comparison only",
    )
    return format_split_file(header, [(name, images[name].patient, part) for name, part in parts.items()])


def select_protocol(images: Mapping[str, _ChallengeImage]) -> list[str]:
    """Select every adult positive and as many adult negatives, in a seeded order.

    Args:
        images: Every image of the challenge, by id.

    Returns:
        The selected ids.
    """
    adults = [name for name, image in images.items() if image.age >= ADULT]
    positives = [name for name in adults if images[name].positive]
    negatives = shuffle_by_hash((name for name in adults if not images[name].positive), SEED)
    return shuffle_by_hash([*positives, *negatives[: len(positives)]], SEED)


def assign_by_patient(images: Mapping[str, _ChallengeImage], names: Sequence[str]) -> dict[str, str]:
    """Assign images to parts such that no patient is in two parts and every part has its size.

    Args:
        images: Every image of the challenge, by id.
        names: The ids of the protocol.

    Returns:
        Id to part.
    """
    of_patient: dict[str, list[str]] = defaultdict(list)
    for name in names:
        of_patient[images[name].patient].append(name)
    room = {(part, positive): size for part, size in PER_CLASS.items() for positive in (False, True)}
    parts: dict[str, str] = {}
    for patient in shuffle_by_hash(of_patient, SEED):
        need = Counter(images[name].positive for name in of_patient[patient])
        part = next(part for part in PER_CLASS if all(room[part, kind] >= n for kind, n in need.items()))
        parts |= dict.fromkeys(of_patient[patient], part)
        for kind, n in need.items():
            room[part, kind] -= n
    return parts


def assign_by_image(images: Mapping[str, _ChallengeImage], names: Sequence[str]) -> dict[str, str]:
    """Assign images to parts with scikit-learn, stratified by class and regardless of patients.

    Args:
        images: Every image of the challenge, by id.
        names: The ids of the protocol.

    Returns:
        Id to part.
    """
    names = sorted(names)
    rest, test = _split_stratified(images, names, 2 * PER_CLASS["test"])
    train, val = _split_stratified(images, rest, 2 * PER_CLASS["val"])
    return {**dict.fromkeys(train, "train"), **dict.fromkeys(val, "val"), **dict.fromkeys(test, "test")}


def _split_stratified(
    images: Mapping[str, _ChallengeImage], names: Sequence[str], size: int
) -> tuple[list[str], list[str]]:
    positive = [images[name].positive for name in names]
    remaining, drawn = train_test_split(list(names), test_size=size, random_state=SEED, stratify=positive)
    return remaining, drawn


def _read_images(data: str | None) -> dict[str, _ChallengeImage]:
    root = DataFolder(None if data is None else Path(data)).root("rsna", "rsna_to_nih.csv.gz")
    positive = {
        row["patientId"]: row["Target"] == "1"
        for row in read_rows(root / "stage_2_train_labels.csv", ("patientId", "Target"))
    }
    ages = {row["PatientID"]: float(row["PatientAge"]) for row in _read_gzip_rows(root / "dicom_headers.csv.gz")}
    patients = {row["patientId"]: row["nih_patient"] for row in _read_gzip_rows(root / "rsna_to_nih.csv.gz")}
    return {name: _ChallengeImage(patients[name], positive[name], ages[name]) for name in sorted(positive)}


def _read_gzip_rows(path: Path) -> list[Row]:
    import csv

    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
