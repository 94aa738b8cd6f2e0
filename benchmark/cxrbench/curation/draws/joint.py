"""One division of the patients of the Cohen radiographs, for every score and mask that exists for them.

The test patients of `brixia-cohen` are test patients here, so that a system may learn lungs from one dataset, opacities
from a second and scores from a third without seeing a test patient.
"""

from collections.abc import Iterable

from cxrbench.curation.draws import draws, format_split_file, shuffle_by_hash
from cxrbench.datasets import load
from cxrbench.splits import load_split
from cxrbench.splits.patient_identity import identify_patient, identify_patients
from cxrbench.splits.split import SplitHeader

SEED = 23
SHARE = 0.25
"""Share of the patients not listed in `brixia-cohen` that is held out."""


@draws.register("cohen@joint")
def draw_cohen_joint(data: str | None) -> str:
    """Draw every frontal radiograph of the Cohen table.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    header = SplitHeader(
        dataset="cohen",
        name="joint",
        origin="ours",
        seed=SEED,
        licence="file names of the Cohen set",
        note="disjoint in patients; test is everybody in brixia-cohen/test and a quarter of those whom it "
        "does not list",
    )
    return format_split_file(header, _make_rows("cohen", data))


@draws.register("cxr-seg-100")
def draw_cxr_seg_100(data: str | None) -> str:
    """Draw the radiographs with outlined opacities, by the same patients.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    header = SplitHeader(
        dataset="cxr-seg-100",
        origin="ours",
        seed=SEED,
        licence="file names of the Cohen set; masks CC BY 4.0, not included",
        note="disjoint in patients, and the same people as in cohen@joint and brixia-cohen",
    )
    return format_split_file(header, _make_rows("cxr-seg-100", data))


def _make_rows(dataset: str, data: str | None) -> list[tuple[str, str, str]]:
    """Case, patient and part of every case of a dataset of Cohen radiographs."""
    cases, held_out = load(dataset, data).cases, _find_test_patients(data)
    return [
        (case.id, case.patient, "test" if identify_patient(dataset, case.patient) in held_out else "train")
        for case in cases
    ]


def _find_test_patients(data: str | None) -> set[str]:
    """The patients of the test set."""
    scored = load_split("brixia-cohen")
    listed = identify_patients(scored, scored.cases("all"))
    others = {
        identify_patient(name, case.patient) for name in ("cohen", "cxr-seg-100") for case in load(name, data).cases
    }
    return identify_patients(scored, scored.cases("test")) | set(_draw_share(others - listed))


def _draw_share(patients: Iterable[str]) -> list[str]:
    drawn = shuffle_by_hash(patients, SEED)
    return drawn[: round(SHARE * len(drawn))]
