"""`cxrbench leaderboard`."""

import contextlib
from pathlib import Path

import click
from cxrbench.cli.output import add_json_option, print_json
from cxrbench.errors import CxrbenchError, UsageError

results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    default=["submissions"],
    show_default=True,
    help="Folder searched for result files; may be repeated.",
)
site_option = click.option(
    "--site", type=click.Path(path_type=Path, file_okay=False), default="site", show_default=True, help="A built site."
)


@click.group()
def leaderboard() -> None:
    """Build, check and look at the static leaderboard."""


@leaderboard.command()
@results_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="site", show_default=True)
@add_json_option
def build(results: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Build the site from result files, reported values and dataset cards."""
    from cxrbench_leaderboard.build import build_site

    built = build_site(results, out)
    if as_json:
        print_json({"index": str(built.index), "pages": built.pages, "results": built.results})
    else:
        click.echo(f"{built.results} results on {built.pages} pages: {built.index}")
        click.echo(f"open {built.index} in a browser, or run cxrbench leaderboard serve --site {out}")


@leaderboard.command()
@results_option
@site_option
@add_json_option
def check(results: tuple[Path, ...], site: Path, as_json: bool) -> None:
    """Fail if the results, reported values and cards would now give another site."""
    from cxrbench_leaderboard.build import list_outdated_files

    changed = list_outdated_files(results, site)
    if as_json:
        print_json({"site": str(site), "current": not changed, "changed": changed})
    if changed:
        named = ", ".join(changed[:3]) + (" ..." if len(changed) > 3 else "")
        raise CxrbenchError(f"{len(changed)} files of the site are not current", named, "build it again")
    if not as_json:
        click.echo(f"current: {site}")


@leaderboard.command()
@site_option
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@add_json_option
def serve(site: Path, port: int, as_json: bool) -> None:
    """Serve the site on this machine only, until interrupted."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    if not (site / "index.html").is_file():
        raise UsageError("no site here", str(site), "build it first: cxrbench leaderboard build")
    with ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(site))) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        print_json({"address": address}) if as_json else click.echo(f"{address} (end with ctrl-C)")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
