"""Actualmed COVID-19 chest X-ray set (github agchung/Actualmed-COVID-chestxray-dataset).

Layout: `metadata.csv` (CRLF) and `images/<imagename>`. The id is `imagename`, the patient `patientid`. A blank
`finding` is an inconclusive film: it has no category.
"""

from pathlib import Path

from cxrbench.case import Case
from cxrbench.datasets import DataFolder, Dataset, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, distinct, read_rows
from cxrbench.datasets.formats.findings import facts, finding_problems, found_targets
from cxrbench.datasets.formats.image_files import absent, raster, unlisted

COLUMNS = ("patientid", "finding", "view", "imagename")


@dataset_adapters.register("actualmed")
def actualmed(data: DataFolder) -> Dataset:
    """List the films with their finding."""
    root = data.root("actualmed", "metadata.csv")
    table = read_rows(root / "metadata.csv", COLUMNS)
    rows, problems = distinct(table, lambda row: row["imagename"], "metadata.csv")
    cases = tuple(_case(root, row) for row in rows)
    gaps = [*absent(root / "images", cases), *unlisted(root / "images", (row["imagename"] for row in table))]
    return Dataset("actualmed", cases, (*problems, *finding_problems(rows, "imagename"), *gaps))


def _case(root: Path, row: Row) -> Case:
    return Case(
        id=row["imagename"],
        patient=row["patientid"],
        dataset="actualmed",
        targets=found_targets(row),
        meta=facts(row, "age", "sex", "view", "finding", "offset", "notes"),
        load=raster(root / "images" / row["imagename"]),
    )
