"""`cxrbench reproduce claims`: recompute what was printed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import add_data_option, add_json_option, print_json, print_note, print_table

if TYPE_CHECKING:
    from cxrbench.reported.comparison import SystemComparison, SystemPair
    from cxrbench.reported.findings import Finding, PaperReport
    from cxrbench.stats import Estimate, Rank


@click.command()
@click.option("--paper", "names", multiple=True, metavar="PAPER", help="May be repeated; default: all with a rule.")
@add_data_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the verdicts as JSON too.")
@add_json_option
def claims(names: tuple[str, ...], data: str | None, out: Path | None, as_json: bool) -> None:
    """Recompute the printed claims of a paper from its published per-image files.

    For each claim: printed, recomputed, the verdict at the printed precision with the most likely reason, and the
    number of cases. Claims that need images or weights stay unchecked and are counted.
    """
    import json

    from cxrbench.datasets import DataFolder
    from cxrbench.reported.claims import load_claims
    from cxrbench.reported.document import make_document
    from cxrbench.reported.rules import check_claims, paper_rules
    from cxrbench.results.store import write_atomically

    folder = DataFolder(Path(data) if data is not None else None)
    printed, results = load_claims(), {}
    for name in dict.fromkeys(names or paper_rules):
        of_paper = [claim for claim in printed if claim.paper == name]
        report = paper_rules[name](of_paper, folder)
        results[name] = (report, check_claims(of_paper, report))
    options = [f"--paper {name}" for name in names] + ([f"--out {out.name}"] if out is not None else [])
    document = make_document(results, " ".join(["cxrbench reproduce claims", *options]))
    if out is not None:
        write_atomically(out, (json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())
    if as_json:
        print_json(document)
        return
    for name, (report, findings) in results.items():
        _print_paper(name, report, findings)


def _print_paper(paper: str, report: "PaperReport", findings: Sequence["Finding"]) -> None:
    checked = [finding for finding in findings if finding.recomputed is not None]
    click.echo(f"\n{paper}")
    header = ("claim", "printed", "recomputed", "n", "verdict", "reason")
    print_table(header, [_format_finding(finding) for finding in checked])
    verdicts = [finding.verdict for finding in findings]
    counts = {verdict: verdicts.count(verdict) for verdict in ("equal", "differs", "undefined")}
    summary = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    click.echo(f"{len(findings)} claims: {summary}; {len(findings) - len(checked)} not yet checked (no rule)")
    for comparison in report.comparisons:
        _print_comparison(comparison)
    for remark in report.remarks:
        print_note(remark)


def _format_finding(finding: "Finding") -> tuple[object, ...]:
    claim, recomputed, value, n = finding.claim, finding.recomputed, "-", "-"
    if recomputed is not None:
        n = str(recomputed.n) if claim.n in (None, recomputed.n) else f"{recomputed.n} of {claim.n}"
    if recomputed is not None and recomputed.value is not None:
        value = f"{recomputed.value:.{max(0, -int(claim.value.as_tuple().exponent)) + 2}f}"
    return claim.id, claim.value, value, n, finding.verdict, finding.reason


def _print_comparison(comparison: "SystemComparison") -> None:
    sizes = f"{comparison.n} cases of {comparison.n_patients} patients"
    click.echo(f"\n{comparison.metric} on {comparison.title}: {sizes}, paired on the same draws")
    rows = [_format_rank(*row) for row in comparison.rows]
    print_table(("system", "rank", "95 % rank interval", comparison.metric), rows)
    pairs = comparison.significant_pairs
    count = f"{len(pairs)} of {len(comparison.pairs)} pairs"
    click.echo(f"{count} are significantly different (p below 0.05, Holm over all pairs)")
    if pairs:
        header = ("pair", "difference", "p bootstrap", "p sign flips", "verdict")
        print_table(header, [_format_pair(pair) for pair in pairs])


def _format_rank(rank: "Rank", estimate: "Estimate") -> tuple[str, ...]:
    if rank.rank is None:
        return rank.name, "-", "-", f"undefined: {estimate.undefined}"
    return rank.name, str(rank.rank), f"{rank.low}-{rank.high}", _format_estimate(estimate)


def _format_pair(pair: "SystemPair") -> tuple[str, ...]:
    """A pair of systems with the better one first."""
    difference, value = pair.difference, pair.difference.estimate.value
    if value is not None and value < 0:
        difference = difference.reverse()
    p_values = ("-" if p is None else f"{p:.4f}" for p in (difference.p_holm, pair.p_sign_flip_holm))
    names = f"{difference.left} over {difference.right}"
    return names, _format_estimate(difference.estimate), *p_values, pair.verdict


def _format_estimate(estimate: "Estimate") -> str:
    if estimate.value is None:
        return "-"
    bounded = estimate.low is not None and estimate.high is not None
    return f"{estimate.value:.3f}" + (f" ({estimate.low:.3f} to {estimate.high:.3f})" if bounded else "")
