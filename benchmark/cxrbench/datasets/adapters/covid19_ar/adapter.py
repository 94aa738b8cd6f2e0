"""COVID-19-AR (TCIA): radiographs of a rural population with outcome, and the lungs and opacities drawn on them.

Layout, in one root or with the first three below `covid_rural_annot/` as in their repository:
`covid_rural_patient_info.csv` (the clinical table), `jpgs/<PATIENT>_<MM-DD-YYYY>-XR.jpg` (the exported radiographs),
`jpgs/jsons/<same>.json` (labelme), and `[manifest-*/]COVID-19-AR/<PATIENT>/<study>/<series>/*.dcm` as TCIA gives them.

The id is the radiograph's stem, `<PATIENT>_<MM-DD-YYYY>-XR`. The exported radiograph is used where it is there (the
outlines are drawn on it), else the DICOM file. `icu` and `death` are the patient's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.covid19_ar.masks import find_masks
from cxrbench.datasets.adapters.covid19_ar.radiographs import Radiograph, find_radiographs
from cxrbench.datasets.formats.csv_table import Row, drop_duplicates, read_optional_rows
from cxrbench.datasets.formats.image_files import find_root, list_files

TABLE = "covid_rural_patient_info.csv"
ANNOTATED = "covid_rural_annot"
TREES = ("COVID-19-AR", "manifest-1594658036421/COVID-19-AR")
COLUMNS = ("PATIENT_ID", "AGE", "SEX", "COVID TEST POSITIVE", "TEST NAME", "ICU Admit", "MORTALITY")


@dataset_adapters.register("covid-19-ar")
def list_covid19_ar(data: DataFolder) -> Dataset:
    """List the radiographs that are there.

    `category` is "covid" for a patient with a positive test. Lesions are clipped to the lungs; a radiograph on which
    no opacity was drawn has an empty lesion mask. CT studies and files with other names are reported, not listed.

    Args:
        data: The data folder.

    Returns:
        One case per radiograph, by id. A patient whom the clinical table lacks has no outcome, which is reported.

    Raises:
        DataError: Neither the table nor an image folder is there.
    """
    markers = (TABLE, f"{ANNOTATED}/{TABLE}", *TREES, "jpgs", f"{ANNOTATED}/jpgs")
    root, _ = find_root(data, "covid-19-ar", *markers)
    base = root / ANNOTATED if (root / ANNOTATED).is_dir() else root
    absent = Problem(TABLE, "absent: outcomes are unknown")
    patients, problems = read_patients(base / TABLE) if (base / TABLE).is_file() else ({}, [absent])
    radiographs, unclear = find_radiographs(root, base / "jpgs")
    listed = [_make_case(radiograph, patients.get(radiograph.patient), base) for radiograph in radiographs]
    cases = tuple(case for case, _ in listed)
    unusable = [problem for _, mask_problems in listed for problem in mask_problems]
    return Dataset("covid-19-ar", cases, (*problems, *unclear, *unusable, *_list_gaps(radiographs, patients)))


@dataclass(frozen=True, slots=True)
class Patient:
    """A row of the clinical table: outcome and test as bool, None where the cell is neither 0 nor 1.

    `row` is the whole row as text: `NULL` stays `NULL`.
    """

    id: str
    icu: bool | None
    death: bool | None
    covid: bool | None
    row: Mapping[str, str]

    @property
    def meta(self) -> Mapping[str, object]:
        """Age in years and sex, where known, and the name of the test."""
        age = {"age": int(self.row["AGE"])} if self.row["AGE"].isdigit() else {}
        return {**age, "sex": self.row["SEX"], "test_name": self.row["TEST NAME"]}


def read_patients(table: Path) -> tuple[dict[str, Patient], list[Problem]]:
    """Read the clinical table.

    Args:
        table: The file.

    Returns:
        The patients by id, and one problem per cell that is neither 0 nor 1. A table that cannot be used gives no
        patient, and the reason.
    """
    all_rows, unusable = read_optional_rows(table, COLUMNS)
    rows, repeated = drop_duplicates(all_rows, lambda row: row["PATIENT_ID"], table.name)
    problems = [*unusable, *repeated]
    yes_or_no = ("ICU Admit", "MORTALITY", "COVID TEST POSITIVE")
    problems += [
        Problem(row["PATIENT_ID"], f"{column} is {row[column] or 'blank'}, not 0 or 1: unknown")
        for row in rows
        for column in yes_or_no
        if _parse_answer(row, column) is None
    ]
    return {row["PATIENT_ID"]: _make_patient(row) for row in rows}, problems


def _make_patient(row: Row) -> Patient:
    return Patient(
        id=row["PATIENT_ID"],
        icu=_parse_answer(row, "ICU Admit"),
        death=_parse_answer(row, "MORTALITY"),
        covid=_parse_answer(row, "COVID TEST POSITIVE"),
        row=row,
    )


def _parse_answer(row: Row, column: str) -> bool | None:
    return {"1": True, "0": False}.get(row[column])


def _make_case(radiograph: Radiograph, patient: Patient | None, base: Path) -> tuple[Case, tuple[Problem, ...]]:
    masks = find_masks(radiograph, base / "jpgs" / "jsons")
    case = Case(
        id=radiograph.id,
        patient=radiograph.patient,
        dataset="covid-19-ar",
        targets=Targets(
            icu=patient.icu if patient else None,
            death=patient.death if patient else None,
            category="covid" if patient and patient.covid else None,
            day=radiograph.day,
            lung_mask=masks.lungs,
            lesion_mask=masks.lesions,
        ),
        meta={**(patient.meta if patient else {}), "date": radiograph.date.isoformat()},
        load=radiograph.load,
        files=list_files(radiograph.path),
        mask_files=masks.files,
    )
    return case, masks.problems


def _list_gaps(radiographs: Sequence[Radiograph], patients: Mapping[str, Patient]) -> list[Problem]:
    """Patients with a radiograph and no row, and with a row and no radiograph; no radiograph at all is one problem."""
    if not radiographs:
        return [Problem("jpgs", f"absent, and no DICOM tree: none of {len(patients)} patients has a radiograph")]
    imaged = {radiograph.patient for radiograph in radiographs}
    rowless = sorted(imaged - set(patients)) if patients else []
    reason = "has a radiograph but no row in the clinical table: outcome unknown"
    return [
        *(Problem(name, reason, bad=False) for name in rowless),
        *(Problem(name, "has a row but no radiograph") for name in patients if name not in imaged),
    ]
