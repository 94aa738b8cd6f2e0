"""The Cohen table, whose header drifts from commit to commit: one form of row for all of them."""

from collections import defaultdict
from pathlib import Path

from cxrbench.datasets.formats.csv_table import Row, read_rows

FRONTAL = ("PA", "AP", "AP Supine")
SLICES = ("Axial", "Coronal")
"""Views of computed tomography."""
COLUMNS = ("patientid", "filename", "finding", "view", "modality", "folder")
FIRST = ("patientid", "filename", "finding", "view")
"""What the first generation has: `Patientid` with a capital, ` url` with a space, no modality, maybe no folder."""


def metadata_rows(path: Path) -> list[Row]:
    """Every row of any generation of metadata.csv, with the names of today's columns.

    The first generation says neither modality nor, at times, folder: slices are CT by their view, the rest X-ray, and
    all of it lies in `images`. Raises `DataError` where a column is missing.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        first = "Patientid" in lines.readline().split(",")
    if not first:
        return read_rows(path, COLUMNS)
    rows = read_rows(path, FIRST, rename={"Patientid": "patientid"})
    return [{"modality": "CT" if row["view"] in SLICES else "X-ray", "folder": "images", **row} for row in rows]


def is_frontal(row: Row) -> bool:
    """Whether a row is a frontal radiograph kept as a picture."""
    return row["modality"] == "X-ray" and row["view"] in FRONTAL and row["folder"] == "images"


def patients_by_file(path: Path) -> dict[str, str]:
    """File name to patientid, over every row of a Cohen table; a name that several patients claim is left out."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in metadata_rows(path):
        owners[row["filename"]].add(row["patientid"])
    return {name: patients.pop() for name, patients in owners.items() if len(patients) == 1}


def days_by_file(rows: list[Row]) -> dict[str, float]:
    """File name to days since the patient's first study, from `offset`; rows whose offset is no number are left out."""
    offsets = [(row, float(row["offset"])) for row in rows if _is_number(row.get("offset", ""))]
    first: dict[str, float] = {}
    for row, offset in offsets:
        first[row["patientid"]] = min(offset, first.get(row["patientid"], offset))
    return {row["filename"]: offset - first[row["patientid"]] for row, offset in offsets}


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()
