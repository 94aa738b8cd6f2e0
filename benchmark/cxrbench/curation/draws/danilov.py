"""Danilov et al. 2022: the published parts, and the same without images whose patient stands in another part.

The authors drew by image within each source. Who is a patient is not in their table; it is here, by source:

- covid-chestxray-dataset: `patientid` of the Cohen table of 2020-06-22 (32 of 399 files are not in it; where two of
  its patients are one, they are here);
- Actualmed: `patientid` of its own table (14 files carry a second suffix `.bmp`);
- Figure1: the file's stem without its trailing letter (`COVID-00003a` and `b` are one patient);
- chest_xray_normal: the `IM-` number, with or without `NORMAL2` before it;
- rsna_normal: the NIH patient, from `rsna-v1.csv`;
- COVID-19-Radiography-Database: nothing is known, so each image counts as a patient of its own.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from cxrbench.curation.draws import draws, split_text
from cxrbench.datasets import DataFolder
from cxrbench.datasets.formats.csv_table import Row, read_rows
from cxrbench.errors import DataError
from cxrbench.splits import load_split
from cxrbench.splits.patient_identity import same_patient
from cxrbench.splits.split import UNUSED, Head

COHEN = "covid-chestxray-dataset"
LICENCE = "file names and subsets of metadata.csv, MIT (quantori/prj-covid-scoring)"
PATIENTS = (
    "patients: Cohen and Actualmed tables, Figure1 and IM numbers in file names, NIH numbers of RSNA; "
    "an image of which nothing is known counts as a patient of its own"
)
Patients = Mapping[str, str]


@draws.register("danilov@published")
def danilov_published(data: str | None) -> str:
    """The column `subset` of the authors' table."""
    subsets, patients = _published(data)
    head = Head(
        dataset="danilov",
        name="published",
        origin="published ids",
        licence=LICENCE,
        note=f"LEAKS: drawn by image, see the audit; for comparison with the paper; {PATIENTS}",
    )
    return split_text(head, [(name, patients[name], part) for name, part in subsets.items()])


@draws.register("danilov")
def danilov(data: str | None) -> str:
    """The published parts less what leaks, so that models trained on the published parts may still be tested."""
    subsets, patients = _published(data)
    clean = without_leaks(subsets, patients)
    head = Head(
        dataset="danilov",
        origin="published ids, less what leaks",
        licence=LICENCE,
        note="disjoint in patients: the published train; of val and test the images whose patient is in no other "
        "published part; the others, and Cohen images whose patient is unknown, are unused if they are not in train; "
        f"{PATIENTS}",
    )
    return split_text(head, [(name, patients[name], part) for name, part in clean.items()])


def without_leaks(subsets: Mapping[str, str], patients: Patients) -> dict[str, str]:
    """Train as published; a val or test image whose patient is in another part, or may be, is unused."""
    parts_of: dict[str, set[str]] = {}
    for name, part in subsets.items():
        parts_of.setdefault(patients[name], set()).add(part)

    def leaks(name: str) -> bool:
        unsure = name.startswith(f"{COHEN}/") and patients[name].startswith("image:")
        return unsure or len(parts_of[patients[name]]) > 1

    return {name: UNUSED if part != "train" and leaks(name) else part for name, part in subsets.items()}


def _published(data: str | None) -> tuple[dict[str, str], Patients]:
    """Case id to published part, and case id to patient."""
    folder = DataFolder(None if data is None else Path(data))
    root = folder.root("danilov", "metadata.csv")
    rows = read_rows(root / "metadata.csv", ("dataset", "filename", "subset"))
    known = _sources(folder)
    return {_id(row): row["subset"] for row in rows}, {_id(row): _patient(row, known) for row in rows}


def _id(row: Row) -> str:
    return f"{row['dataset']}/{row['filename']}"


def _patient(row: Row, known: Mapping[str, Callable[[str], str | None]]) -> str:
    found = known[row["dataset"]](row["filename"])
    return found or f"image:{_id(row)}"


def _sources(folder: DataFolder) -> dict[str, Callable[[str], str | None]]:
    """For each source, the patient of a file name, prefixed with the source; None where nothing is known."""
    cohen = _table(folder, "cohen", "filename")
    actualmed = _table(folder, "actualmed", "imagename")
    nih = load_split("rsna").patients
    return {
        COHEN: lambda name: _prefixed("cohen", same_patient(cohen.get(name, ""))),
        "Actualmed-COVID-chestxray-dataset": lambda name: _prefixed(
            "actualmed", actualmed.get(name.removesuffix(".bmp"))
        ),
        "Figure1-COVID-chestxray-dataset": lambda name: f"figure1:{PurePath(name).stem.rstrip('abc')}",
        "chest_xray_normal": lambda name: _prefixed("kermany", _first(r"IM-\d+", name)),
        "rsna_normal": lambda name: _prefixed("nih", nih.get(PurePath(name).stem)),
        "COVID-19-Radiography-Database": lambda _: None,
    }


def _prefixed(source: str, patient: str | None) -> str | None:
    return f"{source}:{patient}" if patient else None


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found.group() if found else None


def _table(folder: DataFolder, name: str, key: str) -> dict[str, str]:
    """File name to `patientid` in the table of a source, which must be at hand to draw this split."""
    root = folder.sibling(name)
    if root is None:
        raise DataError(f"the patients of {name} are needed to draw this split", name, "complete the data folder")
    return {row[key]: row["patientid"] for row in read_rows(root / "metadata.csv", (key, "patientid"))}
