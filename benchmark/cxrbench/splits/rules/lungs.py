"""Montgomery and Shenzhen lungs: BS-Net's "first 50" came from an unsorted listing, so ours sort and say so; XLSor.

Signoroni et al. 2020, table 1: Montgomery 88 / 50, Shenzhen 516 / 50 (of the 566 images that have a lung mask).
"""

from collections.abc import Sequence
from pathlib import PurePath

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.splits.rules import rule
from cxrbench.splits.split import Parts

N_TEST = 50
PARTS = ("train", "test")
LICENCE = "no ids are listed"
LITERAL = "test is the first 50 images that have a lung mask, sorted by id; images without one are unused"
IN_PROPORTION = (
    "one image a patient; test is 50 of the images that have a lung mask: from normal (_0) and tuberculosis (_1) in "
    "proportion the first ones, sorted by id; images without a mask are unused; BS-Net's own first 50 came from an "
    "unsorted listing and cannot be had again"
)


def first_sorted(cases: Sequence[Case]) -> Parts:
    """The first 50 masked cases by id are the test part."""
    names = _masked(cases)
    return {name: "test" if i < N_TEST else "train" for i, name in enumerate(names)}


def first_of_each_class(cases: Sequence[Case]) -> Parts:
    """From each class, in proportion to its size, the first masked cases by id are the test part: 50 in all."""
    names = _masked(cases)
    normal, ill = ([name for name in names if _ill(name) == kind] for kind in (False, True))
    n_normal = round(N_TEST * len(normal) / max(len(names), 1))
    test = {*normal[:n_normal], *ill[: N_TEST - n_normal]}
    return {name: "test" if name in test else "train" for name in names}


def everything(cases: Sequence[Case]) -> Parts:
    """Every masked case is the train part."""
    return dict.fromkeys(_masked(cases), "train")


def _masked(cases: Sequence[Case]) -> list[str]:
    return sorted(case.id for case in cases if case.targets.lung_mask is not None)


def _ill(name: str) -> bool:
    """Whether the last part of a name such as `MCUCXR_0001_0` says tuberculosis."""
    sign = PurePath(name).stem.rpartition("_")[2]
    if sign not in ("0", "1"):
        raise DataError("the name does not end in _0 (normal) or _1 (tuberculosis)", name, "use the official names")
    return sign == "1"


rule(
    "xlsor",
    version=1,
    parts=("train",),
    origin="published rule",
    licence=LICENCE,
    note="all films that have a mask are train: real ones, and synthetic ones with the mask of their source (Amer et "
    "al. 2020, section IV-A); nothing is tested on pseudo-masks",
)(everything)

for _dataset in ("montgomery", "shenzhen"):
    rule(_dataset, version=1, parts=PARTS, origin="published sizes, our rule", licence=LICENCE, note=IN_PROPORTION)(
        first_of_each_class
    )
    rule(
        f"{_dataset}@first-50",
        version=1,
        parts=PARTS,
        origin="published rule, sorted",
        licence=LICENCE,
        note=f"{LITERAL}; not stratified (normal films sort first), for comparison only",
    )(first_sorted)
