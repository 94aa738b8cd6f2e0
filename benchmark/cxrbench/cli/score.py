"""`cxrbench score` and `cxrbench compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import data_option, json_option, print_json, print_table

if TYPE_CHECKING:
    from cxrbench.stats import Score


@click.command()
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--track", "name", required=True, metavar="TRACK", help="task/dataset[@split]/part.")
@data_option
@click.option("--name", "own_name", help="The row's name (default: the table's file name).")
@click.option("--title", default="", help="The row's title.")
@click.option("--rater", help="Score this radiologist's own readings instead of a table.")
@click.option("--published", metavar="SYSTEM", help="Score what the dataset's authors published for a system instead.")
@click.option("--partial", is_flag=True, help="Accept a table that misses cases; the row is never ranked.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write the result to.")
@json_option
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
    from cxrbench.cli.evaluate import show
    from cxrbench.results.store import write_result
    from cxrbench.scoring.predictions import score_published, score_rater, score_table
    from cxrbench.tasks.track import Track

    track = Track.parse(name)
    if sum(one is not None for one in (table, rater, published)) != 1:
        raise click.UsageError("give one of a table, --rater and --published")
    if rater is not None:
        result = score_rater(track, rater, data, name=own_name, title=title)
    elif published is not None:
        result = score_published(track, published, data, name=own_name, title=title, partial=partial)
    elif table is not None:
        result = score_table(track, table, data, name=own_name, title=title, partial=partial)
    if out is not None:
        write_result(result, out)
    if as_json:
        print_json(result.model_dump(mode="json", by_alias=True))
    else:
        show(result)


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@click.option("--raters", is_flag=True, help="Put A beside the raters of its track instead of beside B.")
@data_option
@json_option
def compare(a: Path, b: Path | None, raters: bool, data: str | None, as_json: bool) -> None:
    """Compare result files A and B of one track: A minus B on the same draws of patients, Holm-corrected.

    Beside the bootstrap stand a sign-flip permutation test over patients and, where the task has them, DeLong's test
    of the ROC AUC and McNemar's of accuracy. With --raters: does A agree with the radiologists who read the track's
    cases as well as they agree with each other?
    """
    if raters == (b is not None):
        raise click.UsageError("give either a second result or --raters")
    if b is None:
        _show_raters(a, data, as_json)
    else:
        _show_pair(a, b, data, as_json)


def _show_pair(a: Path, b: Path, data: str | None, as_json: bool) -> None:
    from cxrbench.scoring.compare import compare as compared

    rows = compared(a, b, data)
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
    print_table(("metric", "A - B", "low", "high", "p (Holm)", "p sign flips (Holm)", "p by formula", "verdict"), cells)


def _show_raters(a: Path, data: str | None, as_json: bool) -> None:
    from cxrbench.scoring.inter_rater import beside_raters

    human = beside_raters(a, data)
    if as_json:
        print_json(human.as_dict())
        return
    found = human.found
    click.echo(f"mean absolute difference on {human.track}, {human.n} predicted cases that every rater read")
    cells = [
        (name, *("-" if i == j else f"{found.matrix[i, j]:.3f}" for j in range(len(found.names))))
        for i, name in enumerate(found.names)
    ]
    print_table(("", *found.names), cells)
    for name, one in (("raters with each other", found.raters), ("submission with raters", found.submission)):
        click.echo(f"{name}: {_span(one)}")
    click.echo(f"submission ahead by {_span(found.gap)}: {found.verdict}")


def _span(score: "Score") -> str:
    if score.value is None:
        return f"undefined ({score.undefined})"
    return f"{score.value:.3f}" + ("" if score.low is None else f" [{score.low:.3f}, {score.high:.3f}]")
