"""Brixia COVID-19: only the ids of the 150 consensus images are public, so train and val follow from a hash."""

from collections.abc import Sequence

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.splits.rules import hash_to_fraction, register_rule
from cxrbench.splits.split import UNUSED, PartByCase

VAL_SHARE = 945 / (3311 + 945)
"""The published share of val in what is not test (Signoroni et al. 2020, table 3: 3,311 / 945 / 447)."""


@register_rule(
    "brixia",
    version=1,
    parts=("train", "val", "test"),
    origin="ours, rule",
    licence="no ids are listed; the data are under the Brixia Research Use Agreement",
    note="disjoint in patients; test is the 150 consensus images (ConsensusTestset = 1); other images of their "
    "subjects are unused; of the other subjects those whose hash of brixia-v1:<Subject> is below 945/4256 of its "
    "range are val, the rest train; not stratified, so that a subject's part does not depend on the copy; the 447 "
    "test ids of the paper are not public",
)
def assign_brixia_parts(cases: Sequence[Case]) -> PartByCase:
    """Assign each case to a part by its subject; a consensus image is one whose `meta` says `consensus`.

    Args:
        cases: Every case of the copy.

    Returns:
        Case id to part, `unused` for other images of the test subjects.

    Raises:
        DataError: The copy marks no consensus image.
    """
    consensus = {case.id for case in cases if case.meta.get("consensus")}
    if not consensus:
        raise DataError("no image is marked as consensus", "brixia", "add metadata_consensus_v1.csv to the copy")
    held_out = {case.patient for case in cases if case.id in consensus}
    return {case.id: _choose_part(case, consensus, held_out) for case in cases}


def _choose_part(case: Case, consensus: set[str], held_out: set[str]) -> str:
    if case.id in consensus:
        return "test"
    if case.patient in held_out:
        return UNUSED
    return "val" if hash_to_fraction("brixia-v1", case.patient) < VAL_SHARE else "train"
