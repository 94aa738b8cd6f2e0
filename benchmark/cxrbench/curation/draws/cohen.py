"""Cohen: the 94 radiographs with severity scores are the test set, as in every paper that uses them."""

from cxrbench.curation.draws import draws, format_split_file
from cxrbench.datasets import load
from cxrbench.splits.patient_identity import merge_cohen_ids
from cxrbench.splits.split import UNUSED, SplitHeader


@draws.register("cohen")
def draw_cohen(data: str | None) -> str:
    """Draw the scored images as test and the frontal radiographs of other patients as train; the rest is unused.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    cases = load("cohen", data).cases
    scored = {case.id for case in cases if case.targets.extent is not None}
    patients = {case.id: merge_cohen_ids(case.patient) for case in cases}
    held_out = {patients[name] for name in scored}
    parts = {name: _choose_part(name in scored, patient in held_out) for name, patient in patients.items()}
    header = SplitHeader(
        dataset="cohen",
        origin="published ids",
        licence="file names of the Cohen set; severity scores CC BY-SA, not included",
        note="disjoint in patients; test is the 94 images with severity scores, train the other patients' frontal "
        "radiographs in the table of 2020-06-22 (commit 584034a); further images of the test patients are unused; "
        "images that later tables added are in no part; patients 178 and 97 of the table are one, and so are "
        "196 and 192",
    )
    return format_split_file(header, [(name, patients[name], part) for name, part in parts.items()])


def _choose_part(scored: bool, held_out: bool) -> str:
    if scored:
        return "test"
    return UNUSED if held_out else "train"
