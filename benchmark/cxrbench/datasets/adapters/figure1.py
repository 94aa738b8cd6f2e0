"""Figure 1 COVID-19 chest X-ray set (github agchung/Figure1-COVID-chestxray-dataset).

Layout: `metadata.csv` in Latin-1, without a column of files, and `images/<patientid>.<jpg or png>`. The id is
`patientid` (which is one per image: `COVID-00003a`), the patient is the id without its letter.
"""

from collections import defaultdict
from pathlib import Path, PurePath

from cxrbench.case import Case
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_rows
from cxrbench.datasets.formats.findings import check_findings, collect_facts, make_finding_targets
from cxrbench.datasets.formats.image_files import (
    find_file,
    list_absent_images,
    list_files,
    list_names,
    make_raster_loader,
)

COLUMNS = ("patientid", "finding", "view")


@dataset_adapters.register("figure1")
def list_figure1(data: DataFolder) -> Dataset:
    """List the radiographs with their finding; of two files with one stem none is used, which is reported.

    Args:
        data: The data folder.

    Returns:
        One case per row of the table, in its order.

    Raises:
        DataError: The table or a column is missing.
    """
    root = data.root("figure1", "metadata.csv")
    table = read_rows(root / "metadata.csv", COLUMNS, encoding="latin-1")
    rows, problems = drop_duplicates(table, lambda row: row["patientid"], "metadata.csv")
    files, unclear = _find_files(root / "images", {row["patientid"] for row in table})
    cases = tuple(_make_case(row, files.get(row["patientid"])) for row in rows)
    absent = list_absent_images(root / "images", cases)
    return Dataset("figure1", cases, (*problems, *check_findings(rows, "patientid"), *unclear, *absent))


def _find_files(folder: Path, known: set[str]) -> tuple[dict[str, Path], list[Problem]]:
    """The single file of each stem, whatever its extension; stems with several, and with no row, are reported."""
    names_by_stem: dict[str, list[str]] = defaultdict(list)
    for name in sorted(list_names(folder)):
        names_by_stem[PurePath(name).stem].append(name)
    problems = [
        Problem(f"images/{stem}.*", f"{len(names)} files ({', '.join(names)}): none used")
        for stem, names in names_by_stem.items()
        if len(names) > 1
    ]
    unlisted = [name for stem, names in names_by_stem.items() if stem not in known for name in names]
    problems += [Problem(f"images/{name}", "present but not listed") for name in unlisted]
    return {stem: folder / names[0] for stem, names in names_by_stem.items() if len(names) == 1}, problems


def _make_case(row: Row, path: Path | None) -> Case:
    image = find_file(path)
    return Case(
        id=row["patientid"],
        patient=row["patientid"].rstrip("abcdefgh"),
        dataset="figure1",
        targets=make_finding_targets(row),
        meta=collect_facts(row, "age", "sex", "view", "finding", "offset", "notes"),
        load=make_raster_loader(image),
        files=list_files(image),
    )
