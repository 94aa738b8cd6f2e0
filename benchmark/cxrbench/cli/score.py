"""`cxrbench score` and `cxrbench compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import add_data_option, add_json_option, print_json, print_table

if TYPE_CHECKING:
    from cxrbench.stats import Estimate


@click.command()
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--track", "name", required=True, metavar="TRACK", help="task/dataset[@split]/part.")
@add_data_option
@click.option("--name", "own_name", help="Name of the row (default: the table's file name).")
@click.option("--title", default="", help="Title of the row.")
@click.option("--rater", help="Score the readings of this radiologist instead of a table.")
@click.option(
    "--published", metavar="SYSTEM", help="Score the predictions that the dataset's authors published for this system."
)
@click.option("--partial", is_flag=True, help="Accept a table without some of the cases; the row is never ranked.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the result.")
@add_json_option
def score(
    table: Path | None,
    name: str,
    data: str | None,
    own_name: str | None,
    title: str,
    rater: str | None,
    published: str | None,
    partial: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score TABLE, a CSV or Parquet file of predictions made elsewhere (`case_id` and the task's columns)."""
    from cxrbench.cli.results import print_result
    from cxrbench.results.store import write_result
    from cxrbench.scoring.predictions import score_published, score_rater, score_table
    from cxrbench.tasks.track import Track

    track = Track.parse(name)
    if sum(source is not None for source in (table, rater, published)) != 1:
        raise click.UsageError("give one of a table, --rater and --published")
    if rater is not None:
        result = score_rater(track, rater, data, name=own_name, title=title)
    elif published is not None:
        result = score_published(track, published, data, name=own_name, title=title, partial=partial)
    elif table is not None:
        result = score_table(track, table, data, name=own_name, title=title, partial=partial)
    path = write_result(result, out) if out is not None else None
    if as_json:
        print_json(result.model_dump(mode="json", by_alias=True))
    else:
        print_result(result, path)


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@click.option("--raters", is_flag=True, help="Compare A with the raters of its track instead of with B.")
@add_data_option
@add_json_option
def compare(a: Path, b: Path | None, raters: bool, data: str | None, as_json: bool) -> None:
    """Compare result files A and B of one track: A minus B on the same bootstrap samples of patients, Holm-corrected.

    In addition to the bootstrap there are a sign-flip permutation test over patients and, where the task has them,
    DeLong's test of the ROC AUC and McNemar's test of accuracy. With --raters: does A agree with the radiologists who
    read the track's cases as well as they agree with each other?
    """
    if raters == (b is not None):
        raise click.UsageError("give either a second result or --raters")
    if b is None:
        _print_raters(a, data, as_json)
    else:
        _print_pair(a, b, data, as_json)


def _print_pair(a: Path, b: Path, data: str | None, as_json: bool) -> None:
    from cxrbench.scoring.compare import compare_results

    rows = compare_results(a, b, data)
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    cells = [
        (
            row.metric,
            *(f"{value:+.3f}" if value is not None else "-" for value in (row.difference, row.low, row.high)),
            *(f"{p:.4f}" if p is not None else "-" for p in (row.p_holm, row.p_sign_flip_holm)),
            f"{row.test} {row.p_test:.4f}" if row.p_test is not None else "-",
            row.verdict,
        )
        for row in rows
    ]
    print_table(
        ("metric", "A - B", "95 % low", "95 % high", "p (Holm)", "p sign flips (Holm)", "p analytic", "verdict"), cells
    )


def _print_raters(a: Path, data: str | None, as_json: bool) -> None:
    from cxrbench.scoring.inter_rater import measure_agreement

    agreement = measure_agreement(a, data)
    if as_json:
        print_json(agreement.as_dict())
        return
    comparison = agreement.comparison
    click.echo(f"mean absolute difference on {agreement.track}, {agreement.n} predicted cases that every rater read")
    cells = [
        (name, *("-" if i == j else f"{comparison.matrix[i, j]:.3f}" for j in range(len(comparison.names))))
        for i, name in enumerate(comparison.names)
    ]
    print_table(("", *comparison.names), cells)
    for name, estimate in (
        ("raters with each other", comparison.raters),
        ("submission with raters", comparison.submission),
    ):
        click.echo(f"{name}: {_format_interval(estimate)}")
    click.echo(
        f"difference in favour of the submission: {_format_interval(comparison.advantage)}: {comparison.verdict}"
    )


def _format_interval(estimate: "Estimate") -> str:
    if estimate.value is None:
        return f"undefined ({estimate.undefined})"
    interval = "" if estimate.low is None else f" [{estimate.low:.3f}, {estimate.high:.3f}]"
    return f"{estimate.value:.3f}{interval}"
