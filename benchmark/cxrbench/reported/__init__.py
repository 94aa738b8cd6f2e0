"""Printed claims, recomputed: what a paper printed beside what its published per-image files give.

One file a paper, found by its registry. A rule gets the claims as plain data and a data folder, recomputes those it
can from files (never from another claim), and says how; whether a value is equal is decided here, for all alike.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from cxrbench.datasets import DataFolder
from cxrbench.registry import Registry
from cxrbench.reported.record import UNCHECKED, Finding, Printed, Recomputed, Report

__all__ = ["Finding", "Printed", "Recomputed", "Report", "Rule", "check", "equal", "papers"]

ROUNDING = Decimal("1e-9")

Rule = Callable[[Sequence[Printed], DataFolder], Report]
"""Recompute what can be recomputed of one paper's claims; raises `DataError` where the data are missing."""
papers: Registry[Rule] = Registry("paper", "cxrbench.reported.papers")


def equal(printed: Decimal, value: float) -> bool:
    """Whether a value rounds to the printed digits; an exact half may have been rounded either way.

    >>> equal(Decimal("0.30"), 0.2963), equal(Decimal("0.3"), 0.2963), equal(Decimal("0.300"), 0.2963)
    (True, True, False)
    """
    exponent = printed.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return abs(Decimal(repr(value)) - printed) <= half + ROUNDING


def check(claims: Sequence[Printed], report: Report) -> tuple[Finding, ...]:
    """Every claim with its verdict, in the order of the claims; one that no rule recomputes is "not yet checked"."""
    return tuple(_finding(claim, report.recomputed.get(claim.id)) for claim in claims)


def _finding(claim: Printed, found: Recomputed | None) -> Finding:
    if found is None:
        return Finding(claim, None, UNCHECKED)
    if found.value is None:
        return Finding(claim, found, "undefined", found.undefined)
    if equal(claim.value, found.value):
        return Finding(claim, found, "equal")
    likely = next((name for name, value in found.others if equal(claim.value, value)), "")
    return Finding(claim, found, "differs", f"the printed value is that of {likely}" if likely else found.unexplained)
