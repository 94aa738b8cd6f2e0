"""MosMedData COVID19_1110: 1,110 chest CTs of Moscow outpatients with a CT grade, 50 of them with lesion masks.

Layout: `dataset_registry.csv` (the spreadsheet saved as CSV, with or without a byte-order mark) or `.xlsx`;
`studies/CT-<grade>/study_0001.nii.gz`, also in re-downloads `ct<grade>/`; `masks/study_0255_mask.nii.gz` (ground glass
and consolidation together). Every tenth slice was published: 8 mm. The grade is visual (0 none, 1 up to 25 % of the
lungs, 2 up to 50, 3 up to 75, 4 above), hence noisy.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_rows
from cxrbench.datasets.formats.image_files import find_root, list_files
from cxrbench.datasets.formats.volume_masks import find_nifti_files, read_lesion_mask
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_nifti

REGISTRY = "dataset_registry"
COLUMNS = ("study_id", "category", "study_file", "mask_file")
LAST_OF_GRADE = (254, 938, 1063, 1108, 1110)
"""The last study number of each grade 0-4, as published."""
STUDY = re.compile(r"study_(\d{4})")
UNPACKED = "COVID19_1110"


@dataset_adapters.register("mosmed-1110")
def list_mosmed_1110(data: DataFolder) -> Dataset:
    """List the studies of the registry; the id is `study_0001`, and each study counts as a patient of its own.

    Without a registry that can be read, the studies on disk are listed and graded by their published numbers, which
    is reported. A row whose grade contradicts the folder of its file is reported and left out.

    Args:
        data: The data folder.

    Returns:
        One case per study, in the order of the registry.

    Raises:
        DataError: The dataset is not there, or the registry is damaged or lacks a column.
    """
    names = (f"{REGISTRY}.csv", f"{REGISTRY}.xlsx", "studies", "masks")
    root, marker = find_root(data, "mosmed-1110", *names, *(f"{UNPACKED}/{name}" for name in names))
    base = marker.parent
    files = find_nifti_files(base)
    rows, problems = _read_registry(base, files)
    wrong = {_to_study_id(row): reason for row in rows if (reason := _find_fault(row, files, root))}
    problems += [Problem(study, f"{reason}: left out") for study, reason in wrong.items()]
    cases = tuple(_make_case(row, files) for row in rows if _to_study_id(row) not in wrong)
    return Dataset("mosmed-1110", cases, (*problems, *_list_problems(base, rows, cases, files)))


def _read_registry(base: Path, files: dict[str, Path]) -> tuple[list[Row], list[Problem]]:
    """The rows of the registry, or rows made from the files."""
    table, sheet = base / f"{REGISTRY}.csv", base / f"{REGISTRY}.xlsx"
    if table.is_file():
        return drop_duplicates(read_rows(table, COLUMNS), _to_study_id, table.name)
    rows = _read_spreadsheet(sheet) if sheet.is_file() else None
    if rows is not None:
        return drop_duplicates(rows, _to_study_id, sheet.name)
    reason = "openpyxl (extra ct) is not installed" if sheet.is_file() else "absent"
    problem = Problem(sheet.name, f"{reason}: grades taken from the published ranges of study numbers")
    return _make_rows_from_files(files), [problem]


def _read_spreadsheet(sheet: Path) -> list[Row] | None:
    """The rows of the spreadsheet; None where the library that reads it is not installed."""
    import pandas as pd

    try:
        table = pd.read_excel(sheet, dtype=str, keep_default_na=False, engine="openpyxl")
    except ImportError:
        return None
    except Exception as error:  # the libraries below raise any type for a damaged file
        raise DataError(
            f"spreadsheet cannot be read ({error})", str(sheet), "fetch it again, or save it as CSV"
        ) from error
    missing = sorted(set(COLUMNS) - set(table.columns))
    if missing:
        raise DataError(f"column missing: {', '.join(missing)}", str(sheet), "use the official file")
    return [{name: str(row[name]).strip() for name in COLUMNS} for row in table.to_dict("records")]


def _make_rows_from_files(files: dict[str, Path]) -> list[Row]:
    """One row per study on disk, graded by its number."""
    studies = sorted({match[0] for name in files if (match := STUDY.match(name))})
    return [
        {
            "study_id": study,
            "category": f"CT-{_look_up_grade(study)}",
            "study_file": f"/{study}.nii.gz",
            "mask_file": f"/masks/{study}_mask.nii.gz" if f"{study}_mask" in files else "",
        }
        for study in studies
    ]


def _look_up_grade(study: str) -> int:
    number = int(study.removeprefix("study_"))
    return next((grade for grade, last in enumerate(LAST_OF_GRADE) if number <= last), len(LAST_OF_GRADE))


def _to_study_id(row: Row) -> str:
    """`study_0001`, which the column study_id gives as 1 in some exports."""
    match = STUDY.search(row["study_file"]) or STUDY.fullmatch(row["study_id"])
    return match[0] if match else row["study_id"]


def _find_fault(row: Row, files: dict[str, Path], root: Path) -> str:
    """Why a row cannot be used; empty where it can."""
    if not STUDY.fullmatch(_to_study_id(row)):
        return "no study number in study_file"
    if not re.fullmatch(r"CT-[0-4]", row["category"]):
        return f"category {row['category'] or 'blank'} is none of CT-0 to CT-4"
    path = files.get(_to_study_id(row))
    folders = path.relative_to(root).parent.parts if path else ()
    grades = [match[1] for part in folders if (match := re.fullmatch(r"ct-?([0-4])", part.lower()))]
    if grades and grades[-1] != row["category"][-1]:
        return f"category {row['category']} but in a folder of CT-{grades[-1]}"
    return ""


def _make_case(row: Row, files: dict[str, Path]) -> Case:
    study, grade = _to_study_id(row), int(row["category"][-1])
    volume, mask = files.get(study), files.get(f"{study}_mask")
    return Case(
        id=study,
        patient=study,
        dataset="mosmed-1110",
        modality="ct",
        targets=Targets(
            finding=grade > 0,
            category="covid" if grade > 0 else "healthy",
            ct_grade=grade,
            lesion_mask=partial(read_lesion_mask, mask, volume) if mask else None,
        ),
        load=partial(read_nifti, volume) if volume else None,
        files=list_files(volume),
        mask_files=list_files(mask),
    )


def _list_problems(base: Path, rows: list[Row], cases: tuple[Case, ...], files: dict[str, Path]) -> Iterator[Problem]:
    yield Problem("mosmed-1110", "no patient ids: each study counts as one patient", bad=False)
    missing = [case.id for case in cases if not case.available]
    if missing and not any(case.available for case in cases):
        yield Problem("studies", f"absent: none of {len(missing)} listed volumes is there")
    else:
        yield from (Problem(study, "listed but absent") for study in missing)
    masked = {f"{_to_study_id(row)}_mask" for row in rows if row["mask_file"]}
    yield from (Problem(f"masks/{name}.nii.gz", "listed but absent") for name in sorted(masked - set(files)))
    known = masked | {_to_study_id(row) for row in rows}
    for name in sorted(set(files) - known):
        yield Problem(files[name].relative_to(base).as_posix(), "present but not in the registry", bad=False)
