"""The CT sets that Goncharov et al. 2020 train on and never test on: every case is in the part train."""

from collections.abc import Sequence

from cxrbench.case import Case
from cxrbench.splits.rules import register_rule
from cxrbench.splits.split import PartByCase

NOTE = "every case is train, as in Goncharov et al. 2020 (section 3), who test elsewhere"
LUNA16 = f"{NOTE}; the 7 scans that they leave out for broken lung masks or noise are not named there, and stay in"


def assign_all_to_train(cases: Sequence[Case]) -> PartByCase:
    """Assign every case to train.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part.
    """
    return {case.id: "train" for case in cases}


for _dataset, _note in {"luna16": LUNA16, "medseg": NOTE, "nsclc": NOTE}.items():
    register_rule(
        _dataset, version=1, parts=("train",), origin="published rule", licence="no ids are listed", note=_note
    )(assign_all_to_train)
