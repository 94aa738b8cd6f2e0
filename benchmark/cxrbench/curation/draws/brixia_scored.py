"""Datasets with Brixia scores: the 192 radiographs of the Cohen set."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from cxrbench.case import Case
from cxrbench.curation.draws import draws, format_split_file, to_split_rows
from cxrbench.datasets import load
from cxrbench.splits.split import SplitHeader

BANDS = (1, 6, 12)
"""Lower borders of the second and later bands of the global score: 0, 1-5, 6-11, 12-18."""
IDS_OF_COHEN = "file names of the Cohen set; scores they belong to are CC BY-NC-SA 4.0 and not included"


def assign_patient_disjoint(
    cases: Sequence[Case], *, seed: int, bands: Sequence[int], folds: int = 4
) -> Mapping[str, str]:
    """Assign one fold to test: whole patients, stratified by bands of the global Brixia score.

    Uses scikit-learn's StratifiedGroupKFold.

    Args:
        cases: Cases with Brixia scores.
        seed: Seed of the shuffle.
        bands: Lower borders of the second and later bands of the global score.
        folds: Number of folds; the test set is about 1 / `folds` of the cases.

    Returns:
        Case id to part.
    """
    stratum = np.digitize([sum(case.targets.brixia or ()) for case in cases], bands)
    patients = np.array([case.patient for case in cases])
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    _, test = next(folder.split(np.zeros(len(cases)), stratum, patients))
    chosen = set(test.tolist())
    return {case.id: "test" if i in chosen else "train" for i, case in enumerate(cases)}


def assign_image_level(cases: Sequence[Case], *, seed: int, share: float) -> Mapping[str, str]:
    """Assign images with scikit-learn's `train_test_split` in file order, as the authors' code does.

    Args:
        cases: The cases in file order.
        seed: Seed of the draw.
        share: Share of the images in test.

    Returns:
        Case id to part.
    """
    train, _ = train_test_split([case.id for case in cases], test_size=share, random_state=seed)
    inside = set(train)
    return {case.id: "train" if case.id in inside else "test" for case in cases}


@draws.register("brixia-cohen")
def draw_brixia_cohen(data: str | None) -> str:
    """Draw our split: three quarters to one quarter, disjoint in patients, stratified by global score.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    cases = load("brixia-cohen", data).cases
    header = SplitHeader(
        dataset="brixia-cohen",
        origin="ours",
        seed=23,
        licence=IDS_OF_COHEN,
        note="disjoint in patients; 75/25; stratified by global score 0, 1-5, 6-11, 12-18; "
        "the seed is the authors'; an image that the Cohen table does not name is a patient of its own",
    )
    return format_split_file(header, to_split_rows(cases, assign_patient_disjoint(cases, seed=23, bands=BANDS)))


@draws.register("brixia-cohen@published")
def draw_brixia_cohen_published(data: str | None) -> str:
    """Draw the authors' split of Signoroni et al. 2020, section 6.6, as their public code makes it.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    cases = load("brixia-cohen", data).cases
    header = SplitHeader(
        dataset="brixia-cohen",
        name="published",
        origin="published rule",
        seed=23,
        licence=IDS_OF_COHEN,
        note="drawn by image: 17 of the 48 test images share a patient with training; for comparison only",
    )
    return format_split_file(header, to_split_rows(cases, assign_image_level(cases, seed=23, share=0.25)))
