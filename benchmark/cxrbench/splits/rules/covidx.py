"""COVIDx: its lists are AGPL and are not copied here, so the parts are those of the user's own two lists."""

from collections.abc import Sequence

from cxrbench.case import Case
from cxrbench.splits.rules import rule
from cxrbench.splits.split import UNUSED, Parts

PARTS = ("train", "test")
LICENCE = "no ids are listed; the lists are AGPL-3.0"


@rule(
    "covidx@published",
    version=1,
    parts=PARTS,
    origin="published ids",
    licence=LICENCE,
    note="LEAKS: the parts of the user's two lists; RSNA ids were taken for patients, so that many RSNA images of test "
    "share an NIH patient with train; for comparison with papers",
)
def published(cases: Sequence[Case]) -> Parts:
    """The list that names the image."""
    return {case.id: str(case.meta["subset"]) for case in cases}


@rule(
    "covidx",
    version=1,
    parts=PARTS,
    origin="published ids, less what leaks",
    licence=LICENCE,
    note="disjoint in patients: the train list, and of the test list the images whose patient (of RSNA images the NIH "
    "patient) is not in train; the others are unused; models trained on the published train may be tested on it",
)
def clean(cases: Sequence[Case]) -> Parts:
    """The published parts without test images whose patient is in train."""
    trained = {case.patient for case in cases if case.meta["subset"] == "train"}
    leaking = {case.id for case in cases if case.meta["subset"] == "test" and case.patient in trained}
    return {name: UNUSED if name in leaking else part for name, part in published(cases).items()}
