"""Danilov et al. 2022: 1,364 radiographs of six public sets, 580 of them scored 0-6 by two radiologists.

Layout: `metadata.csv` (in a checkout of quantori/prj-covid-scoring: `resources/metadata.csv`); images and drawn masks
as Supervisely projects below the root, `[<project>/]<dataset>/img/<file>` and `ann/<file>.json`. Where an image is
not there, a copy of its source beside this dataset is used (`cohen/images`, `actualmed/images`, `figure1/images`).

Truth: `zone_severity` is the mean of the readers who scored the radiograph (half points occur), and 0 for normals,
which were not read; `readings` holds the single readers. The paper's filter (drawn lesions, a score, and neither
reader found the quality poor) keeps 1,320 radiographs; the 44 others have no published prediction. They stay cases,
with `meta["paper_filter"]` False, so that a figure of the paper can be recomputed and a gap in its table is visible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.danilov.masks import find_masks
from cxrbench.datasets.adapters.danilov.patients import find_patients
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_rows
from cxrbench.datasets.formats.image_files import (
    find_file,
    find_root,
    list_absent_images,
    list_files,
    make_raster_loader,
)

READERS = ("R", "D")
COLUMNS = (
    *("dataset", "filename", "Inaccurate labelling", "ann_found", "subset", "label", "Normal"),
    *(f"Score {reader}" for reader in READERS),
    *(f"Poor quality {reader}" for reader in READERS),
)
LABELS: Mapping[tuple[str, str], Category] = {("COVID-19", "No"): "covid", ("Normal", "Yes"): "healthy"}
"""(label, Normal) to category; other pairs contradict themselves."""
SUBSETS = ("train", "val", "test")
SOURCES = {
    "Actualmed-COVID-chestxray-dataset": "actualmed/images",
    "Figure1-COVID-chestxray-dataset": "figure1/images",
    "covid-chestxray-dataset": "cohen/images",
}
"""The image folder of the set that a radiograph was taken from; its name there lacks the `.bmp` that some gained."""


@dataset_adapters.register("danilov")
def list_danilov(data: DataFolder) -> Dataset:
    """List the radiographs with the readers' scores; the id is `<dataset>/<filename>` as in metadata.csv.

    Rows with a label or a score outside the known ones are reported and left out. Patients come from a registered
    split, else from the tables of the sources beside this dataset; a radiograph in neither is its own patient.

    Args:
        data: The data folder.

    Returns:
        One case per usable row, in the order of metadata.csv.

    Raises:
        DataError: The table or a column is missing.
    """
    table = find_tables(data)
    rows, problems = drop_duplicates(read_rows(table / "metadata.csv", COLUMNS), make_case_id, "metadata.csv")
    wrong = {make_case_id(row): reason for row in rows if (reason := _find_fault(row))}
    problems += [Problem(name, f"{reason}: left out") for name, reason in wrong.items()]
    kept = [row for row in rows if make_case_id(row) not in wrong]
    patients, unknown = find_patients([make_case_id(row) for row in kept], data)
    folders = {name: _SourceFolders.find(name, table, data) for name in {row["dataset"] for row in kept}}
    listed = [_make_case(row, folders[row["dataset"]], patients[make_case_id(row)]) for row in kept]
    cases = tuple(case for case, _ in listed)
    problems += [problem for _, mask_problems in listed for problem in mask_problems]
    absent = list_absent_images(table, cases)
    return Dataset("danilov", cases, (*problems, *_list_filtered(cases), *unknown, *absent))


def find_tables(data: DataFolder) -> Path:
    """Find the folder of metadata.csv and the published predictions: the root, or `resources` in a checkout.

    Args:
        data: The data folder.

    Returns:
        The folder.

    Raises:
        DataError: There is no metadata.csv.
    """
    return find_root(data, "danilov", "metadata.csv", "resources/metadata.csv")[1].parent


def make_case_id(row: Row) -> str:
    """Make the id of a row.

    Args:
        row: A row of metadata.csv.

    Returns:
        `<dataset folder>/<file name>`, as the table spells both.

    Example:
        >>> make_case_id({"dataset": "rsna_normal", "filename": "a.png"})
        'rsna_normal/a.png'
    """
    return f"{row['dataset']}/{row['filename']}"


def _find_fault(row: Row) -> str | None:
    """Why a row cannot be used, if so."""
    if (row["label"], row["Normal"]) not in LABELS:
        return f"label {row['label'] or 'blank'} with Normal {row['Normal'] or 'blank'}"
    if row["subset"] not in SUBSETS:
        return f"subset {row['subset'] or 'blank'} is none of {', '.join(SUBSETS)}"
    scores = [row[f"Score {reader}"] for reader in READERS]
    if any(score not in ("", *"0123456") for score in scores):
        return f"a score is not 0-6 ({', '.join(scores)})"
    return "a normal radiograph with a score above 0" if row["Normal"] == "Yes" and set(scores) - {"", "0"} else None


@dataclass(frozen=True, slots=True)
class _SourceFolders:
    """Where the radiographs of one source are: its Supervisely project, and the image folder of the source itself."""

    project: Path | None
    source: Path | None

    @classmethod
    def find(cls, dataset: str, table: Path, data: DataFolder) -> "_SourceFolders":
        roots = (table, table.parent) if table.name == "resources" else (table,)
        folders = [folder for root in roots for folder in (root / dataset, *sorted(root.glob(f"*/{dataset}")))]
        project = next((folder for folder in folders if (folder / "img").is_dir()), None)
        return cls(project, data.sibling(SOURCES[dataset]) if dataset in SOURCES else None)

    def find_image(self, name: str) -> Path | None:
        """The radiograph's file: in the project, else in its source under the name without `.bmp`."""
        return find_file(
            self.project / "img" / name if self.project else None,
            self.source / name.removesuffix(".bmp") if self.source else None,
        )


def _make_case(row: Row, folders: _SourceFolders, patient: str) -> tuple[Case, tuple[Problem, ...]]:
    image = folders.find_image(row["filename"])
    masks = find_masks(make_case_id(row), row["filename"], folders.project, image)
    covid = row["label"] == "COVID-19"
    readings = {reader: float(row[f"Score {reader}"]) for reader in READERS if row[f"Score {reader}"] and covid}
    case = Case(
        id=make_case_id(row),
        patient=patient,
        dataset="danilov",
        targets=Targets(
            zone_severity=_average_readings(readings) if covid else 0.0,
            readings=readings,
            finding=covid,
            category=LABELS[row["label"], row["Normal"]],
            lung_mask=masks.lungs,
            lesion_mask=masks.lesions,
        ),
        meta=_make_meta(row),
        load=make_raster_loader(image),
        files=list_files(image),
        mask_files=masks.files,
    )
    return case, masks.problems


def _average_readings(readings: Mapping[str, float]) -> float | None:
    """The mean of the readers who scored, None where none did."""
    return sum(readings.values()) / len(readings) if readings else None


def _make_meta(row: Row) -> Mapping[str, object]:
    poor = tuple(reader for reader in READERS if row[f"Poor quality {reader}"] == "Yes")
    scored = row["Normal"] == "Yes" or any(row[f"Score {reader}"] for reader in READERS)
    return {
        "source": row["dataset"],
        "subset": row["subset"],
        "poor_quality": poor,
        "inaccurate_labelling": row["Inaccurate labelling"] == "Yes",
        "paper_filter": row["ann_found"] == "Yes" and scored and not poor,
    }


def _list_filtered(cases: Sequence[Case]) -> list[Problem]:
    reason = "outside the paper's filter (quality poor by reader {}): no published prediction"
    return [
        Problem(
            case.id, reason.format(" and ".join(map(str, poor))) if poor else "outside the paper's filter", bad=False
        )
        for case in cases
        if not case.meta["paper_filter"] and isinstance(poor := case.meta["poor_quality"], tuple)
    ]
