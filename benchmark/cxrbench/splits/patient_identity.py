"""Identity of patients across datasets: one name for a patient whom several datasets list.

A dataset that borrows its images names its patients as their source does (`patients_of` on its card): patient 46 of
`brixia-cohen` is patient 46 of `cohen`. A dataset with several sources writes the source into its own ids
(`cohen:46`, `nih:19124`). NIH ChestX-ray14, behind RSNA and others, has no card here; its patients are `nih:<number>`.
"""

from collections.abc import Sequence

from cxrbench.catalog import find_card
from cxrbench.splits.split import Split

SAME_PATIENT = {"178": "97", "196": "192", "339": "285", "340": "287"}
"""Ids of the Cohen table that are one patient: 178 and 97 share four radiographs (`splits audit cohen --images`), 196
and 192 one (with a label burned in, found by eye); the others claim the same file names."""

SAME_ACROSS_SOURCES = {
    "cohen:image:4-x-day1.jpg": "cohen:192",
    "cohen:image:4-x-day8.jpg": "cohen:192",
    "figure1:COVID-00022": "cohen:36",
}
"""Patients whom two sources list, by a radiograph that both have (`splits audit --images`, confirmed by eye): two
radiographs without a patient in the Brixia scores are `extubation-1.jpg` and `extubation-8.jpg`; COVID-00022 is
`9C34AF49-....jpeg`."""

ALIASES = {
    "actmed:": "actualmed:",
    "fig1:": "figure1:",
    "image:covid-chestxray-dataset/": "cohen:image:",
}
"""How datasets of several sources begin an id, and how the source is called here."""


def merge_cohen_ids(patient: str) -> str:
    """Map the ids of a patient whom the Cohen table lists twice to one of them.

    Args:
        patient: An id of the column `patientid` of the Cohen table.

    Returns:
        The one id under which the patient is known here; every other id unchanged.

    Example:
        >>> merge_cohen_ids("178"), merge_cohen_ids("46")
        ('97', '46')
    """
    return SAME_PATIENT.get(patient, patient)


def identify_patient(dataset: str, patient: str) -> str:
    """Name a patient in the same way for every dataset: `cohen:46`.

    Args:
        dataset: Name of the dataset that lists the patient.
        patient: The patient's id in that dataset.

    Returns:
        `<source>:<id>`, equal for the same patient in two datasets.

    Raises:
        UsageError: The dataset is unknown.

    Example:
        >>> identify_patient("brixia-cohen", "196") == identify_patient("danilov", "cohen:192")
        True
        >>> identify_patient("cohen", "192")
        'cohen:192'
    """
    sources = find_card(dataset).patients_of or (dataset,)
    full = f"{sources[0]}:{patient}" if len(sources) == 1 else patient
    known = next((name + full.removeprefix(alias) for alias, name in ALIASES.items() if full.startswith(alias)), full)
    source, _, number = known.partition(":")
    merged = f"cohen:{merge_cohen_ids(number)}" if source == "cohen" else known
    return SAME_ACROSS_SOURCES.get(merged, merged)


def may_share_patients(a: str, b: str) -> bool:
    """Whether two datasets have a source of patients in common.

    Args:
        a: Name of a dataset.
        b: Name of another, or the same one.

    Returns:
        False where no patient of `a` can be a patient of `b`.

    Raises:
        UsageError: A dataset is unknown.

    Example:
        >>> may_share_patients("brixia-cohen", "cohen"), may_share_patients("jsrt", "cohen")
        (True, False)
    """
    return bool(_list_sources(a) & _list_sources(b))


def _list_sources(dataset: str) -> set[str]:
    """Where a dataset's patients may be listed: its sources, and those that share patients with one of these."""
    sources = {*(find_card(dataset).patients_of or (dataset,))}
    return sources | {b.partition(":")[0] for a, b in SAME_ACROSS_SOURCES.items() if a.partition(":")[0] in sources}


def identify_patients(split: Split, cases: Sequence[str]) -> set[str]:
    """Name the patients behind cases of a split in the same way for every dataset.

    Args:
        split: The split that knows the patient of each case.
        cases: Ids of cases of that split.

    Returns:
        The names that `identify_patient` gives to their patients.
    """
    return {identify_patient(split.dataset, split.patients[case]) for case in cases}
