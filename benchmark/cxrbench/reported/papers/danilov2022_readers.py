"""The two radiologists of Danilov et al. 2022 against each other.

The 1,085 pairs of the paper are 784 normals, which nobody read and whose two scores were set to 0, and 301 radiographs
that both read. The printed agreement is recomputed as in the paper; a remark gives that of the radiographs that were
read.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import Metric, kappa, pearson
from cxrbench.reported.findings import RecomputedValue

READERS = ("R", "D")
Floats = NDArray[np.float64]


def recompute_reader_agreement(metric: Metric, part: str, cases: Sequence[Case]) -> RecomputedValue:
    """Recompute the agreement of reader R with reader D; normals count as a pair of zeros.

    Args:
        metric: A metric of two readings.
        part: A part of the paper's split, or "all".
        cases: All cases of the dataset.

    Returns:
        The value; that of the radiographs both read is in `others`.
    """
    left, right = _read_pairs(part, cases, normals=True)
    read = _read_pairs(part, cases, normals=False)
    how = "reader R against reader D, normals as two scores of 0"
    return RecomputedValue(
        float(metric(left, right)), len(left), how, others=(("the radiographs that both read", float(metric(*read))),)
    )


def _read_pairs(part: str, cases: Sequence[Case], *, normals: bool) -> tuple[Floats, Floats]:
    """Scores `[n]` of both readers on the radiographs that pass the filter of the paper."""
    chosen = [case for case in cases if case.meta["paper_filter"] and part in ("all", case.meta["subset"])]
    scores = [tuple(case.targets.readings.get(reader, np.nan) for reader in READERS) for case in chosen]
    zero = [normals and case.targets.finding is False for case in chosen]
    table = np.array([(0.0, 0.0) if none else pair for none, pair in zip(zero, scores, strict=True)], np.float64)
    table = table.reshape(-1, 2)
    kept = table[~np.isnan(table).any(axis=1)]
    return kept[:, 0], kept[:, 1]


def describe_reader_agreement(cases: Sequence[Case]) -> tuple[str, ...]:
    """Describe which pairs of scores the printed agreement is made of.

    Args:
        cases: All cases of the dataset.

    Returns:
        A remark per part that has read radiographs.
    """
    remarks = []
    for part in ("all", "test"):
        read, every = _read_pairs(part, cases, normals=False), _read_pairs(part, cases, normals=True)
        if len(read[0]) > 1:
            remarks.append(
                f"radiologists, {part}: {len(every[0]) - len(read[0])} of {len(every[0])} pairs are normals that "
                f"nobody read; on the {len(read[0])} radiographs that both read the correlation is "
                f"{_format_metric(pearson, read)} and kappa {_format_metric(kappa(7), read)}"
            )
    return tuple(remarks)


def _format_metric(metric: Metric, pair: tuple[Floats, Floats]) -> str:
    value = float(metric(*pair))
    return "undefined" if np.isnan(value) else f"{value:.2f}"
