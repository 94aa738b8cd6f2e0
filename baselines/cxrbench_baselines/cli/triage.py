"""`cxrbench triage`."""

from pathlib import Path

import click
from cxrbench.cli.output import add_data_option, add_json_option, print_json, show_progress


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--track", metavar="TRACK", help="ct-triage/dataset[@split]/part, where PREDICTIONS is a table.")
@add_data_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="triage",
    show_default=True,
    help="Folder for the page and its pictures.",
)
@add_json_option
def triage(predictions: Path, track: str | None, data: str | None, out: Path, as_json: bool) -> None:
    """Rank a work list of CTs by probability of COVID-19 and by severity.

    PREDICTIONS is a result file of a ct-triage track with its predictions in the same folder, or a table
    of predictions. Writes one page, index.html, and the projection of each series coloured by local severity.
    """
    from cxrbench_baselines.ct.triage import build_work_list
    from cxrbench_baselines.ct.triage.page import write_page

    with show_progress("projecting") as progress:
        work_list = build_work_list(predictions, out, track=track, data=data, progress=progress)
    index = write_page(work_list, out)
    if as_json:
        keys = ("case", "covid", "affected", "by_covid", "by_severity", "picture", "remarks")
        entries = [{key: getattr(study, key) for key in keys} for study in work_list.entries]
        print_json({"index": str(index), "track": work_list.track, "system": work_list.system, "studies": entries})
    else:
        click.echo(f"{len(work_list.entries)} studies of {work_list.track} in two orders: {index}")
