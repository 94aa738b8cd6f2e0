"""Actualmed COVID-19 chest X-ray set (github agchung/Actualmed-COVID-chestxray-dataset).

Layout: `metadata.csv` (CRLF) and `images/<imagename>`. The id is `imagename`, the patient `patientid`. A blank
`finding` is an inconclusive film: it has no category.
"""

from pathlib import Path

from cxrbench.case import Case
from cxrbench.datasets import DataFolder, Dataset, adapters
from cxrbench.datasets.files import absent, raster, unlisted
from cxrbench.datasets.findings import facts, finding_problems, found_targets
from cxrbench.datasets.table import Row, distinct, read_rows

COLUMNS = ("patientid", "finding", "view", "imagename")


@adapters.register("actualmed")
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
