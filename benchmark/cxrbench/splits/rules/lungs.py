"""Lungs of Montgomery, Shenzhen and XLSor. BS-Net's "first 50" came from an unsorted listing; our rule sorts.

Signoroni et al. 2020, table 1: Montgomery 88 / 50, Shenzhen 516 / 50 (of the 566 images that have a lung mask).
"""

from collections.abc import Sequence
from pathlib import PurePath

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.splits.rules import register_rule
from cxrbench.splits.split import PartByCase

N_TEST = 50
PARTS = ("train", "test")
LICENCE = "no ids are listed"
LITERAL = "test is the first 50 images that have a lung mask, sorted by id; images without one are unused"
IN_PROPORTION = (
    "one image a patient; test is 50 of the images that have a lung mask: from normal (_0) and tuberculosis (_1) in "
    "proportion the first ones, sorted by id; images without a mask are unused; BS-Net's own first 50 came from an "
    "unsorted listing and cannot be had again"
)


def assign_first_sorted(cases: Sequence[Case]) -> PartByCase:
    """Assign the first 50 masked cases, sorted by id, to test and the others to train.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part of every case that has a lung segmentation.
    """
    names = _list_masked_cases(cases)
    return {name: "test" if i < N_TEST else "train" for i, name in enumerate(names)}


def assign_first_per_class(cases: Sequence[Case]) -> PartByCase:
    """Assign 50 masked cases to test: from each class, in proportion to its size, the first ones sorted by id.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part of every case that has a lung segmentation.

    Raises:
        DataError: An id does not tell its class by ending in `_0` or `_1`.
    """
    names = _list_masked_cases(cases)
    normal, diseased = ([name for name in names if _has_tuberculosis(name) == value] for value in (False, True))
    n_normal = round(N_TEST * len(normal) / max(len(names), 1))
    test = {*normal[:n_normal], *diseased[: N_TEST - n_normal]}
    return {name: "test" if name in test else "train" for name in names}


def assign_masked_to_train(cases: Sequence[Case]) -> PartByCase:
    """Assign every case that has a lung segmentation to train.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part of these cases.
    """
    return dict.fromkeys(_list_masked_cases(cases), "train")


def _list_masked_cases(cases: Sequence[Case]) -> list[str]:
    return sorted(case.id for case in cases if case.targets.lung_mask is not None)


def _has_tuberculosis(name: str) -> bool:
    """Whether the last part of a name such as `MCUCXR_0001_0` means tuberculosis."""
    sign = PurePath(name).stem.rpartition("_")[2]
    if sign not in ("0", "1"):
        raise DataError("the name does not end in _0 (normal) or _1 (tuberculosis)", name, "use the official names")
    return sign == "1"


register_rule(
    "xlsor",
    version=1,
    parts=("train",),
    origin="published rule",
    licence=LICENCE,
    note="all films that have a mask are train: real ones, and synthetic ones with the mask of their source (Amer et "
    "al. 2020, section IV-A); nothing is tested on pseudo-masks",
)(assign_masked_to_train)

for _dataset in ("montgomery", "shenzhen"):
    register_rule(
        _dataset, version=1, parts=PARTS, origin="published sizes, our rule", licence=LICENCE, note=IN_PROPORTION
    )(assign_first_per_class)
    register_rule(
        f"{_dataset}@first-50",
        version=1,
        parts=PARTS,
        origin="published rule, sorted",
        licence=LICENCE,
        note=f"{LITERAL}; not stratified (normal films sort first), for comparison only",
    )(assign_first_sorted)
