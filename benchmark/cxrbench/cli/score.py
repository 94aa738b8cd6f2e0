"""`cxrbench score` and `cxrbench compare`."""

from pathlib import Path

import click

from cxrbench.cli.output import data_option, json_option, print_json, print_table


@click.command()
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--track", "name", required=True, metavar="TRACK", help="task/dataset[@split]/part.")
@data_option
@click.option("--name", "own_name", help="The row's name (default: the table's file name).")
@click.option("--title", default="", help="The row's title.")
@click.option("--rater", help="Score this radiologist's own readings instead of a table.")
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
    partial: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score TABLE, a CSV or Parquet file of predictions made elsewhere (`case_id` and the task's columns)."""
    from cxrbench.cli.evaluate import show
    from cxrbench.results.outside import score_rater, score_table
    from cxrbench.results.store import write_result
    from cxrbench.tasks.track import Track

    track = Track.parse(name)
    if (table is None) == (rater is None):
        raise click.UsageError("give either a table or --rater")
    if rater is not None:
        result = score_rater(track, rater, data, name=own_name, title=title)
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
@click.argument("b", type=click.Path(path_type=Path))
@data_option
@json_option
def compare(a: Path, b: Path, data: str | None, as_json: bool) -> None:
    """Compare result files A and B of one track: A minus B on the same draws of patients, Holm-corrected."""
    from cxrbench.results.comparison import compare as compared

    rows = compared(a, b, data)
    if as_json:
        print_json([row.as_dict() for row in rows])
        return
    cells = [
        (
            row.metric,
            *(f"{value:+.3f}" if value is not None else "-" for value in (row.difference, row.low, row.high)),
            "-" if row.p_holm is None else f"{row.p_holm:.4f}",
            row.verdict,
        )
        for row in rows
    ]
    print_table(("metric", "A - B", "low", "high", "p (Holm)", "verdict"), cells)
