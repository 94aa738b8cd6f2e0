"""The findings as a document: what `cxrbench reproduce claims` prints as JSON, and the file `verdicts.json`.

Keys: `schema`, `benchmark` (version), `command`, `verdicts` (claim id to `printed`, `recomputed`, `verdict`, `reason`,
`n`, `n_printed`, `how`, `others`) and `papers` (name to `unchecked` claims, `remarks`, `comparisons`, and `sources`:
how many files were read, and one SHA-256 over all). It holds aggregates only, no label and no path of a machine.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from cxrbench import __version__
from cxrbench.reported.comparison import SystemComparison, SystemPair
from cxrbench.reported.findings import Finding, PaperReport, RecomputedValue
from cxrbench.stats import Estimate, Rank

SCHEMA = 1
DIGITS = 10
Document = dict[str, object]


def make_document(results: Mapping[str, tuple[PaperReport, Sequence[Finding]]], command: str) -> Document:
    """Make the document of some papers; the same data give the same bytes.

    Args:
        results: The report and the findings of each paper.
        command: The command that made them.

    Returns:
        One JSON object.
    """
    verdicts = {
        finding.claim.id: _describe_finding(finding, finding.recomputed)
        for _, findings in results.values()
        for finding in findings
        if finding.recomputed
    }
    return {
        "schema": SCHEMA,
        "benchmark": __version__,
        "command": command,
        "papers": {paper: _describe_paper(report, findings) for paper, (report, findings) in results.items()},
        "verdicts": verdicts,
    }


def _describe_finding(finding: Finding, recomputed: RecomputedValue) -> Document:
    return {
        "printed": str(finding.claim.value),
        "recomputed": _round_value(recomputed.value),
        "verdict": finding.verdict,
        "reason": finding.reason,
        "n": recomputed.n,
        "n_printed": finding.claim.n,
        "how": recomputed.how,
        "others": {name: _round_value(value) for name, value in recomputed.others},
    }


def _round_value(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _describe_paper(report: PaperReport, findings: Sequence[Finding]) -> Document:
    return {
        "unchecked": sum(finding.recomputed is None for finding in findings),
        "remarks": list(report.remarks),
        "comparisons": [_describe_comparison(comparison) for comparison in report.comparisons],
        "sources": {"files": len(report.sources), "sha256": _hash_files(report.sources)},
    }


def _hash_files(files: Sequence[Path]) -> str:
    """One hash over the names and hashes of the files, in the order of the names."""
    lines = sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _describe_comparison(comparison: SystemComparison) -> Document:
    return {
        "title": comparison.title,
        "metric": comparison.metric,
        "n": comparison.n,
        "n_patients": comparison.n_patients,
        "rows": [_describe_rank(rank, estimate) for rank, estimate in comparison.rows],
        "pairs": [_describe_pair(pair) for pair in comparison.pairs],
    }


def _describe_rank(rank: Rank, estimate: Estimate) -> Document:
    return {
        "system": rank.name,
        "rank": rank.rank,
        "rank_low": rank.low,
        "rank_high": rank.high,
        "value": _round_value(estimate.value),
        "low": _round_value(estimate.low),
        "high": _round_value(estimate.high),
    }


def _describe_pair(pair: SystemPair) -> Document:
    difference = pair.difference
    return {
        "left": difference.left,
        "right": difference.right,
        "ahead": _round_value(difference.estimate.value),
        "low": _round_value(difference.estimate.low),
        "high": _round_value(difference.estimate.high),
        "p": _round_value(difference.p),
        "p_holm": _round_value(difference.p_holm),
        "p_sign_flip": _round_value(pair.p_sign_flip),
        "p_sign_flip_holm": _round_value(pair.p_sign_flip_holm),
        "told": pair.verdict,
    }
