"""`cxrbench triage`."""

from pathlib import Path

import click
from cxrbench.cli.output import data_option, json_option, print_json, progress_bar


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--track", metavar="TRACK", help="ct-triage/dataset[@split]/part, where PREDICTIONS is a table.")
@data_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="triage",
    show_default=True,
    help="Folder for the page and its pictures.",
)
@json_option
def triage(predictions: Path, track: str | None, data: str | None, out: Path, as_json: bool) -> None:
    """Rank a work list of CTs by probability of COVID-19 and by severity.

    PREDICTIONS is a result file of a ct-triage track with its predictions beside it, or such a table of its own.
    Writes one page, index.html, and the projection of each series coloured by local severity.
    """
    from cxrbench_baselines.ct.triage import work_list
    from cxrbench_baselines.ct.triage.page import write_page

    with progress_bar("projecting") as progress:
        found = work_list(predictions, out, track=track, data=data, progress=progress)
    index = write_page(found, out)
    if as_json:
        keys = ("case", "covid", "affected", "by_covid", "by_severity", "picture", "remarks")
        entries = [{key: getattr(one, key) for key in keys} for one in found.entries]
        print_json({"index": str(index), "track": found.track, "system": found.system, "studies": entries})
    else:
        click.echo(f"{len(found.entries)} studies of {found.track} in two orders: {index}")
