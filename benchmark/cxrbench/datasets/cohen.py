"""Cohen: the covid-chestxray-dataset (github ieee8023/covid-chestxray-dataset).

Layout: `metadata.csv`, `images/<filename>`, `annotations/covid-severity-scores.csv` (94 frontal radiographs with
geographic extent 0-8 and opacity 0-6, the mean of three raters). A case is a frontal radiograph (modality X-ray,
view PA, AP or AP Supine); its id is the file name, its patient the `patientid`.
"""

from collections import defaultdict
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, adapters
from cxrbench.datasets.table import Row, distinct, read_rows
from cxrbench.imaging.raster import read_raster

FRONTAL = ("PA", "AP", "AP Supine")
COLUMNS = ("patientid", "filename", "finding", "view", "modality", "folder")
UNKNOWN_FINDINGS = ("todo", "Unknown", "")


@adapters.register("cohen")
def cohen(data: DataFolder) -> Dataset:
    """List the frontal radiographs of a copy of the Cohen set, each with what its tables say of it.

    A file name that two differing rows claim is left out and reported; a listed image that is absent stays a
    case without an image and is reported.
    """
    root = data.root("cohen", "metadata.csv")
    rows, problems = frontal_rows(root)
    severity = _severity(root)
    cases = [_case(root, row, severity.get(row["filename"])) for row in rows]
    absent = [Problem(f"images/{case.id}", "listed but absent") for case in cases if not case.available]
    return Dataset("cohen", tuple(cases), (*problems, *absent))


def frontal_rows(root: Path) -> tuple[list[Row], list[Problem]]:
    """The metadata rows of frontal radiographs, one a file name, and the names that rows disagree on."""
    rows = read_rows(root / "metadata.csv", COLUMNS)
    frontal = [
        row for row in rows if row["modality"] == "X-ray" and row["view"] in FRONTAL and row["folder"] == "images"
    ]
    return distinct(frontal, lambda row: row["filename"], "metadata.csv")


def patients_by_file(path: Path) -> dict[str, str]:
    """File name to patientid, over every row of a Cohen table; a name that several patients claim is left out."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in read_rows(path, COLUMNS):
        owners[row["filename"]].add(row["patientid"])
    return {name: patients.pop() for name, patients in owners.items() if len(patients) == 1}


def _severity(root: Path) -> dict[str, tuple[float, float]]:
    path = root / "annotations" / "covid-severity-scores.csv"
    if not path.exists():
        return {}
    columns = ("filename", "geographic_mean", "opacity_mean")
    rows = read_rows(path, columns, comment="#")
    return {row["filename"]: (float(row["geographic_mean"]), float(row["opacity_mean"])) for row in rows}


def _case(root: Path, row: Row, severity: tuple[float, float] | None) -> Case:
    path = root / "images" / row["filename"]
    category = _category(row["finding"])
    return Case(
        id=row["filename"],
        patient=row["patientid"],
        dataset="cohen",
        targets=Targets(
            extent=severity[0] if severity else None,
            opacity=severity[1] if severity else None,
            category=category,
            finding=None if category is None else category != "healthy",
            icu=_yes(row.get("went_icu", "")),
            death={"Y": False, "N": True}.get(row.get("survival", "")),
        ),
        meta={key: row[key] for key in ("age", "sex", "view", "finding", "offset", "location") if row.get(key)},
        load=partial(read_raster, path) if path.is_file() else None,
    )


def _category(finding: str) -> Category | None:
    """`COVID-19` as a component of either style: `COVID-19, ARDS` or `Pneumonia/Viral/COVID-19`."""
    if finding in UNKNOWN_FINDINGS:
        return None
    parts = [part.strip() for part in finding.replace(",", "/").split("/")]
    if "COVID-19" in parts:
        return "covid"
    return "healthy" if "No Finding" in parts else "other"


def _yes(text: str) -> bool | None:
    """Y and N; blanks, `?` and free text are unknown."""
    return {"Y": True, "N": False}.get(text)
