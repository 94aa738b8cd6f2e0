"""Printed claims, recomputed: what a paper printed against what its published per-image files give.

One file per paper, found by its registry. A rule gets the claims and a data folder, recomputes those it can from files
(never from another claim), and says how. Whether a value is equal is decided here, for all alike.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from cxrbench.datasets import DataFolder
from cxrbench.registry import Registry
from cxrbench.reported.claims import UNCHECKED, Claim
from cxrbench.reported.findings import Finding, PaperReport, RecomputedValue

ROUNDING = Decimal("1e-9")

Rule = Callable[[Sequence[Claim], DataFolder], PaperReport]
"""Recompute what can be recomputed of the claims of one paper; raises `DataError` where the data are missing."""
paper_rules: Registry[Rule] = Registry("paper", "cxrbench.reported.papers")


def is_equal_as_printed(printed: Decimal, value: float) -> bool:
    """Tell whether a value rounds to the printed digits; an exact half may have been rounded either way.

    Args:
        printed: The printed number with its digits.
        value: The recomputed value.

    Returns:
        Whether the two agree at the printed precision.

    Example:
        >>> [is_equal_as_printed(Decimal(text), 0.2963) for text in ("0.30", "0.3", "0.300")]
        [True, True, False]
    """
    exponent = printed.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return abs(Decimal(repr(value)) - printed) <= half + ROUNDING


def check_claims(claims: Sequence[Claim], report: PaperReport) -> tuple[Finding, ...]:
    """Give every claim its verdict.

    Args:
        claims: The claims of a paper.
        report: What the rule of the paper gives.

    Returns:
        A finding per claim, in the order of the claims; a claim that no rule recomputes is "not yet checked".
    """
    return tuple(_make_finding(claim, report.recomputed.get(claim.id)) for claim in claims)


def _make_finding(claim: Claim, recomputed: RecomputedValue | None) -> Finding:
    if recomputed is None:
        return Finding(claim, None, UNCHECKED)
    if recomputed.value is None:
        return Finding(claim, recomputed, "undefined", recomputed.undefined)
    if is_equal_as_printed(claim.value, recomputed.value):
        return Finding(claim, recomputed, "equal")
    likely = next((name for name, value in recomputed.others if is_equal_as_printed(claim.value, value)), "")
    reason = f"the printed value is that of {likely}" if likely else recomputed.unexplained
    return Finding(claim, recomputed, "differs", reason)
