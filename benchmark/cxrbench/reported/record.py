"""What passes between the rules of the papers and those who show it: claims, recomputed values, findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from cxrbench.reported.comparison import Comparison

Verdict = Literal["equal", "differs", "undefined", "not yet checked"]
"""At the printed precision; "undefined" where the number does not exist on these files."""
UNCHECKED: Verdict = "not yet checked"


@dataclass(frozen=True, slots=True)
class Printed:
    """One number as a paper printed it: `value` keeps the printed digits, `n` is the paper's own count, if any."""

    id: str
    paper: str
    where: str
    system: str
    task: str
    dataset: str
    part: str
    subgroup: str
    metric: str
    value: Decimal
    n: int | None


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The same number from the files: `value` (None where undefined, and `undefined` says why), `n` cases behind it.

    `how` says what was computed. `others` are other readings of the same words, each a name and its value: where the
    value differs from the printed one, the first of them that does not is the most likely reason; where none does,
    `unexplained` is what can be said.
    """

    value: float | None
    n: int
    how: str
    undefined: str = ""
    others: tuple[tuple[str, float], ...] = ()
    unexplained: str = "no reading tried gives the printed value"


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim with its recomputed value, the verdict at the printed precision, and what a reader must know."""

    claim: Printed
    recomputed: Recomputed | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a rule found: recomputed values by claim id, remarks, and which systems can be told apart.

    `sources` are the files that were read.
    """

    recomputed: Mapping[str, Recomputed]
    remarks: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    sources: tuple[Path, ...] = ()
