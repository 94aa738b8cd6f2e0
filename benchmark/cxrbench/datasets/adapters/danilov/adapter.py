"""Danilov et al. 2022: 1,364 radiographs of six public sets, 580 of them scored 0-6 by two radiologists.

Layout: `metadata.csv` (in a checkout of quantori/prj-covid-scoring: `resources/metadata.csv`); images and drawn masks
as Supervisely projects below the root, `[<project>/]<dataset>/img/<file>` and `ann/<file>.json`. Where an image is
not there, a copy of its source beside this dataset is used (`cohen/images`, `actualmed/images`, `figure1/images`).

Truth: `zone_severity` is the mean of the readers who scored the film (half points occur), and 0 for normals, whom
nobody read; `readings` holds the readers. The paper's filter (drawn lesions, a score, and neither reader found the
quality poor) keeps 1,320 films; the 44 others have no published prediction. They stay cases, with
`meta["paper_filter"]` False, so that a paper's figure can be recomputed and a gap in its table is seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.danilov.masks import drawn
from cxrbench.datasets.adapters.danilov.patients import patients_of
from cxrbench.datasets.formats.csv_table import Row, distinct, read_rows
from cxrbench.datasets.formats.image_files import absent, first_found, raster

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
"""Where a film also lies: in the set it was taken from, there without the `.bmp` that some names gained."""


@dataset_adapters.register("danilov")
def danilov(data: DataFolder) -> Dataset:
    """List the films with the readers' scores; the id is `<dataset>/<filename>` as in metadata.csv.

    Rows with a label or a score outside the known ones are reported and left out. Patients come from a
    registered split, else from the tables of the sources beside this dataset; what neither names is its own patient.
    """
    table = tables(data)
    rows, problems = distinct(read_rows(table / "metadata.csv", COLUMNS), case_id, "metadata.csv")
    wrong = {case_id(row): reason for row in rows if (reason := _fault(row))}
    problems += [Problem(name, f"{reason}: left out") for name, reason in wrong.items()]
    kept = [row for row in rows if case_id(row) not in wrong]
    patients, unknown = patients_of([case_id(row) for row in kept], data)
    places = {name: _Place.of(name, table, data) for name in {row["dataset"] for row in kept}}
    found = [_case(row, places[row["dataset"]], patients[case_id(row)]) for row in kept]
    cases = tuple(case for case, _ in found)
    problems += [problem for _, own in found for problem in own]
    return Dataset("danilov", cases, (*problems, *_filtered(cases), *unknown, *absent(table, cases)))


def tables(data: DataFolder) -> Path:
    """The folder that holds metadata.csv and the published predictions: the root, or `resources` in a checkout."""
    return first_found(data, "danilov", "metadata.csv", "resources/metadata.csv")[1].parent


def case_id(row: Row) -> str:
    """`<dataset folder>/<file name>`, as the metadata spells both."""
    return f"{row['dataset']}/{row['filename']}"


def _fault(row: Row) -> str | None:
    """Why a row cannot be used, if so."""
    if (row["label"], row["Normal"]) not in LABELS:
        return f"label {row['label'] or 'blank'} with Normal {row['Normal'] or 'blank'}"
    if row["subset"] not in SUBSETS:
        return f"subset {row['subset'] or 'blank'} is none of {', '.join(SUBSETS)}"
    scores = [row[f"Score {reader}"] for reader in READERS]
    if any(score not in ("", *"0123456") for score in scores):
        return f"a score is not 0-6 ({', '.join(scores)})"
    return "a normal film with a score above 0" if row["Normal"] == "Yes" and set(scores) - {"", "0"} else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the films of one source lie: its folder in a Supervisely project, and in the set it was taken from."""

    project: Path | None
    source: Path | None

    @classmethod
    def of(cls, dataset: str, table: Path, data: DataFolder) -> "_Place":
        roots = (table, table.parent) if table.name == "resources" else (table,)
        folders = [folder for root in roots for folder in (root / dataset, *sorted(root.glob(f"*/{dataset}")))]
        project = next((folder for folder in folders if (folder / "img").is_dir()), None)
        return cls(project, data.sibling(SOURCES[dataset]) if dataset in SOURCES else None)

    def image(self, name: str) -> Path | None:
        """The film's file: in the project, else in its source under the name without `.bmp`."""
        own = self.project / "img" / name if self.project else None
        taken = self.source / name.removesuffix(".bmp") if self.source else None
        return next((path for path in (own, taken) if path and path.is_file()), None)


def _case(row: Row, place: _Place, patient: str) -> tuple[Case, list[Problem]]:
    image = place.image(row["filename"])
    masks = drawn(case_id(row), row["filename"], place.project, image)
    covid = row["label"] == "COVID-19"
    readings = {reader: float(row[f"Score {reader}"]) for reader in READERS if row[f"Score {reader}"] and covid}
    case = Case(
        id=case_id(row),
        patient=patient,
        dataset="danilov",
        targets=Targets(
            zone_severity=_severity(readings) if covid else 0.0,
            readings=readings,
            finding=covid,
            category=LABELS[row["label"], row["Normal"]],
            lung_mask=masks.lungs,
            lesion_mask=masks.lesions,
        ),
        meta=_meta(row),
        load=raster(image) if image else None,
    )
    return case, list(masks.problems)


def _severity(readings: Mapping[str, float]) -> float | None:
    """The mean of the readers who scored, None where none did."""
    return sum(readings.values()) / len(readings) if readings else None


def _meta(row: Row) -> Mapping[str, object]:
    poor = tuple(reader for reader in READERS if row[f"Poor quality {reader}"] == "Yes")
    scored = row["Normal"] == "Yes" or any(row[f"Score {reader}"] for reader in READERS)
    return {
        "source": row["dataset"],
        "subset": row["subset"],
        "poor_quality": poor,
        "inaccurate_labelling": row["Inaccurate labelling"] == "Yes",
        "paper_filter": row["ann_found"] == "Yes" and scored and not poor,
    }


def _filtered(cases: Sequence[Case]) -> list[Problem]:
    reason = "outside the paper's filter (quality poor by reader {}): no published prediction"
    return [
        Problem(
            case.id, reason.format(" and ".join(map(str, poor))) if poor else "outside the paper's filter", bad=False
        )
        for case in cases
        if not case.meta["paper_filter"] and isinstance(poor := case.meta["poor_quality"], tuple)
    ]
