"""COVIDx: its lists are AGPL and are not copied here, so the parts are those of the user's own two lists."""

from collections.abc import Sequence

from cxrbench.case import Case
from cxrbench.splits.rules import register_rule
from cxrbench.splits.split import UNUSED, PartByCase

PARTS = ("train", "test")
LICENCE = "no ids are listed; the lists are AGPL-3.0"


@register_rule(
    "covidx@published",
    version=1,
    parts=PARTS,
    origin="published ids",
    licence=LICENCE,
    note="LEAKS: the parts of the user's two lists; RSNA ids were taken for patients, so that many RSNA images of test "
    "share an NIH patient with train; for comparison with papers",
)
def assign_published_parts(cases: Sequence[Case]) -> PartByCase:
    """Assign each case to the part whose list names the image.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part.
    """
    return {case.id: str(case.meta["subset"]) for case in cases}


@register_rule(
    "covidx",
    version=1,
    parts=PARTS,
    origin="published ids, less what leaks",
    licence=LICENCE,
    note="disjoint in patients: the train list, and of the test list the images whose patient (of RSNA images the NIH "
    "patient) is not in train; the others are unused; models trained on the published train may be tested on it",
)
def assign_clean_parts(cases: Sequence[Case]) -> PartByCase:
    """Assign the published parts, without the test images whose patient is in train.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part, `unused` for those test images.
    """
    trained = {case.patient for case in cases if case.meta["subset"] == "train"}
    leaking = {case.id for case in cases if case.meta["subset"] == "test" and case.patient in trained}
    return {name: UNUSED if name in leaking else part for name, part in assign_published_parts(cases).items()}
