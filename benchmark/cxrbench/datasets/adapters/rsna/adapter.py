"""RSNA Pneumonia Detection Challenge (Kaggle, stage 2): 26,684 labelled radiographs with boxes around opacities.

Layout: `stage_2_train_labels.csv` (one row per box; a negative image has one row with an empty box),
`stage_2_detailed_class_info.csv`, `stage_2_train_images/<patientId>.dcm`. Two tables that others made are used where
they are available: `dicom_headers.csv[.gz]` (age, sex and view, so that 26,684 headers need not be opened) and
`rsna_to_nih.csv[.gz]` (the NIH ChestX-ray14 image from which each image was made).

`patientId` names an image, not a patient: the images come from 11,439 NIH patients, up to 65 images each. The patient
of a case is the NIH patient, by a registered split or by `rsna_to_nih`. Without either it is unknown, which is
reported, and each image counts as a patient of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.rsna.labels import RsnaLabel, read_labels
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.datasets.formats.image_files import (
    find_file,
    list_absent_images,
    list_files,
    list_names,
    make_dicom_loader,
)
from cxrbench.datasets.split_patients import load_split_patients

LABELS = "stage_2_train_labels.csv"
CLASSES = "stage_2_detailed_class_info.csv"
IMAGES = "stage_2_train_images"
HEADERS = "dicom_headers.csv"
TO_NIH = "rsna_to_nih.csv"
OLDEST = 100
"""An age above this is an error of the source (five images say 148 to 155) and counts as unknown."""
UNSURE = 10.0
"""A squared error above this between an image and its NIH twin makes the match uncertain."""


@dataset_adapters.register("rsna")
def list_rsna(data: DataFolder) -> Dataset:
    """List the labelled radiographs.

    `boxes` are x, y, width, height in pixels of the 1024 x 1024 image, y down. `finding` is Target; `category` is
    "healthy" for the class Normal, "other" for the two others. Contradictory labels are reported and left out.
    Neither pixels nor, where the table of headers is there, DICOM files are opened.

    Args:
        data: The data folder.

    Returns:
        One case per image, in the order of the label table.

    Raises:
        DataError: The label table or a column is missing.
    """
    root = data.root("rsna", LABELS)
    twins = read_twins(root)
    labels, problems = read_labels(root / LABELS, root / CLASSES, {name: twin.label for name, twin in twins.items()})
    headers, header_problems = _read_headers(root)
    patients = load_split_patients("rsna") or {name: twin.patient for name, twin in twins.items()}
    tables = _RsnaTables(root / IMAGES, list_names(root / IMAGES), headers, patients, twins)
    cases = tuple(_make_case(name, label, tables) for name, label in labels.items())
    gaps = [*_check_patients(cases, tables), *list_absent_images(root / IMAGES, cases)]
    return Dataset("rsna", cases, (*problems, *header_problems, *gaps))


def read_nih_patients(data: DataFolder) -> Mapping[str, str]:
    """Read the NIH patient of each RSNA image, for datasets that contain RSNA images.

    Args:
        data: The data folder.

    Returns:
        `patientId` to NIH patient, by a registered split, else by `rsna_to_nih` below the data folder, else empty.

    Raises:
        DataError: The table lacks a column.
    """
    root = data.sibling("rsna")
    twins = read_twins(root) if root else {}
    return load_split_patients("rsna") or {name: twin.patient for name, twin in twins.items()}


@dataclass(frozen=True, slots=True)
class NihTwin:
    """The NIH ChestX-ray14 image from which an RSNA image was made.

    Attributes:
        image: Its file name.
        patient: Its NIH patient.
        error: The squared error of the match.
        label: The class of the RSNA image.
    """

    image: str
    patient: str
    error: float
    label: str


def read_twins(root: Path) -> Mapping[str, NihTwin]:
    """Read `rsna_to_nih.csv[.gz]`.

    Args:
        root: The root of the dataset.

    Returns:
        `patientId` to its NIH twin; empty where the table is absent.

    Raises:
        DataError: The table lacks a column.
    """
    path = _find_table(root / TO_NIH)
    if path is None:
        return {}
    rows = read_rows(path, ("patientId", "nih_image", "nih_patient", "mse", "class"))
    return {
        row["patientId"]: NihTwin(row["nih_image"], row["nih_patient"], float(row["mse"] or "nan"), row["class"])
        for row in rows
    }


def _find_table(path: Path) -> Path | None:
    """The table, plain or in gzip."""
    return find_file(path, path.with_name(f"{path.name}.gz"))


def _read_headers(root: Path) -> tuple[dict[str, Mapping[str, object]] | None, list[Problem]]:
    """Age, sex and view by image from the table of headers, None without it; impossible ages are reported."""
    path = _find_table(root / HEADERS)
    if path is None:
        reason = "absent: age, sex and view are read from the DICOM files, where these are there, on demand"
        return None, [Problem(HEADERS, reason, bad=False)]
    rows = read_rows(path, ("PatientID", "PatientAge", "PatientSex", "ViewPosition"))
    problems = [
        Problem(row["PatientID"], f"age {row['PatientAge']} counts as unknown", bad=False)
        for row in rows
        if row["PatientAge"] and parse_age(row["PatientAge"]) is None
    ]
    headers = {
        row["PatientID"]: _drop_blanks(
            age=parse_age(row["PatientAge"]), sex=row["PatientSex"], view=row["ViewPosition"]
        )
        for row in rows
    }
    return headers, problems


def _drop_blanks(**facts: object) -> Mapping[str, object]:
    """The facts that are known."""
    return {key: value for key, value in facts.items() if value not in (None, "")}


def parse_age(text: str) -> int | None:
    """Parse an age in years.

    Args:
        text: `58`, `58.0` or `058Y`.

    Returns:
        Whole years; None for a blank, another unit, or a value above 100.

    Example:
        >>> parse_age("058Y"), parse_age("155"), parse_age("006M")
        (58, None, None)
    """
    digits = text.strip().removesuffix("Y").removesuffix(".0")
    return int(digits) if digits.isdigit() and int(digits) <= OLDEST else None


class _HeaderFacts(Mapping[str, object]):
    """Facts of a case whose age, sex and view are read from its DICOM header on first use."""

    def __init__(self, path: Path, known: Mapping[str, object]) -> None:
        self._path, self._known = path, known

    @cached_property
    def _all(self) -> Mapping[str, object]:
        from cxrbench.imaging.radiograph.dicom import read_header

        header = read_header(self._path)
        years = None if header.age is None else parse_age(f"{header.age:.0f}")
        return {**_drop_blanks(age=years, sex=header.sex, view=header.view), **self._known}

    def __getitem__(self, key: str) -> object:
        return self._known[key] if key in self._known else self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@dataclass(frozen=True, slots=True)
class _RsnaTables:
    """What is known of the images besides their labels, by `patientId`; `headers` is None without their table."""

    images: Path
    names: frozenset[str]
    headers: Mapping[str, Mapping[str, object]] | None
    patients: Mapping[str, str]
    twins: Mapping[str, NihTwin]

    def make_meta(self, name: str, label: RsnaLabel, path: Path | None) -> Mapping[str, object]:
        facts: dict[str, object] = {"class": label.name} if label.name else {}
        if name in self.twins:
            facts["nih_image"] = self.twins[name].image
        if self.headers is None and path is not None:
            return _HeaderFacts(path, facts)
        return {**(self.headers or {}).get(name, {}), **facts}


def _make_case(name: str, label: RsnaLabel, tables: _RsnaTables) -> Case:
    image = tables.images / f"{name}.dcm" if f"{name}.dcm" in tables.names else None
    return Case(
        id=name,
        patient=tables.patients.get(name, f"image:{name}"),
        dataset="rsna",
        targets=Targets(finding=label.finding, boxes=label.boxes, category=label.category),
        meta=tables.make_meta(name, label, image),
        load=make_dicom_loader(image, resized=True) if image else None,
        files=list_files(image),
    )


def _check_patients(cases: Sequence[Case], tables: _RsnaTables) -> Iterator[Problem]:
    if not tables.patients:
        yield Problem(TO_NIH, "absent, and no split gives the patients: unknown, each image counts as its own patient")
        return
    for case in cases:
        if case.id not in tables.patients:
            yield Problem(case.id, "its NIH patient is unknown: counts as a patient of its own")
    unsure = sum(twin.error > UNSURE for twin in tables.twins.values())
    if unsure:
        yield Problem(TO_NIH, f"{unsure} matches are uncertain (squared error above {UNSURE:g})", bad=False)
