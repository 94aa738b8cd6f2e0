"""Who a patient is across datasets: one name for a person whom several datasets list.

A dataset that borrows its images names its patients as their source does (`patients_of` on its card): patient 46 of
`brixia-cohen` is patient 46 of `cohen`. A dataset with several sources writes the source into its own ids
(`cohen:46`, `nih:19124`). NIH ChestX-ray14, behind RSNA and others, has no card here; its patients are `nih:<number>`.
"""

from collections.abc import Sequence

from cxrbench.catalog import card
from cxrbench.splits.split import Split

SAME_PATIENT = {"178": "97", "196": "192", "339": "285", "340": "287"}
"""Ids of the Cohen table that are one patient: 178 and 97 share four films (`splits audit cohen --images`), 196 and
192 one (under a label, found by eye); the others claim the same file names."""

SAME_PERSON = {
    "cohen:image:4-x-day1.jpg": "cohen:192",
    "cohen:image:4-x-day8.jpg": "cohen:192",
    "figure1:COVID-00022": "cohen:36",
}
"""People whom two sources list, by one film that both have (`splits audit --images`, then looked at): two films without
a patient in the Brixia scores are `extubation-1.jpg` and `extubation-8.jpg`; COVID-00022 is `9C34AF49-....jpeg`."""

ALIASES = {
    "actmed:": "actualmed:",
    "fig1:": "figure1:",
    "image:covid-chestxray-dataset/": "cohen:image:",
}
"""How datasets of several sources begin an id, and how the source is called here."""


def same_patient(patient: str) -> str:
    """The one id of a patient whom the Cohen table lists under two."""
    return SAME_PATIENT.get(patient, patient)


def person(dataset: str, patient: str) -> str:
    """A patient of a dataset under a name that means the same person in every dataset: `cohen:46`.

    Raises `UsageError` for an unknown dataset.

    >>> person("brixia-cohen", "196") == person("danilov", "cohen:192") == person("cohen", "192")
    True
    """
    sources = card(dataset).patients_of or (dataset,)
    full = f"{sources[0]}:{patient}" if len(sources) == 1 else patient
    known = next((name + full.removeprefix(alias) for alias, name in ALIASES.items() if full.startswith(alias)), full)
    source, _, own = known.partition(":")
    same = f"cohen:{same_patient(own)}" if source == "cohen" else known
    return SAME_PERSON.get(same, same)


def may_share(a: str, b: str) -> bool:
    """Whether two datasets have a source of patients in common."""
    return bool(_sources(a) & _sources(b))


def _sources(dataset: str) -> set[str]:
    """Where a dataset's people may be listed: its sources, and those with which one of these has people in common."""
    own = {*(card(dataset).patients_of or (dataset,))}
    return own | {other.partition(":")[0] for one, other in SAME_PERSON.items() if one.partition(":")[0] in own}


def persons(split: Split, cases: Sequence[str]) -> set[str]:
    """The people behind cases of a split."""
    return {person(split.dataset, split.patients[case]) for case in cases}
