"""Danilov et al. 2022: the published parts, and the same without images whose patient is in another part.

The authors drew by image within each source. Their table does not state patients; these are taken from each source:

- covid-chestxray-dataset: `patientid` of the Cohen table of 2020-06-22 (32 of 399 files are not in it; where two of
  its patients are one, they are here);
- Actualmed: `patientid` of its own table (14 files carry a second suffix `.bmp`);
- Figure1: the file's stem without its trailing letter (`COVID-00003a` and `b` are one patient);
- chest_xray_normal: the `IM-` number, with or without `NORMAL2` before it;
- rsna_normal: the NIH patient, from `rsna-v1.csv`;
- COVID-19-Radiography-Database: unknown, so each image counts as a patient of its own.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from cxrbench.curation.draws import draws, format_split_file
from cxrbench.datasets import DataFolder
from cxrbench.datasets.formats.csv_table import Row, read_rows
from cxrbench.errors import DataError
from cxrbench.splits import load_split
from cxrbench.splits.patient_identity import merge_cohen_ids
from cxrbench.splits.split import UNUSED, SplitHeader

COHEN = "covid-chestxray-dataset"
LICENCE = "file names and subsets of metadata.csv, MIT (quantori/prj-covid-scoring)"
PATIENTS = (
    "patients: Cohen and Actualmed tables, Figure1 and IM numbers in file names, NIH numbers of RSNA; "
    "an image of which nothing is known counts as a patient of its own"
)
PatientByCase = Mapping[str, str]


@draws.register("danilov@published")
def draw_danilov_published(data: str | None) -> str:
    """Draw the column `subset` of the authors' table.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    subsets, patients = _read_published(data)
    header = SplitHeader(
        dataset="danilov",
        name="published",
        origin="published ids",
        licence=LICENCE,
        note=f"LEAKS: drawn by image, see the audit; for comparison with the paper; {PATIENTS}",
    )
    return format_split_file(header, [(name, patients[name], part) for name, part in subsets.items()])


@draws.register("danilov")
def draw_danilov(data: str | None) -> str:
    """Draw the published parts without what leaks, so that models trained on the published parts can still be tested.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    subsets, patients = _read_published(data)
    clean = remove_leaks(subsets, patients)
    header = SplitHeader(
        dataset="danilov",
        origin="published ids, less what leaks",
        licence=LICENCE,
        note="disjoint in patients: the published train; of val and test the images whose patient is in no other "
        "published part; the others, and Cohen images whose patient is unknown, are unused if they are not in train; "
        f"{PATIENTS}",
    )
    return format_split_file(header, [(name, patients[name], part) for name, part in clean.items()])


def remove_leaks(subsets: Mapping[str, str], patients: PatientByCase) -> dict[str, str]:
    """Keep train as published, and mark a val or test image as unused if its patient is, or may be, in another part.

    Args:
        subsets: Case id to published part.
        patients: Case id to patient.

    Returns:
        Case id to part.
    """
    parts_of: dict[str, set[str]] = {}
    for name, part in subsets.items():
        parts_of.setdefault(patients[name], set()).add(part)

    def leaks(name: str) -> bool:
        uncertain = name.startswith(f"{COHEN}/") and patients[name].startswith("image:")
        return uncertain or len(parts_of[patients[name]]) > 1

    return {name: UNUSED if part != "train" and leaks(name) else part for name, part in subsets.items()}


def _read_published(data: str | None) -> tuple[dict[str, str], PatientByCase]:
    """Case id to published part, and case id to patient."""
    folder = DataFolder(None if data is None else Path(data))
    root = folder.root("danilov", "metadata.csv")
    rows = read_rows(root / "metadata.csv", ("dataset", "filename", "subset"))
    lookups = _make_lookups(folder)
    subsets = {_to_case_id(row): row["subset"] for row in rows}
    return subsets, {_to_case_id(row): _find_patient(row, lookups) for row in rows}


def _to_case_id(row: Row) -> str:
    return f"{row['dataset']}/{row['filename']}"


def _find_patient(row: Row, lookups: Mapping[str, Callable[[str], str | None]]) -> str:
    patient = lookups[row["dataset"]](row["filename"])
    return patient or f"image:{_to_case_id(row)}"


def _make_lookups(folder: DataFolder) -> dict[str, Callable[[str], str | None]]:
    """For each source, a function from file name to patient, prefixed with the source; None where it is unknown."""
    cohen = _read_patient_table(folder, "cohen", "filename")
    actualmed = _read_patient_table(folder, "actualmed", "imagename")
    nih = load_split("rsna").patients
    return {
        COHEN: lambda name: _add_prefix("cohen", merge_cohen_ids(cohen.get(name, ""))),
        "Actualmed-COVID-chestxray-dataset": lambda name: _add_prefix(
            "actualmed", actualmed.get(name.removesuffix(".bmp"))
        ),
        "Figure1-COVID-chestxray-dataset": lambda name: f"figure1:{PurePath(name).stem.rstrip('abc')}",
        "chest_xray_normal": lambda name: _add_prefix("kermany", _find_first(r"IM-\d+", name)),
        "rsna_normal": lambda name: _add_prefix("nih", nih.get(PurePath(name).stem)),
        "COVID-19-Radiography-Database": lambda _: None,
    }


def _add_prefix(source: str, patient: str | None) -> str | None:
    return f"{source}:{patient}" if patient else None


def _find_first(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text)
    return match.group() if match else None


def _read_patient_table(folder: DataFolder, name: str, key: str) -> dict[str, str]:
    """File name to `patientid` in the table of a source, which must be available to draw this split."""
    root = folder.sibling(name)
    if root is None:
        raise DataError(f"the patients of {name} are needed to draw this split", name, "complete the data folder")
    return {row[key]: row["patientid"] for row in read_rows(root / "metadata.csv", (key, "patientid"))}
