"""Cohen: the covid-chestxray-dataset (github ieee8023/covid-chestxray-dataset).

Layout: `metadata.csv`, `images/<filename>`, `volumes/<filename>`, `annotations/covid-severity-scores.csv` (94 frontal
radiographs with geographic extent 0-8 and opacity 0-6, the mean of three raters), and lung segmentations in
`annotations/semantic_masks_v7labs_lungs/` and `annotations/lungVAE-masks/`. A case is a frontal radiograph (modality
X-ray, view PA, AP or AP Supine); its id is the file name, its patient the `patientid`.

Three datasets read this layout: `cohen` has the lung segmentations that v7labs drew, `cohen-lungvae` those that a
model predicted, `cohen-volumes` lists the CT volumes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Category, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.cohen.masks import FOLDERS, LungMask, MaskSource, find_lung_mask, make_mask_path
from cxrbench.datasets.adapters.cohen.table import compute_days_by_file, is_frontal, read_metadata
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_optional_rows
from cxrbench.datasets.formats.findings import collect_facts, to_finding
from cxrbench.datasets.formats.image_files import (
    find_file,
    list_absent_images,
    list_files,
    list_names,
    make_raster_loader,
)

UNKNOWN_FINDINGS = ("todo", "Unknown", "")
FACTS = ("age", "sex", "view", "finding", "offset", "location")
SCORES = "covid-severity-scores.csv"


@dataset_adapters.register("cohen")
def list_cohen(data: DataFolder) -> Dataset:
    """List the frontal radiographs of a copy of the Cohen set, each with what its tables say.

    A file name in two differing rows is left out and reported. A listed image that is absent stays a case without an
    image and is reported. A lung segmentation that is empty or differs in size from its image is reported and not
    used.

    Args:
        data: The data folder.

    Returns:
        One case per frontal radiograph, in the order of the table.

    Raises:
        DataError: The table or a column is missing.
    """
    return _list_radiographs("cohen", data, "v7labs")


@dataset_adapters.register("cohen-lungvae")
def list_cohen_lungvae(data: DataFolder) -> Dataset:
    """List the same radiographs with the lung segmentations of lungVAE: model output, hence no ground truth.

    Args:
        data: The data folder.

    Returns:
        One case per frontal radiograph, in the order of the table.

    Raises:
        DataError: The table or a column is missing.
    """
    return _list_radiographs("cohen-lungvae", data, "lungvae")


@dataset_adapters.register("cohen-volumes")
def list_cohen_volumes(data: DataFolder) -> Dataset:
    """List the CT volumes: the rows of the folder `volumes`; the id is the file name.

    Args:
        data: The data folder.

    Returns:
        One case per volume, in the order of the table.

    Raises:
        DataError: The table or a column is missing.
    """
    root = data.root("cohen", "metadata.csv")
    rows = [row for row in read_metadata(root / "metadata.csv") if row["folder"] == "volumes"]
    kept, problems = drop_duplicates(rows, lambda row: row["filename"], "metadata.csv")
    cases = tuple(_make_volume_case(root / "volumes" / row["filename"], row) for row in kept)
    return Dataset("cohen-volumes", cases, (*problems, *list_absent_images(root / "volumes", cases)))


def _list_radiographs(dataset: str, data: DataFolder, source: MaskSource) -> Dataset:
    root = data.root("cohen", "metadata.csv")
    table = [row for row in read_metadata(root / "metadata.csv") if is_frontal(row)]
    rows, problems = drop_duplicates(table, lambda row: row["filename"], "metadata.csv")
    severity, unclear = _read_severity(root / "annotations" / SCORES)
    days, cases = compute_days_by_file(rows), []
    for row in rows:
        mask = find_lung_mask(root / "annotations", source, root / "images" / row["filename"])
        problems += mask.problems
        targets = _make_targets(row, severity.get(row["filename"]), days.get(row["filename"]))
        cases.append(_make_case(root, row, dataset, targets, mask))
    unmatched = [*_list_scores_without_case(severity, cases), *_count_unused_masks(root / "annotations", source, cases)]
    absent = list_absent_images(root / "images", cases)
    return Dataset(dataset, tuple(cases), (*problems, *unclear, *unmatched, *absent))


def _read_severity(path: Path) -> tuple[dict[str, tuple[float, float]], list[Problem]]:
    """Extent and opacity by file name; rows that are no scores are reported and not used."""
    if not path.exists():
        return {}, [Problem(path.name, "absent: no case has a severity score", bad=False)]
    columns = ("filename", "geographic_mean", "opacity_mean")
    table, unusable = read_optional_rows(path, columns, comment="#")
    rows, repeated = drop_duplicates(table, lambda row: row["filename"], path.name)
    scores, problems = {}, [*unusable, *repeated]
    for row in rows:
        try:
            extent, opacity = float(row["geographic_mean"]), float(row["opacity_mean"])
        except ValueError:
            extent = opacity = -1.0
        if 0 <= extent <= 8 and 0 <= opacity <= 6:
            scores[row["filename"]] = extent, opacity
        else:
            reason = f"extent {row['geographic_mean']}, opacity {row['opacity_mean']}: not 0-8 and 0-6, not used"
            problems.append(Problem(row["filename"], reason))
    return scores, problems


def _list_scores_without_case(severity: Mapping[str, object], cases: Sequence[Case]) -> list[Problem]:
    known = {case.id for case in cases}
    reason = f"in {SCORES} but no frontal radiograph of this name"
    return [Problem(name, reason) for name in severity if name not in known]


def _count_unused_masks(annotations: Path, source: MaskSource, cases: Sequence[Case]) -> list[Problem]:
    """How many masks belong to no case (laterals and CT slices have some too)."""
    files = {name for name in list_names(annotations / FOLDERS[source]) if not name.endswith(".md")}
    spare = files - {make_mask_path(annotations, source, case.id).name for case in cases}
    reason = f"{len(spare)} of {len(files)} masks belong to no frontal radiograph of metadata.csv"
    return [Problem(FOLDERS[source], reason, bad=False)] if spare else []


def _make_targets(row: Row, severity: tuple[float, float] | None, day: float | None) -> Targets:
    category = _to_category(row["finding"])
    return Targets(
        extent=severity[0] if severity else None,
        opacity=severity[1] if severity else None,
        category=category,
        finding=to_finding(category),
        icu=_parse_answer(row.get("went_icu", "")),
        death={"Y": False, "N": True}.get(row.get("survival", "")),
        day=day,
    )


def _make_case(root: Path, row: Row, dataset: str, targets: Targets, mask: LungMask) -> Case:
    image = find_file(root / "images" / row["filename"])
    return Case(
        id=row["filename"],
        patient=row["patientid"],
        dataset=dataset,
        targets=replace(targets, lung_mask=mask.load),
        meta=collect_facts(row, *FACTS),
        load=make_raster_loader(image),
        files=list_files(image),
        mask_files=mask.files,
    )


def _make_volume_case(path: Path, row: Row) -> Case:
    image = find_file(path)
    return Case(
        id=row["filename"],
        patient=row["patientid"],
        dataset="cohen-volumes",
        modality="ct",
        targets=Targets(category=_to_category(row["finding"])),
        meta=collect_facts(row, *FACTS),
        load=partial(_read_volume, image) if image else None,
        files=list_files(image),
    )


def _read_volume(path: Path) -> Image:
    from cxrbench.imaging.volume.nifti import read_nifti

    return read_nifti(path)


def _to_category(finding: str) -> Category | None:
    """`COVID-19` as a component of either style: `COVID-19, ARDS` or `Pneumonia/Viral/COVID-19`."""
    if finding in UNKNOWN_FINDINGS:
        return None
    parts = [part.strip() for part in finding.replace(",", "/").split("/")]
    if "COVID-19" in parts:
        return "covid"
    return "healthy" if "No Finding" in parts else "other"


def _parse_answer(text: str) -> bool | None:
    """Y and N; blanks, `?` and free text are unknown."""
    return {"Y": True, "N": False}.get(text)
