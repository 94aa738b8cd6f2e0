"""Splits that follow from public ids alone, without any data: MosMed 1110 and JSRT."""

from cxrbench.curation.draws import draws, format_split_file
from cxrbench.splits.split import SplitHeader

MASKED = range(255, 305)
"""Studies of MosMedData COVID19_1110 that have a lesion mask."""


@draws.register("mosmed-1110")
def draw_mosmed_1110(data: str | None) -> str:  # noqa: ARG001
    """Draw all studies as train, as in Goncharov et al. 2020; the 50 with a lesion mask have a part of their own.

    Args:
        data: Not used.

    Returns:
        The text of the split file.
    """
    studies = [(f"study_{i:04d}", "masked" if i in MASKED else "train") for i in range(1, 1111)]
    header = SplitHeader(
        dataset="mosmed-1110",
        origin="published ids",
        licence="study numbers of MosMedData COVID19_1110 (CC BY-NC-ND 3.0), no data",
        note="the paper trains on all 1110; part masked is the 50 studies with a lesion mask (all CT-1), train the "
        "others; no patient ids exist, so a study counts as a patient",
    )
    return format_split_file(header, [(study, study, part) for study, part in studies])


@draws.register("jsrt")
def draw_jsrt(data: str | None) -> str:  # noqa: ARG001
    """Draw fold 1 of SCR as train and fold 2 as test, as BS-Net does (124 / 123).

    Args:
        data: Not used.

    Returns:
        The text of the split file.
    """
    names = [*(f"JPCLN{i:03d}" for i in range(1, 155)), *(f"JPCNN{i:03d}" for i in range(1, 94))]
    header = SplitHeader(
        dataset="jsrt",
        origin="published rule",
        licence="image names of JSRT, no data",
        note="the folds of the SCR masks (van Ginneken et al. 2006): fold 1, the 124 odd-numbered images, is train; "
        "fold 2, the 123 even-numbered ones, is test; one image a patient",
    )
    return format_split_file(header, [(name, name, "train" if int(name[-3:]) % 2 else "test") for name in names])
