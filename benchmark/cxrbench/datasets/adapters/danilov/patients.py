"""Danilov's metadata has no patients; this finds them in the sets that the radiographs were taken from.

Cohen, Actualmed: the patient column of their tables. Figure1: the id without its letter. Kermany normals: the IM
number. RSNA normals: the NIH patient. A registered split comes first, for it has all of this without the tables. A
radiograph in none of them is a patient of its own, and that is reported.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cxrbench.datasets import DataFolder, Problem
from cxrbench.datasets.adapters.cohen.table import find_cohen_patients
from cxrbench.datasets.adapters.rsna.adapter import read_nih_patients
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.datasets.split_patients import load_split_patients


def find_patients(cases: Sequence[str], data: DataFolder) -> tuple[Mapping[str, str], list[Problem]]:
    """Find the patient of each case.

    Args:
        cases: Case ids, `<dataset>/<file>`.
        data: The data folder.

    Returns:
        Case id to patient, prefixed by the set that has the patient (`cohen:12`), and one remark per unknown patient.

    Raises:
        DataError: A table of a source lacks a column.
    """
    known, tables = load_split_patients("danilov"), _SourceTables(data)
    patients = {case: known.get(case) or tables.find_patient(*case.split("/", 1)) or f"image:{case}" for case in cases}
    return patients, _list_unknown_patients(case for case, patient in patients.items() if patient == f"image:{case}")


def _list_unknown_patients(cases: Iterable[str]) -> list[Problem]:
    reason = "its patient is unknown: counts as a patient of its own"
    return [Problem(case, reason, bad=False) for case in cases]


class _SourceTables:
    """The tables of the source sets, each read when it is first needed."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data

    def find_patient(self, dataset: str, name: str) -> str | None:
        """The patient of a radiograph, or None where no table of this copy has it."""
        number = re.search(r"IM-(\d+)", name)
        figure = re.match(r"COVID-\d+", name)
        lookups = {
            "covid-chestxray-dataset": lambda: _add_prefix("cohen", self._cohen.get(name)),
            "Actualmed-COVID-chestxray-dataset": lambda: _add_prefix(
                "actualmed", self._actualmed.get(name.removesuffix(".bmp"))
            ),
            "rsna_normal": lambda: _add_prefix("nih", self._nih.get(Path(name).stem)),
            "chest_xray_normal": lambda: _add_prefix("kermany", number and number[0]),
            "Figure1-COVID-chestxray-dataset": lambda: _add_prefix("figure1", figure and figure[0]),
        }
        return lookups[dataset]() if dataset in lookups else None

    @cached_property
    def _cohen(self) -> Mapping[str, str]:
        return find_cohen_patients(self._data)

    @cached_property
    def _actualmed(self) -> Mapping[str, str]:
        folder = self._data.sibling("actualmed")
        if folder is None or not (folder / "metadata.csv").is_file():
            return {}
        rows = read_rows(folder / "metadata.csv", ("patientid", "imagename"))
        return {row["imagename"]: row["patientid"] for row in rows}

    @cached_property
    def _nih(self) -> Mapping[str, str]:
        return read_nih_patients(self._data)


def _add_prefix(source: str, patient: str | None) -> str | None:
    return f"{source}:{patient}" if patient else None
