"""Patients that a registered split knows: for sources whose own files do not name the patient."""

from collections.abc import Mapping

from cxrbench.splits import listed, load_split


def split_patients(dataset: str) -> Mapping[str, str]:
    """Case id to patient id, over every registered split of a dataset; empty where it has none."""
    names = {name for of, name, _ in listed() if of == dataset}
    return {case: patient for name in sorted(names) for case, patient in load_split(dataset, name).patients.items()}
