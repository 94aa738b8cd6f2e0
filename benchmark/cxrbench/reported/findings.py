"""What the rules of the papers give: recomputed values, findings, and a report per paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cxrbench.reported.claims import Claim
from cxrbench.reported.comparison import SystemComparison

Verdict = Literal["equal", "differs", "undefined", "not yet checked"]
"""At the printed precision; "undefined" where the number does not exist on these files."""


@dataclass(frozen=True, slots=True)
class RecomputedValue:
    """The number of a claim, recomputed from the files.

    Attributes:
        value: The recomputed value; None where undefined.
        n: Number of cases.
        how: What was computed.
        undefined: Why the value is undefined.
        others: Other readings of the same words of the paper, each a name and its value. Where the value differs from
            the printed one, the first of them that does not is the most likely reason.
        unexplained: What can be said where no other reading gives the printed value.
    """

    value: float | None
    n: int
    how: str
    undefined: str = ""
    others: tuple[tuple[str, float], ...] = ()
    unexplained: str = "no reading tried gives the printed value"


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim with its verdict.

    Attributes:
        claim: The claim.
        recomputed: Its recomputed value; None where no rule recomputes it.
        verdict: The verdict at the printed precision.
        reason: The most likely reason for a difference, or why the value is undefined.
    """

    claim: Claim
    recomputed: RecomputedValue | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PaperReport:
    """What a rule gives for one paper.

    Attributes:
        recomputed: The recomputed values by claim id.
        remarks: Remarks on the paper's numbers as a whole.
        comparisons: Which systems of the paper differ significantly.
        sources: The files that were read.
    """

    recomputed: Mapping[str, RecomputedValue]
    remarks: tuple[str, ...] = ()
    comparisons: tuple[SystemComparison, ...] = ()
    sources: tuple[Path, ...] = ()
