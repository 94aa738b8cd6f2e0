"""COVID-19-AR (TCIA): radiographs of a rural population with outcome, and the lungs and opacities drawn on them.

Layout, in one root or with the first three below `covid_rural_annot/` as in their repository:
`covid_rural_patient_info.csv` (the clinical table), `jpgs/<PATIENT>_<MM-DD-YYYY>-XR.jpg` (the exported films),
`jpgs/jsons/<same>.json` (labelme), and `[manifest-*/]COVID-19-AR/<PATIENT>/<study>/<series>/*.dcm` as TCIA gives them.

The id is the film's stem, `<PATIENT>_<MM-DD-YYYY>-XR`. The exported film is used where it is there (the outlines are
drawn on it), else the DICOM file. `icu` and `death` are of the patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.covid19_ar.masks import outlined
from cxrbench.datasets.adapters.covid19_ar.radiographs import Film, find_films
from cxrbench.datasets.formats.csv_table import Row, distinct, read_secondary
from cxrbench.datasets.formats.image_files import first_found

TABLE = "covid_rural_patient_info.csv"
ANNOTATED = "covid_rural_annot"
TREES = ("COVID-19-AR", "manifest-1594658036421/COVID-19-AR")
COLUMNS = ("PATIENT_ID", "AGE", "SEX", "COVID TEST POSITIVE", "TEST NAME", "ICU Admit", "MORTALITY")


@dataset_adapters.register("covid-19-ar")
def covid19_ar(data: DataFolder) -> Dataset:
    """List the films that are there; a film whose patient the clinical table lacks has no outcome, which is reported.

    `category` is "covid" for a patient with a positive test. Lesions are clipped to the lungs; a film on which no
    opacity was drawn has an empty lesion mask. CT studies and files with other names are reported, not listed.
    """
    markers = (TABLE, f"{ANNOTATED}/{TABLE}", *TREES, "jpgs", f"{ANNOTATED}/jpgs")
    root, _ = first_found(data, "covid-19-ar", *markers)
    base = root / ANNOTATED if (root / ANNOTATED).is_dir() else root
    patients, problems = read_patients(base / TABLE) if (base / TABLE).is_file() else ({}, [_no_table()])
    films, unclear = find_films(root, base / "jpgs")
    found = [_case(film, patients.get(film.patient), base) for film in films]
    cases = tuple(case for case, _ in found)
    drawn = [problem for _, own in found for problem in own]
    return Dataset("covid-19-ar", cases, (*problems, *unclear, *drawn, *_gaps(films, patients)))


@dataclass(frozen=True, slots=True)
class Patient:
    """A row of the clinical table: outcome and test as bool, None where the table does not say 0 or 1.

    `row` is all that the table says, as text: `NULL` stays `NULL`.
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
    """The clinical table by patient, and the cells that are no answer."""
    found, unusable = read_secondary(table, COLUMNS)
    rows, twice = distinct(found, lambda row: row["PATIENT_ID"], table.name)
    problems = [*unusable, *twice]
    yes_or_no = ("ICU Admit", "MORTALITY", "COVID TEST POSITIVE")
    problems += [
        Problem(row["PATIENT_ID"], f"{column} is {row[column] or 'blank'}, not 0 or 1: unknown")
        for row in rows
        for column in yes_or_no
        if _answer(row, column) is None
    ]
    return {row["PATIENT_ID"]: _patient(row) for row in rows}, problems


def _patient(row: Row) -> Patient:
    return Patient(
        id=row["PATIENT_ID"],
        icu=_answer(row, "ICU Admit"),
        death=_answer(row, "MORTALITY"),
        covid=_answer(row, "COVID TEST POSITIVE"),
        row=row,
    )


def _answer(row: Row, column: str) -> bool | None:
    return {"1": True, "0": False}.get(row[column])


def _no_table() -> Problem:
    return Problem(TABLE, "absent: outcomes are unknown")


def _case(film: Film, patient: Patient | None, base: Path) -> tuple[Case, list[Problem]]:
    drawing = base / "jpgs" / "jsons" / f"{film.stem}.json"
    masks = outlined(film.id, drawing, film)
    case = Case(
        id=film.id,
        patient=film.patient,
        dataset="covid-19-ar",
        targets=Targets(
            icu=patient.icu if patient else None,
            death=patient.death if patient else None,
            category="covid" if patient and patient.covid else None,
            day=film.day,
            lung_mask=masks.lungs,
            lesion_mask=masks.lesions,
        ),
        meta={**(patient.meta if patient else {}), "date": film.date.isoformat()},
        load=film.load,
    )
    return case, list(masks.problems)


def _gaps(films: Sequence[Film], patients: Mapping[str, Patient]) -> list[Problem]:
    """Patients with a film and no row, and with a row and no film; no film at all is one problem."""
    if not films:
        return [Problem("jpgs", f"absent, and no DICOM tree: none of {len(patients)} patients has a film")]
    filmed = {film.patient for film in films}
    rowless = sorted(filmed - set(patients)) if patients else []
    return [
        *(Problem(name, "has a film but no row in the clinical table: outcome unknown", bad=False) for name in rowless),
        *(Problem(name, "has a row but no film") for name in patients if name not in filmed),
    ]
