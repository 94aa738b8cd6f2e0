"""Cohen: the covid-chestxray-dataset (github ieee8023/covid-chestxray-dataset).

Layout: `metadata.csv`, `images/<filename>`, `volumes/<filename>`, `annotations/covid-severity-scores.csv` (94 frontal
radiographs with geographic extent 0-8 and opacity 0-6, the mean of three raters), and lung masks in
`annotations/semantic_masks_v7labs_lungs/` and `annotations/lungVAE-masks/`. A case is a frontal radiograph (modality
X-ray, view PA, AP or AP Supine); its id is the file name, its patient the `patientid`.

Three datasets read this layout: `cohen` has the lung masks that v7labs drew, `cohen-lungvae` those that a model made,
`cohen-volumes` lists the CT volumes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Category, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.cohen.masks import FOLDERS, Source, lung_mask, mask_file
from cxrbench.datasets.adapters.cohen.table import days_by_file, is_frontal, metadata_rows
from cxrbench.datasets.formats.csv_table import Row, distinct, read_secondary
from cxrbench.datasets.formats.findings import facts
from cxrbench.datasets.formats.image_files import absent, names_in, raster

UNKNOWN_FINDINGS = ("todo", "Unknown", "")
FACTS = ("age", "sex", "view", "finding", "offset", "location")
SCORES = "covid-severity-scores.csv"


@dataset_adapters.register("cohen")
def cohen(data: DataFolder) -> Dataset:
    """List the frontal radiographs of a copy of the Cohen set, each with what its tables say of it.

    A file name that two differing rows claim is left out and reported; a listed image that is absent stays a
    case without an image and is reported. A lung mask that is empty or of another size than its image is reported
    and not used.
    """
    return _radiographs("cohen", data, "v7labs")


@dataset_adapters.register("cohen-lungvae")
def cohen_lungvae(data: DataFolder) -> Dataset:
    """The same radiographs with the lung masks of lungVAE: made by a model, a reference and not the truth."""
    return _radiographs("cohen-lungvae", data, "lungvae")


@dataset_adapters.register("cohen-volumes")
def cohen_volumes(data: DataFolder) -> Dataset:
    """List the CT volumes apart: rows of the folder `volumes`; the id is the file name."""
    root = data.root("cohen", "metadata.csv")
    rows = [row for row in metadata_rows(root / "metadata.csv") if row["folder"] == "volumes"]
    kept, problems = distinct(rows, lambda row: row["filename"], "metadata.csv")
    cases = tuple(_volume(root / "volumes" / row["filename"], row) for row in kept)
    return Dataset("cohen-volumes", cases, (*problems, *absent(root / "volumes", cases)))


def _radiographs(dataset: str, data: DataFolder, masks: Source) -> Dataset:
    root = data.root("cohen", "metadata.csv")
    table = [row for row in metadata_rows(root / "metadata.csv") if is_frontal(row)]
    rows, problems = distinct(table, lambda row: row["filename"], "metadata.csv")
    severity, unclear = _severity(root / "annotations" / SCORES)
    days, cases = days_by_file(rows), []
    for row in rows:
        mask = lung_mask(root / "annotations", masks, root / "images" / row["filename"])
        problems += mask.problems
        targets = _targets(row, severity.get(row["filename"]), days.get(row["filename"]))
        cases.append(_case(root, row, dataset, replace(targets, lung_mask=mask.load)))
    lost = [*_caseless(severity, cases), *_maskless(root / "annotations", masks, cases)]
    return Dataset(dataset, tuple(cases), (*problems, *unclear, *lost, *absent(root / "images", cases)))


def _severity(path: Path) -> tuple[dict[str, tuple[float, float]], list[Problem]]:
    """Extent and opacity by file name; rows that are no scores are reported and not used."""
    if not path.exists():
        return {}, [Problem(path.name, "absent: no case has a severity score", bad=False)]
    columns = ("filename", "geographic_mean", "opacity_mean")
    table, unusable = read_secondary(path, columns, comment="#")
    rows, twice = distinct(table, lambda row: row["filename"], path.name)
    found, problems = {}, [*unusable, *twice]
    for row in rows:
        try:
            extent, opacity = float(row["geographic_mean"]), float(row["opacity_mean"])
        except ValueError:
            extent = opacity = -1.0
        if 0 <= extent <= 8 and 0 <= opacity <= 6:
            found[row["filename"]] = extent, opacity
        else:
            reason = f"extent {row['geographic_mean']}, opacity {row['opacity_mean']}: not 0-8 and 0-6, not used"
            problems.append(Problem(row["filename"], reason))
    return found, problems


def _caseless(severity: Mapping[str, object], cases: Sequence[Case]) -> list[Problem]:
    known = {case.id for case in cases}
    return [
        Problem(name, f"in {SCORES} but no frontal radiograph of this name") for name in severity if name not in known
    ]


def _maskless(annotations: Path, source: Source, cases: Sequence[Case]) -> list[Problem]:
    """How many masks belong to no case (laterals and CT slices have some too)."""
    files = {name for name in names_in(annotations / FOLDERS[source]) if not name.endswith(".md")}
    spare = files - {mask_file(annotations, source, case.id).name for case in cases}
    reason = f"{len(spare)} of {len(files)} masks belong to no frontal radiograph of metadata.csv"
    return [Problem(FOLDERS[source], reason, bad=False)] if spare else []


def _targets(row: Row, severity: tuple[float, float] | None, day: float | None) -> Targets:
    category = _category(row["finding"])
    return Targets(
        extent=severity[0] if severity else None,
        opacity=severity[1] if severity else None,
        category=category,
        finding=None if category is None else category != "healthy",
        icu=_yes(row.get("went_icu", "")),
        death={"Y": False, "N": True}.get(row.get("survival", "")),
        day=day,
    )


def _case(root: Path, row: Row, dataset: str, targets: Targets) -> Case:
    return Case(
        id=row["filename"],
        patient=row["patientid"],
        dataset=dataset,
        targets=targets,
        meta=facts(row, *FACTS),
        load=raster(root / "images" / row["filename"]),
    )


def _volume(path: Path, row: Row) -> Case:
    return Case(
        id=row["filename"],
        patient=row["patientid"],
        dataset="cohen-volumes",
        modality="ct",
        targets=Targets(category=_category(row["finding"])),
        meta=facts(row, *FACTS),
        load=partial(_read_volume, path) if path.is_file() else None,
    )


def _read_volume(path: Path) -> Image:
    from cxrbench.imaging.volume.nifti import read_nifti

    return read_nifti(path)


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
