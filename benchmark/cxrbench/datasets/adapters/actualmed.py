"""Actualmed COVID-19 chest X-ray set (github agchung/Actualmed-COVID-chestxray-dataset).

Layout: `metadata.csv` (CRLF) and `images/<imagename>`. The id is `imagename`, the patient `patientid`. A blank
`finding` means an inconclusive radiograph: it has no category.
"""

from pathlib import Path

from cxrbench.case import Case
from cxrbench.datasets import DataFolder, Dataset, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_rows
from cxrbench.datasets.formats.findings import check_findings, collect_facts, make_finding_targets
from cxrbench.datasets.formats.image_files import (
    find_file,
    list_absent_images,
    list_files,
    list_unlisted_files,
    make_raster_loader,
)

COLUMNS = ("patientid", "finding", "view", "imagename")


@dataset_adapters.register("actualmed")
def list_actualmed(data: DataFolder) -> Dataset:
    """List the radiographs with their finding.

    Args:
        data: The data folder.

    Returns:
        One case per image of the table, in its order.

    Raises:
        DataError: The table or a column is missing.
    """
    root = data.root("actualmed", "metadata.csv")
    table = read_rows(root / "metadata.csv", COLUMNS)
    rows, problems = drop_duplicates(table, lambda row: row["imagename"], "metadata.csv")
    cases = tuple(_make_case(root, row) for row in rows)
    absent = list_absent_images(root / "images", cases)
    unlisted = list_unlisted_files(root / "images", (row["imagename"] for row in table))
    return Dataset("actualmed", cases, (*problems, *check_findings(rows, "imagename"), *absent, *unlisted))


def _make_case(root: Path, row: Row) -> Case:
    image = find_file(root / "images" / row["imagename"])
    return Case(
        id=row["imagename"],
        patient=row["patientid"],
        dataset="actualmed",
        targets=make_finding_targets(row),
        meta=collect_facts(row, "age", "sex", "view", "finding", "offset", "notes"),
        load=make_raster_loader(image),
        files=list_files(image),
    )
