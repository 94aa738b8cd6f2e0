"""RSNA after DLNet's Dataset 1 (Amer et al. 2020, table I): 9,004 / 1,126 / 1,124, half of them pneumonia.

Which negatives the authors took and how they split is not published. Adults are those whose header says 18 or more:
that gives 5,627 positives, and twice that is the sum of the three parts. Tables are read here, not through the
adapter, because the split is where the adapter gets its patients from.
"""

import gzip
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.model_selection import train_test_split

from cxrbench.curation.draws import draws, shuffled, split_text
from cxrbench.datasets import DataFolder
from cxrbench.datasets.formats.csv_table import Row, read_rows
from cxrbench.splits.split import UNUSED, Head

SEED = 23
ADULT = 18
PER_CLASS = {"test": 562, "val": 563, "train": 4502}
"""Images of each class in each part."""
LICENCE = "image ids of the RSNA challenge; patients are the numbers of NIH ChestX-ray14"


@dataclass(frozen=True)
class _Image:
    """One image of the challenge: its NIH patient, whether it shows pneumonia, and the age in its header."""

    patient: str
    positive: bool
    age: float


@draws.register("rsna")
def rsna(data: str | None) -> str:
    """Ours: whole NIH patients, dealt in the order of seeded hashes to the first part that has room for them."""
    images = _images(data)
    parts = by_patient(images, protocol(images))
    head = Head(
        dataset="rsna",
        origin="published sizes, our draw",
        seed=SEED,
        licence=LICENCE,
        note="disjoint in NIH patients; adults (18 or more), every positive and as many negatives; 9004/1126/1124, "
        "half of each part positive; the rows outside this protocol are unused and here for their patients, so that "
        "the file is the whole mapping of 26,684 images to 11,439 patients",
    )
    return split_text(head, [(name, one.patient, parts.get(name, UNUSED)) for name, one in images.items()])


@draws.register("rsna@image-level")
def rsna_image_level(data: str | None) -> str:
    """The same images dealt one by one, as a reader who takes `patientId` for a patient would do it."""
    images = _images(data)
    parts = by_image(images, protocol(images))
    head = Head(
        dataset="rsna",
        name="image-level",
        origin="published sizes, our draw",
        seed=SEED,
        licence=LICENCE,
        note="LEAKS: the images of the default split drawn one by one, so that most test images share a patient with "
        "training; for comparison only",
    )
    return split_text(head, [(name, images[name].patient, part) for name, part in parts.items()])


def protocol(images: Mapping[str, _Image]) -> list[str]:
    """Every adult positive and as many adult negatives, in a seeded order."""
    adults = [name for name, one in images.items() if one.age >= ADULT]
    positives = [name for name in adults if images[name].positive]
    negatives = shuffled((name for name in adults if not images[name].positive), SEED)
    return shuffled([*positives, *negatives[: len(positives)]], SEED)


def by_patient(images: Mapping[str, _Image], names: Sequence[str]) -> dict[str, str]:
    """Parts of the protocol's images such that no patient stands in two, and every size is met."""
    of_patient: dict[str, list[str]] = defaultdict(list)
    for name in names:
        of_patient[images[name].patient].append(name)
    room = {(part, positive): size for part, size in PER_CLASS.items() for positive in (False, True)}
    parts: dict[str, str] = {}
    for patient in shuffled(of_patient, SEED):
        need = Counter(images[name].positive for name in of_patient[patient])
        part = next(part for part in PER_CLASS if all(room[part, kind] >= n for kind, n in need.items()))
        parts |= dict.fromkeys(of_patient[patient], part)
        for kind, n in need.items():
            room[part, kind] -= n
    return parts


def by_image(images: Mapping[str, _Image], names: Sequence[str]) -> dict[str, str]:
    """Parts of the protocol's images, drawn with scikit-learn, stratified by class and blind to patients."""
    names = sorted(names)
    rest, test = _drawn(images, names, 2 * PER_CLASS["test"])
    train, val = _drawn(images, rest, 2 * PER_CLASS["val"])
    return {**dict.fromkeys(train, "train"), **dict.fromkeys(val, "val"), **dict.fromkeys(test, "test")}


def _drawn(images: Mapping[str, _Image], names: Sequence[str], size: int) -> tuple[list[str], list[str]]:
    positive = [images[name].positive for name in names]
    kept, taken = train_test_split(list(names), test_size=size, random_state=SEED, stratify=positive)
    return kept, taken


def _images(data: str | None) -> dict[str, _Image]:
    root = DataFolder(None if data is None else Path(data)).root("rsna", "rsna_to_nih.csv.gz")
    positive = {
        row["patientId"]: row["Target"] == "1"
        for row in read_rows(root / "stage_2_train_labels.csv", ("patientId", "Target"))
    }
    ages = {row["PatientID"]: float(row["PatientAge"]) for row in _packed(root / "dicom_headers.csv.gz")}
    patients = {row["patientId"]: row["nih_patient"] for row in _packed(root / "rsna_to_nih.csv.gz")}
    return {name: _Image(patients[name], positive[name], ages[name]) for name in sorted(positive)}


def _packed(path: Path) -> list[Row]:
    import csv

    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
