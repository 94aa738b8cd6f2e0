"""The Cohen table, whose header changes from commit to commit: one form of row for all of them."""

from collections import defaultdict
from pathlib import Path

from cxrbench.datasets import DataFolder
from cxrbench.datasets.formats.csv_table import Row, read_rows

FRONTAL = ("PA", "AP", "AP Supine")
SLICES = ("Axial", "Coronal")
"""Views of computed tomography."""
COLUMNS = ("patientid", "filename", "finding", "view", "modality", "folder")
FIRST = ("patientid", "filename", "finding", "view")
"""What the first generation has: `Patientid` with a capital, ` url` with a space, no modality, maybe no folder."""


def read_metadata(path: Path) -> list[Row]:
    """Read any generation of metadata.csv.

    The first generation has no modality and sometimes no folder: there a slice is recognised as CT by its view, the
    rest is X-ray, and all files are in `images`.

    Args:
        path: The table.

    Returns:
        Every row, with the names of today's columns.

    Raises:
        DataError: A column is missing.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        first = "Patientid" in lines.readline().split(",")
    if not first:
        return read_rows(path, COLUMNS)
    rows = read_rows(path, FIRST, rename={"Patientid": "patientid"})
    return [{"modality": "CT" if row["view"] in SLICES else "X-ray", "folder": "images", **row} for row in rows]


def is_frontal(row: Row) -> bool:
    """Check whether a row is a frontal radiograph in the folder `images`.

    Args:
        row: A row of the table.

    Returns:
        Whether it is a case of the dataset.

    Example:
        >>> is_frontal({"modality": "X-ray", "view": "L", "folder": "images"})
        False
    """
    return row["modality"] == "X-ray" and row["view"] in FRONTAL and row["folder"] == "images"


def read_patients_by_file(path: Path) -> dict[str, str]:
    """Read the patient of each file from a Cohen table, all views and modalities included.

    Args:
        path: The table.

    Returns:
        File name to patientid; a file that several patients have is left out.

    Raises:
        DataError: A column is missing.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for row in read_metadata(path):
        owners[row["filename"]].add(row["patientid"])
    return {name: patients.pop() for name, patients in owners.items() if len(patients) == 1}


def find_cohen_patients(data: DataFolder) -> dict[str, str]:
    """Find the Cohen table beside another dataset and read its patients.

    Args:
        data: The data folder.

    Returns:
        File name to patientid; empty where there is no Cohen table.

    Raises:
        DataError: A column of the table is missing.
    """
    folder = data.sibling("cohen")
    table = folder / "metadata.csv" if folder else None
    return read_patients_by_file(table) if table and table.is_file() else {}


def compute_days_by_file(rows: list[Row]) -> dict[str, float]:
    """Compute the day of each study from the column `offset`.

    Args:
        rows: Rows of the table.

    Returns:
        File name to days since the patient's first study; rows whose offset is no number are left out.

    Example:
        >>> rows = [{"filename": name, "patientid": "2", "offset": day} for name, day in (("a", "3"), ("b", "7"))]
        >>> compute_days_by_file(rows)
        {'a': 0.0, 'b': 4.0}
    """
    offsets = [(row, float(row["offset"])) for row in rows if _is_number(row.get("offset", ""))]
    first: dict[str, float] = {}
    for row, offset in offsets:
        first[row["patientid"]] = min(offset, first.get(row["patientid"], offset))
    return {row["filename"]: offset - first[row["patientid"]] for row, offset in offsets}


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()
