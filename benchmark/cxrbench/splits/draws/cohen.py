"""Cohen: the 94 radiographs with severity scores are the test part, as every paper that uses them tests on all."""

from cxrbench.datasets import load
from cxrbench.splits.draws import draws, rows_of, split_text
from cxrbench.splits.split import UNUSED, Head


@draws.register("cohen")
def cohen(data: str | None) -> str:
    """Test is the scored images, train the frontal radiographs of other patients; the rest is unused."""
    cases = load("cohen", data).cases
    scored = {case.id for case in cases if case.targets.extent is not None}
    held_out = {case.patient for case in cases if case.id in scored}
    parts = {
        case.id: "test" if case.id in scored else UNUSED if case.patient in held_out else "train" for case in cases
    }
    head = Head(
        dataset="cohen",
        origin="published ids",
        licence="file names of the Cohen set; severity scores CC BY-SA, not included",
        note="disjoint in patients; test is the 94 images with severity scores, train the other patients' frontal "
        "radiographs in the table of 2020-06-22 (commit 584034a); further images of the test patients are unused; "
        "images that later tables added are in no part",
    )
    return split_text(head, rows_of(cases, parts))
