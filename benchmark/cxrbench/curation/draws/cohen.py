"""Cohen: the 94 radiographs with severity scores are the test part, as every paper that uses them tests on all."""

from cxrbench.curation.draws import draws, split_text
from cxrbench.datasets import load
from cxrbench.splits.patient_identity import same_patient
from cxrbench.splits.split import UNUSED, Head


@draws.register("cohen")
def cohen(data: str | None) -> str:
    """Test is the scored images, train the frontal radiographs of other patients; the rest is unused."""
    cases = load("cohen", data).cases
    scored = {case.id for case in cases if case.targets.extent is not None}
    patients = {case.id: same_patient(case.patient) for case in cases}
    held_out = {patients[name] for name in scored}
    parts = {name: _part(name in scored, patient in held_out) for name, patient in patients.items()}
    head = Head(
        dataset="cohen",
        origin="published ids",
        licence="file names of the Cohen set; severity scores CC BY-SA, not included",
        note="disjoint in patients; test is the 94 images with severity scores, train the other patients' frontal "
        "radiographs in the table of 2020-06-22 (commit 584034a); further images of the test patients are unused; "
        "images that later tables added are in no part; patients 178 and 97 of the table are one, and so are "
        "196 and 192",
    )
    return split_text(head, [(name, patients[name], part) for name, part in parts.items()])


def _part(scored: bool, held_out: bool) -> str:
    if scored:
        return "test"
    return UNUSED if held_out else "train"
