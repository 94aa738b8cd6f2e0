"""Normals of NIH ChestX-ray14: radiographs with "No Finding", as a subset with its rows of the NIH table.

Layout, in `nih-normal/` or `nih-normal-512/`: `Data_Entry_2017_subset.csv` and `images/<Image Index>`. The id is
`Image Index`, the patient is NIH's `Patient ID`.
"""

from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.rsna.adapter import parse_age
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_rows
from cxrbench.datasets.formats.image_files import (
    find_file,
    list_absent_images,
    list_files,
    list_unlisted_files,
    make_raster_loader,
)
from cxrbench.errors import DataError

TABLE = "Data_Entry_2017_subset.csv"
COLUMNS = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "Patient Gender", "View Position")
NORMAL = "No Finding"


@dataset_adapters.register("nih-normal")
def list_nih_normal(data: DataFolder) -> Dataset:
    """List the normal radiographs; a row with another finding is reported and left out.

    Args:
        data: The data folder.

    Returns:
        One case per normal row of the table, in its order.

    Raises:
        DataError: The table or a column is missing.
    """
    root = _find_root(data)
    table = read_rows(root / TABLE, COLUMNS)
    rows, problems = drop_duplicates(table, lambda row: row["Image Index"], TABLE)
    other = [row for row in rows if row["Finding Labels"] != NORMAL]
    problems += [Problem(row["Image Index"], f"finding {row['Finding Labels']}: left out") for row in other]
    cases = tuple(_make_case(root, row) for row in rows if row["Finding Labels"] == NORMAL)
    absent = list_absent_images(root / "images", cases)
    unlisted = list_unlisted_files(root / "images", (row["Image Index"] for row in table))
    return Dataset("nih-normal", cases, (*problems, *absent, *unlisted))


def _find_root(data: DataFolder) -> Path:
    try:
        return data.root("nih-normal", TABLE)
    except DataError as error:
        folder = data.sibling("nih-normal-512")
        if folder is None or not (folder / TABLE).is_file():
            raise error from None
        return folder


def _make_case(root: Path, row: Row) -> Case:
    facts = {"age": parse_age(row["Patient Age"]), "sex": row["Patient Gender"], "view": row["View Position"]}
    image = find_file(root / "images" / row["Image Index"])
    return Case(
        id=row["Image Index"],
        patient=row["Patient ID"],
        dataset="nih-normal",
        targets=Targets(finding=False, category="healthy"),
        meta={key: value for key, value in facts.items() if value not in (None, "")},
        load=make_raster_loader(image),
        files=list_files(image),
    )
