"""Patients of the registered splits: for sources whose own files do not name the patient."""

from collections.abc import Mapping

from cxrbench.splits import list_case_files, load_split


def load_split_patients(dataset: str) -> Mapping[str, str]:
    """Read the patients of a dataset from all its registered splits.

    Args:
        dataset: The registered name of the dataset.

    Returns:
        Case id to patient id; empty where the dataset has no split.
    """
    splits = sorted({split for name, split, _ in list_case_files() if name == dataset})
    return {case: patient for split in splits for case, patient in load_split(dataset, split).patients.items()}
