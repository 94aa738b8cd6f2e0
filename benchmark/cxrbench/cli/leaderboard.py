"""`cxrbench leaderboard`."""

from pathlib import Path

import click

from cxrbench.cli.output import json_option, print_json


@click.group()
def leaderboard() -> None:
    """Build the static leaderboard."""


@leaderboard.command()
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    default=["submissions"],
    show_default=True,
    help="Folder searched for result files; may be repeated.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="site", show_default=True)
@json_option
def build(results: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Build the site from result files, printed claims and dataset cards."""
    from cxrbench_leaderboard.build import build as build_site

    built = build_site(results, out)
    if as_json:
        print_json({"index": str(built.index), "pages": built.pages, "results": built.results})
    else:
        click.echo(f"{built.results} results on {built.pages} pages: {built.index}")
