"""Normals of NIH ChestX-ray14: films with "No Finding", as a subset with its rows of the NIH table.

Layout, in `nih-normal/` or `nih-normal-512/`: `Data_Entry_2017_subset.csv` and `images/<Image Index>`. The id is
`Image Index`, the patient is NIH's `Patient ID`.
"""

from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.rsna.adapter import age
from cxrbench.datasets.formats.csv_table import Row, distinct, read_rows
from cxrbench.datasets.formats.image_files import absent, first_found, raster, unlisted
from cxrbench.errors import DataError

TABLE = "Data_Entry_2017_subset.csv"
COLUMNS = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "Patient Gender", "View Position")
NORMAL = "No Finding"


@dataset_adapters.register("nih-normal")
def nih_normal(data: DataFolder) -> Dataset:
    """List the normal films; a row with another finding is reported and left out."""
    root = _root(data)
    table = read_rows(root / TABLE, COLUMNS)
    rows, problems = distinct(table, lambda row: row["Image Index"], TABLE)
    other = [row for row in rows if row["Finding Labels"] != NORMAL]
    problems += [Problem(row["Image Index"], f"finding {row['Finding Labels']}: left out") for row in other]
    cases = tuple(_case(root, row) for row in rows if row["Finding Labels"] == NORMAL)
    gaps = [*absent(root / "images", cases), *unlisted(root / "images", (row["Image Index"] for row in table))]
    return Dataset("nih-normal", cases, (*problems, *gaps))


def _root(data: DataFolder) -> Path:
    try:
        return first_found(data, "nih-normal", TABLE)[0]
    except DataError as error:
        other = data.sibling("nih-normal-512")
        if other is None or not (other / TABLE).is_file():
            raise error from None
        return other


def _case(root: Path, row: Row) -> Case:
    known = {"age": age(row["Patient Age"]), "sex": row["Patient Gender"], "view": row["View Position"]}
    return Case(
        id=row["Image Index"],
        patient=row["Patient ID"],
        dataset="nih-normal",
        targets=Targets(finding=False, category="healthy"),
        meta={key: value for key, value in known.items() if value not in (None, "")},
        load=raster(root / "images" / row["Image Index"]),
    )
