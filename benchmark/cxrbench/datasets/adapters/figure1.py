"""Figure 1 COVID-19 chest X-ray set (github agchung/Figure1-COVID-chestxray-dataset).

Layout: `metadata.csv` in Latin-1, without a column of files, and `images/<patientid>.<jpg or png>`. The id is
`patientid` (an image's own: `COVID-00003a`), the patient is the id without its letter.
"""

from collections import defaultdict
from pathlib import Path, PurePath

from cxrbench.case import Case
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, distinct, read_rows
from cxrbench.datasets.formats.findings import facts, finding_problems, found_targets
from cxrbench.datasets.formats.image_files import absent, names_in, raster

COLUMNS = ("patientid", "finding", "view")


@dataset_adapters.register("figure1")
def figure1(data: DataFolder) -> Dataset:
    """List the films with their finding; of two files with one stem none is taken, which is reported."""
    root = data.root("figure1", "metadata.csv")
    table = read_rows(root / "metadata.csv", COLUMNS, encoding="latin-1")
    rows, problems = distinct(table, lambda row: row["patientid"], "metadata.csv")
    files, unclear = _files(root / "images", {row["patientid"] for row in table})
    cases = tuple(_case(row, files.get(row["patientid"])) for row in rows)
    gaps = [*unclear, *absent(root / "images", cases)]
    return Dataset("figure1", cases, (*problems, *finding_problems(rows, "patientid"), *gaps))


def _files(folder: Path, known: set[str]) -> tuple[dict[str, Path], list[Problem]]:
    """The one file of each stem, whatever its extension; stems with several, and with no row, are reported."""
    named: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names_in(folder)):
        named[PurePath(name).stem].append(name)
    problems = [
        Problem(f"images/{stem}.*", f"{len(names)} files ({', '.join(names)}): none taken")
        for stem, names in named.items()
        if len(names) > 1
    ]
    strange = [name for stem, names in named.items() if stem not in known for name in names]
    problems += [Problem(f"images/{name}", "present but not listed") for name in strange]
    return {stem: folder / names[0] for stem, names in named.items() if len(names) == 1}, problems


def _case(row: Row, path: Path | None) -> Case:
    return Case(
        id=row["patientid"],
        patient=row["patientid"].rstrip("abcdefgh"),
        dataset="figure1",
        targets=found_targets(row),
        meta=facts(row, "age", "sex", "view", "finding", "offset", "notes"),
        load=raster(path) if path else None,
    )
