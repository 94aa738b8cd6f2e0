"""The findings as a document: what `cxrbench reproduce claims` prints as JSON, and the leaderboard's `verdicts.json`.

Keys: `schema`, `benchmark` (version), `command`, `verdicts` (claim id to `printed`, `recomputed`, `verdict`, `reason`,
`n`, `n_printed`, `how`, `others`) and `papers` (name to `unchecked` claims, `remarks`, `comparisons`, and `sources`
(how many files were read, and one SHA-256 over all). Aggregates only: no label and no path of a machine is in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from cxrbench import __version__
from cxrbench.reported.comparison import Comparison, Pair
from cxrbench.reported.record import Finding, Report
from cxrbench.stats import Rank, Score

SCHEMA = 1
DIGITS = 10
Document = dict[str, object]


def document(found: Mapping[str, tuple[Report, Sequence[Finding]]], command: str) -> Document:
    """Papers with their report and findings, as one JSON object; the same data give the same bytes."""
    verdicts = {one.claim.id: _verdict(one) for _, findings in found.values() for one in findings if one.recomputed}
    return {
        "schema": SCHEMA,
        "benchmark": __version__,
        "command": command,
        "papers": {paper: _paper(report, findings) for paper, (report, findings) in found.items()},
        "verdicts": verdicts,
    }


def _verdict(finding: Finding) -> Document:
    found = finding.recomputed
    if found is None:
        raise ValueError(f"{finding.claim.id} was not recomputed")
    return {
        "printed": str(finding.claim.value),
        "recomputed": _rounded(found.value),
        "verdict": finding.verdict,
        "reason": finding.reason,
        "n": found.n,
        "n_printed": finding.claim.n,
        "how": found.how,
        "others": {name: _rounded(value) for name, value in found.others},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _paper(report: Report, findings: Sequence[Finding]) -> Document:
    return {
        "unchecked": sum(one.recomputed is None for one in findings),
        "remarks": list(report.remarks),
        "comparisons": [_comparison(one) for one in report.comparisons],
        "sources": {"files": len(report.sources), "sha256": _sha256(report.sources)},
    }


def _sha256(files: Sequence[Path]) -> str:
    """One hash over the files' names and hashes, in the order of the names."""
    lines = sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _comparison(one: Comparison) -> Document:
    return {
        "title": one.title,
        "metric": one.metric,
        "n": one.n,
        "n_patients": one.n_patients,
        "rows": [_row(rank, score) for rank, score in one.rows],
        "pairs": [_pair(pair) for pair in one.pairs],
    }


def _row(rank: Rank, score: Score) -> Document:
    return {
        "system": rank.name,
        "rank": rank.rank,
        "rank_low": rank.low,
        "rank_high": rank.high,
        "value": _rounded(score.value),
        "low": _rounded(score.low),
        "high": _rounded(score.high),
    }


def _pair(pair: Pair) -> Document:
    gap = pair.gap
    return {
        "left": gap.left,
        "right": gap.right,
        "ahead": _rounded(gap.score.value),
        "low": _rounded(gap.score.low),
        "high": _rounded(gap.score.high),
        "p": _rounded(gap.p),
        "p_holm": _rounded(gap.p_holm),
        "p_sign_flip": _rounded(pair.p_sign_flip),
        "p_sign_flip_holm": _rounded(pair.p_sign_flip_holm),
        "told": pair.told,
    }
