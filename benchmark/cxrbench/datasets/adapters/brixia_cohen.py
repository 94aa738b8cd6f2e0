"""Brixia scores on Cohen: 192 public radiographs, each scored by a senior and a junior radiologist.

Layout: `public-annotations.csv` (github BrixIA/Brixia-score-COVID-19, folder `data`) and the images, either in
`public-cohen-subset/` beside it or in a copy of the Cohen set. Truth is the senior's score (column prefix S), as in
Signoroni et al. 2020, section 6.6; both readings are in `targets.raters`.
"""

from collections.abc import Mapping
from pathlib import Path

from cxrbench.case import ZONES, Case, Targets, Zones
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.cohen.table import find_cohen_patients
from cxrbench.datasets.formats.csv_table import Row, read_rows
from cxrbench.datasets.formats.image_files import find_file, list_files, make_raster_loader
from cxrbench.errors import DataError

RATERS = {"senior": "S", "junior": "J"}


@dataset_adapters.register("brixia-cohen")
def list_brixia_cohen(data: DataFolder) -> Dataset:
    """List the scored radiographs; patients come from the Cohen table where that is available and lists the file.

    Args:
        data: The data folder.

    Returns:
        One case per row of the table. A file that the Cohen table lacks counts as a patient of its own, and is
        reported.

    Raises:
        DataError: The table or a column is missing, a score is not 0-3, or the six scores do not add up to the
            global score.
    """
    root = data.root("brixia-cohen", "public-annotations.csv")
    scores = ("Global", *ZONES)
    columns = ["filename", *(f"{prefix}-{part}" for prefix in RATERS.values() for part in scores)]
    rows = read_rows(root / "public-annotations.csv", columns)
    images, patients = _find_image_folder(root, data), find_cohen_patients(data)
    cases = tuple(_make_case(root, row, images, patients) for row in rows)
    return Dataset("brixia-cohen", cases, tuple(_list_problems(cases, patients)))


def _find_image_folder(root: Path, data: DataFolder) -> Path:
    folder = root / "public-cohen-subset"
    return folder if folder.is_dir() else data.sibling("cohen/images", "public-cohen-subset") or folder


def _make_case(root: Path, row: Row, images: Path, patients: Mapping[str, str]) -> Case:
    name = row["filename"]
    raters = {rater: _parse_zones(root, row, prefix) for rater, prefix in RATERS.items()}
    image = find_file(images / name)
    return Case(
        id=name,
        patient=patients.get(name, f"image:{name}"),
        dataset="brixia-cohen",
        targets=Targets(brixia=raters["senior"], raters=raters),
        load=make_raster_loader(image),
        files=list_files(image),
    )


def _parse_zones(root: Path, row: Row, prefix: str) -> Zones:
    where = f"{root / 'public-annotations.csv'}, {row['filename']}"
    values = [row[f"{prefix}-{zone}"] for zone in ZONES]
    if any(value not in ("0", "1", "2", "3") for value in values):
        raise DataError(f"a Brixia zone score is not 0-3 ({','.join(values)})", where, "use the official file")
    a, b, c, d, e, f = map(int, values)
    if str(a + b + c + d + e + f) != row[f"{prefix}-Global"]:
        raise DataError("zone scores do not add up to the global score", where, "use the official file")
    return a, b, c, d, e, f


def _list_problems(cases: tuple[Case, ...], patients: Mapping[str, str]) -> list[Problem]:
    absent = [Problem(case.id, "listed but absent") for case in cases if not case.available]
    if not patients:
        return [*absent, Problem("cohen/metadata.csv", "absent: each image counts as a patient of its own")]
    reason = "not in cohen/metadata.csv: counts as a patient of its own"
    return [*absent, *(Problem(case.id, reason, bad=False) for case in cases if case.id not in patients)]
