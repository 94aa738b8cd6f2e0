"""`cxrbench reproduce claims`: recompute what was printed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import data_option, json_option, note, print_json, print_table

if TYPE_CHECKING:
    from cxrbench.reported import Finding, Printed, Report
    from cxrbench.reported.comparison import Comparison, Pair
    from cxrbench.stats import Rank, Score


@click.command()
@click.option("--paper", "names", multiple=True, metavar="PAPER", help="May be repeated; default: all with a rule.")
@data_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the verdicts as JSON too.")
@json_option
def claims(names: tuple[str, ...], data: str | None, out: Path | None, as_json: bool) -> None:
    """Recompute the printed claims of a paper from its published per-image files.

    For each claim: printed, recomputed, the verdict at the printed precision with the most likely reason, and the
    number of cases. Claims that need images or weights stay unchecked and are counted.
    """
    import json

    from cxrbench.datasets import DataFolder
    from cxrbench.reported import check, papers
    from cxrbench.reported.document import document
    from cxrbench.results.store import write_whole

    folder = DataFolder(Path(data) if data is not None else None)
    printed, found = _printed(), {}
    for name in dict.fromkeys(names or papers):
        own = [claim for claim in printed if claim.paper == name]
        report = papers[name](own, folder)
        found[name] = (report, check(own, report))
    asked = [f"--paper {name}" for name in names] + ([f"--out {out.name}"] if out is not None else [])
    command = " ".join(["cxrbench reproduce claims", *asked])
    made = document(found, command)
    if out is not None:
        write_whole(out, (json.dumps(made, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())
    if as_json:
        print_json(made)
        return
    for name, (report, findings) in found.items():
        _show(name, report, findings)


def _printed() -> list["Printed"]:
    """The claims that ship with the leaderboard, as plain data."""
    from cxrbench.reported import Printed
    from cxrbench.reported.claims import load_claims

    return [Printed(**{name: getattr(one, name) for name in Printed.__slots__}) for one in load_claims()]


def _show(paper: str, report: "Report", findings: Sequence["Finding"]) -> None:
    checked = [one for one in findings if one.recomputed is not None]
    click.echo(f"\n{paper}")
    print_table(("claim", "printed", "recomputed", "n", "verdict", "reason"), [_row(one) for one in checked])
    count = {verdict: sum(one.verdict == verdict for one in findings) for verdict in ("equal", "differs", "undefined")}
    told = ", ".join(f"{number} {verdict}" for verdict, number in count.items() if number)
    click.echo(f"{len(findings)} claims: {told}; {len(findings) - len(checked)} not yet checked (no rule)")
    for one in report.comparisons:
        _show_comparison(one)
    for remark in report.remarks:
        note(remark)


def _row(one: "Finding") -> tuple[object, ...]:
    found, decimals = one.recomputed, max(0, -int(one.claim.value.as_tuple().exponent))
    value = "-" if found is None or found.value is None else f"{found.value:.{decimals + 2}f}"
    n = "-" if found is None else str(found.n) if one.claim.n in (None, found.n) else f"{found.n} of {one.claim.n}"
    return one.claim.id, one.claim.value, value, n, one.verdict, one.reason


def _show_comparison(one: "Comparison") -> None:
    click.echo(f"\n{one.metric} on {one.title}: {one.n} cases of {one.n_patients} patients, paired on the same draws")
    print_table(("system", "rank", "95 % of ranks", one.metric), [_ranked(*row) for row in one.rows])
    click.echo(f"{len(one.apart)} of {len(one.pairs)} pairs can be told apart (p below 0.05, Holm over all pairs)")
    if one.apart:
        header = ("pair", "ahead", "p bootstrap", "p sign flips", "verdict")
        print_table(header, [_pair(pair) for pair in one.apart])


def _ranked(rank: "Rank", score: "Score") -> tuple[str, ...]:
    if rank.rank is None:
        return rank.name, "-", "-", f"undefined: {score.undefined}"
    return rank.name, str(rank.rank), f"{rank.low}-{rank.high}", _span(score)


def _pair(pair: "Pair") -> tuple[str, ...]:
    gap = pair.gap
    turned = gap.score.value is not None and gap.score.value < 0
    names = f"{gap.right} over {gap.left}" if turned else f"{gap.left} over {gap.right}"
    p_values = ("-" if p is None else f"{p:.4f}" for p in (gap.p_holm, pair.p_sign_flip_holm))
    return names, _span(gap.score, -1 if turned else 1), *p_values, pair.told


def _span(score: "Score", sign: int = 1) -> str:
    """The value with its interval, or the same of the value turned around."""
    if score.value is None:
        return "-"
    ends = sorted(sign * end for end in (score.low, score.high) if end is not None)
    return f"{sign * score.value:.3f}" + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")
