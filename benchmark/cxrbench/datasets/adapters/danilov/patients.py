"""Danilov's metadata names no patients; this finds them in the sets that the films were taken from.

Cohen, Actualmed: the patient column of their tables. Figure1: the id without its letter. Kermany normals: the IM
number. RSNA normals: the NIH patient. A registered split comes first, for it knows all of this without the tables;
a film that neither names is a patient of its own, and that is reported.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cxrbench.datasets import DataFolder, Problem
from cxrbench.datasets.adapters.cohen.table import patients_by_file
from cxrbench.datasets.adapters.rsna.adapter import nih_patients
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.datasets.split_patients import split_patients


def patients_of(cases: Sequence[str], data: DataFolder) -> tuple[Mapping[str, str], list[Problem]]:
    """The patient of each case id (`<dataset>/<file>`), prefixed by the set that names it, and what is unknown."""
    known, sources = split_patients("danilov"), _Sources(data)
    found = {case: known.get(case) or sources.patient(*case.split("/", 1)) for case in cases}
    own = {case: patient or f"image:{case}" for case, patient in found.items()}
    return own, _unknown(case for case, patient in own.items() if patient == f"image:{case}")


def _unknown(cases: Iterable[str]) -> list[Problem]:
    reason = "its patient is unknown: counts as a patient of its own"
    return [Problem(case, reason, bad=False) for case in cases]


class _Sources:
    """The tables of the source sets, each read when a film of it is first asked for."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data

    def patient(self, dataset: str, name: str) -> str | None:
        """The patient of a film, or None where no table at hand names it."""
        number = re.search(r"IM-(\d+)", name)
        figure = re.match(r"COVID-\d+", name)
        named = {
            "covid-chestxray-dataset": lambda: _prefixed("cohen", self._cohen.get(name)),
            "Actualmed-COVID-chestxray-dataset": lambda: _prefixed(
                "actualmed", self._actualmed.get(name.removesuffix(".bmp"))
            ),
            "rsna_normal": lambda: _prefixed("nih", self._nih.get(Path(name).stem)),
            "chest_xray_normal": lambda: _prefixed("kermany", number and number[0]),
            "Figure1-COVID-chestxray-dataset": lambda: _prefixed("figure1", figure and figure[0]),
        }
        return named[dataset]() if dataset in named else None

    @cached_property
    def _cohen(self) -> Mapping[str, str]:
        folder = self._data.sibling("cohen")
        return patients_by_file(folder / "metadata.csv") if folder and (folder / "metadata.csv").is_file() else {}

    @cached_property
    def _actualmed(self) -> Mapping[str, str]:
        folder = self._data.sibling("actualmed")
        if folder is None or not (folder / "metadata.csv").is_file():
            return {}
        rows = read_rows(folder / "metadata.csv", ("patientid", "imagename"))
        return {row["imagename"]: row["patientid"] for row in rows}

    @cached_property
    def _nih(self) -> Mapping[str, str]:
        return nih_patients(self._data)


def _prefixed(source: str, patient: str | None) -> str | None:
    return f"{source}:{patient}" if patient else None
