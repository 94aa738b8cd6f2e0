"""The two radiologists of Danilov et al. 2022 against each other.

The paper's 1,085 pairs are 784 normals, which nobody read and whose two scores were set to 0, and 301 films that both
read. The printed agreement is recomputed as the paper has it; a remark gives that of the films that were read.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.metrics import Metric, kappa, pearson
from cxrbench.reported.record import Recomputed

READERS = ("R", "D")
Floats = NDArray[np.float64]


def recomputed_readers(metric: Metric, part: str, cases: Sequence[Case]) -> Recomputed:
    """One metric of reader R against reader D on a part (or all), normals counted as a pair of zeros."""
    left, right = _pairs(part, cases, normals=True)
    read = _pairs(part, cases, normals=False)
    how = "reader R against reader D, normals as two scores of 0"
    return Recomputed(
        float(metric(left, right)), len(left), how, others=(("the films both read", float(metric(*read))),)
    )


def _pairs(part: str, cases: Sequence[Case], *, normals: bool) -> tuple[Floats, Floats]:
    """Scores `[n]` of both readers on the films of the paper's filter."""
    chosen = [case for case in cases if case.meta["paper_filter"] and part in ("all", case.meta["subset"])]
    scores = [tuple(case.targets.readings.get(reader, np.nan) for reader in READERS) for case in chosen]
    zero = [normals and case.targets.finding is False for case in chosen]
    table = np.array([(0.0, 0.0) if none else pair for none, pair in zip(zero, scores, strict=True)], np.float64)
    table = table.reshape(-1, 2)
    kept = table[~np.isnan(table).any(axis=1)]
    return kept[:, 0], kept[:, 1]


def reader_remarks(cases: Sequence[Case]) -> tuple[str, ...]:
    """What the printed agreement rests on."""
    found = []
    for part in ("all", "test"):
        read, every = _pairs(part, cases, normals=False), _pairs(part, cases, normals=True)
        if len(read[0]) > 1:
            found.append(
                f"radiologists, {part}: {len(every[0]) - len(read[0])} of {len(every[0])} pairs are normals that "
                f"nobody read; on the {len(read[0])} films that both read the correlation is {_shown(pearson, read)} "
                f"and kappa {_shown(kappa(7), read)}"
            )
    return tuple(found)


def _shown(metric: Metric, pair: tuple[Floats, Floats]) -> str:
    value = float(metric(*pair))
    return "undefined" if np.isnan(value) else f"{value:.2f}"
