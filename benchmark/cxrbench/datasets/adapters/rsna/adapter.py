"""RSNA Pneumonia Detection Challenge (Kaggle, stage 2): 26,684 labelled radiographs with boxes around opacities.

Layout: `stage_2_train_labels.csv` (a row a box; a negative image has one row with an empty box),
`stage_2_detailed_class_info.csv`, `stage_2_train_images/<patientId>.dcm`. Two tables that others made are used where
they are at hand: `dicom_headers.csv[.gz]` (age, sex and view, so that 26,684 headers need not be opened) and
`rsna_to_nih.csv[.gz]` (each image's twin in NIH ChestX-ray14).

`patientId` names an image, not a patient: the images come from 11,439 NIH patients, up to 65 images each. The patient
of a case is the NIH patient, by a registered split or by `rsna_to_nih`; without either it is unknown, which is
reported, and each image counts as a patient of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.rsna.labels import Label, read_labels
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.datasets.formats.image_files import absent, dicom, names_in
from cxrbench.datasets.split_patients import split_patients

LABELS = "stage_2_train_labels.csv"
CLASSES = "stage_2_detailed_class_info.csv"
IMAGES = "stage_2_train_images"
HEADERS = "dicom_headers.csv"
TO_NIH = "rsna_to_nih.csv"
OLDEST = 100
"""An age above this is an error of the source (five images say 148 to 155) and counts as unknown."""
UNSURE = 10.0
"""A squared error above this between an image and its NIH twin leaves the match unsure."""


@dataset_adapters.register("rsna")
def rsna(data: DataFolder) -> Dataset:
    """List the labelled radiographs; `boxes` are x, y, width, height in pixels of the 1024 x 1024 image, y down.

    `finding` is Target; `category` is "healthy" for the class Normal, "other" for the two others. Contradictory
    labels are reported and left out. Neither pixels nor, where the table of headers is there, DICOM files are opened.
    """
    root = data.root("rsna", LABELS)
    twins = read_twins(root)
    labels, problems = read_labels(root / LABELS, root / CLASSES, {name: twin.label for name, twin in twins.items()})
    headers, header_problems = _headers(root)
    patients = split_patients("rsna") or {name: twin.patient for name, twin in twins.items()}
    tables = _Tables(root / IMAGES, names_in(root / IMAGES), headers, patients, twins)
    cases = tuple(_case(name, label, tables) for name, label in labels.items())
    gaps = [*_patient_problems(cases, tables), *absent(root / IMAGES, cases)]
    return Dataset("rsna", cases, (*problems, *header_problems, *gaps))


def nih_patients(data: DataFolder) -> Mapping[str, str]:
    """`patientId` to NIH patient: by a registered split, else by `rsna_to_nih` below the data folder, else empty."""
    root = data.sibling("rsna")
    twins = read_twins(root) if root else {}
    return split_patients("rsna") or {name: twin.patient for name, twin in twins.items()}


@dataclass(frozen=True, slots=True)
class Twin:
    """The NIH ChestX-ray14 image that an RSNA image is, its patient, the match's squared error, and the class."""

    image: str
    patient: str
    error: float
    label: str


def read_twins(root: Path) -> Mapping[str, Twin]:
    """`patientId` to its NIH twin, from `rsna_to_nih.csv[.gz]`; empty where the table is absent."""
    path = _plain_or_packed(root / TO_NIH)
    if path is None:
        return {}
    rows = read_rows(path, ("patientId", "nih_image", "nih_patient", "mse", "class"))
    return {
        row["patientId"]: Twin(row["nih_image"], row["nih_patient"], float(row["mse"] or "nan"), row["class"])
        for row in rows
    }


def _plain_or_packed(path: Path) -> Path | None:
    return next((one for one in (path, path.with_name(f"{path.name}.gz")) if one.is_file()), None)


def _headers(root: Path) -> tuple[dict[str, Mapping[str, object]] | None, list[Problem]]:
    """Age, sex and view by image from the table of headers, None without it; impossible ages are reported."""
    path = _plain_or_packed(root / HEADERS)
    if path is None:
        reason = "absent: age, sex and view come from the DICOM files, where they are there, when they are asked for"
        return None, [Problem(HEADERS, reason, bad=False)]
    rows = read_rows(path, ("PatientID", "PatientAge", "PatientSex", "ViewPosition"))
    problems = [
        Problem(row["PatientID"], f"age {row['PatientAge']} counts as unknown", bad=False)
        for row in rows
        if row["PatientAge"] and age(row["PatientAge"]) is None
    ]
    found = {
        row["PatientID"]: _present(age=age(row["PatientAge"]), sex=row["PatientSex"], view=row["ViewPosition"])
        for row in rows
    }
    return found, problems


def _present(**facts: object) -> Mapping[str, object]:
    """The facts that are known."""
    return {key: value for key, value in facts.items() if value not in (None, "")}


def age(text: str) -> int | None:
    """Whole years from `58`, `58.0` or `058Y`; None for a blank, another unit, or a value above 100."""
    digits = text.strip().removesuffix("Y").removesuffix(".0")
    return int(digits) if digits.isdigit() and int(digits) <= OLDEST else None


class _FromFile(Mapping[str, object]):
    """Facts of a case whose age, sex and view are read from its DICOM header when first looked at."""

    def __init__(self, path: Path, known: Mapping[str, object]) -> None:
        self._path, self._known = path, known

    @cached_property
    def _all(self) -> Mapping[str, object]:
        from cxrbench.imaging.radiograph.dicom import header

        found = header(self._path)
        years = None if found.age is None else age(f"{found.age:.0f}")
        return {**_present(age=years, sex=found.sex, view=found.view), **self._known}

    def __getitem__(self, key: str) -> object:
        return self._known[key] if key in self._known else self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@dataclass(frozen=True, slots=True)
class _Tables:
    """What is known of the images beside their labels, by `patientId`; `headers` is None without their table."""

    images: Path
    here: frozenset[str]
    headers: Mapping[str, Mapping[str, object]] | None
    patients: Mapping[str, str]
    twins: Mapping[str, Twin]

    def meta(self, name: str, label: Label, path: Path | None) -> Mapping[str, object]:
        known: dict[str, object] = {"class": label.name} if label.name else {}
        if name in self.twins:
            known["nih_image"] = self.twins[name].image
        if self.headers is None and path is not None:
            return _FromFile(path, known)
        return {**(self.headers or {}).get(name, {}), **known}


def _case(name: str, label: Label, tables: _Tables) -> Case:
    path = tables.images / f"{name}.dcm"
    there = path.name in tables.here
    return Case(
        id=name,
        patient=tables.patients.get(name, f"image:{name}"),
        dataset="rsna",
        targets=Targets(finding=label.finding, boxes=label.boxes, category=label.category),
        meta=tables.meta(name, label, path if there else None),
        load=dicom(path, resized=True) if there else None,
    )


def _patient_problems(cases: Sequence[Case], tables: _Tables) -> Iterator[Problem]:
    if not tables.patients:
        yield Problem(TO_NIH, "absent, and no split gives the patients: unknown, each image counts as its own patient")
        return
    for case in cases:
        if case.id not in tables.patients:
            yield Problem(case.id, "its NIH patient is unknown: counts as a patient of its own")
    unsure = sum(twin.error > UNSURE for twin in tables.twins.values())
    if unsure:
        yield Problem(TO_NIH, f"{unsure} matches are unsure (squared error above {UNSURE:g})", bad=False)
