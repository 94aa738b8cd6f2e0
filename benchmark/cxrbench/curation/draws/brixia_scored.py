"""Sets that carry Brixia scores: the 192 radiographs of the Cohen set."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from cxrbench.case import Case
from cxrbench.curation.draws import draws, rows_of, split_text
from cxrbench.datasets import load
from cxrbench.splits.split import Head

BANDS = (1, 6, 12)
"""Lower borders of the second and later bands of the global score: 0, 1-5, 6-11, 12-18."""
IDS_OF_COHEN = "file names of the Cohen set; scores they belong to are CC BY-NC-SA 4.0 and not included"


def patient_disjoint(cases: Sequence[Case], *, seed: int, bands: Sequence[int], folds: int = 4) -> Mapping[str, str]:
    """One fold of `folds` is the test part: whole patients, stratified by bands of the global Brixia score.

    `bands` are the lower borders of the second and later bands. Uses scikit-learn's StratifiedGroupKFold.
    """
    stratum = np.digitize([sum(case.targets.brixia or ()) for case in cases], bands)
    patients = np.array([case.patient for case in cases])
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    _, test = next(folder.split(np.zeros(len(cases)), stratum, patients))
    chosen = set(test.tolist())
    return {case.id: "test" if i in chosen else "train" for i, case in enumerate(cases)}


def image_level(cases: Sequence[Case], *, seed: int, share: float) -> Mapping[str, str]:
    """scikit-learn's `train_test_split` over images in file order, as the authors' code draws it."""
    train, _ = train_test_split([case.id for case in cases], test_size=share, random_state=seed)
    inside = set(train)
    return {case.id: "train" if case.id in inside else "test" for case in cases}


@draws.register("brixia-cohen")
def brixia_cohen(data: str | None) -> str:
    """Ours: three quarters to one quarter, disjoint in patients, stratified by global score."""
    cases = load("brixia-cohen", data).cases
    head = Head(
        dataset="brixia-cohen",
        origin="ours",
        seed=23,
        licence=IDS_OF_COHEN,
        note="disjoint in patients; 75/25; stratified by global score 0, 1-5, 6-11, 12-18; "
        "the seed is the authors'; an image that the Cohen table does not name is a patient of its own",
    )
    return split_text(head, rows_of(cases, patient_disjoint(cases, seed=23, bands=BANDS)))


@draws.register("brixia-cohen@published")
def brixia_cohen_published(data: str | None) -> str:
    """The authors' draw of Signoroni et al. 2020, section 6.6, as their public code makes it."""
    cases = load("brixia-cohen", data).cases
    head = Head(
        dataset="brixia-cohen",
        name="published",
        origin="published rule",
        seed=23,
        licence=IDS_OF_COHEN,
        note="drawn by image: 17 of the 48 test images share a patient with training; for comparison only",
    )
    return split_text(head, rows_of(cases, image_level(cases, seed=23, share=0.25)))
