"""`cxrbench evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import data_option, json_option, note, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from cxrbench.results import Result


@click.command()
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--track", "names", multiple=True, metavar="TRACK", help="task/dataset[@split]/part; may be repeated.")
@data_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--sandbox", type=click.Choice(["auto", "required", "off"]), default="auto", show_default=True)
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="End it after this.")
@click.option(
    "--memory-limit", type=click.FloatRange(min=0, min_open=True), default=16, show_default=True, metavar="GIB"
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Children at a time.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of numeric libraries, a child.")
@click.option("--resume/--fresh", default=True, help="Go on where a run that died was, or start over.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="First N cases only: a dry run, not ranked.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: results beside the file.")
@json_option
def evaluate(
    submission: Path,
    names: tuple[str, ...],
    data: str | None,
    device: str,
    sandbox: str,
    time_limit: float | None,
    memory_limit: float,
    workers: int,
    threads: int,
    resume: bool,
    limit: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run SUBMISSION on each track, score it, and write a result file a track.

    Without --track it runs on the embedded phantom, which is synthetic and needs no data.
    """
    from cxrbench.runner.device import chosen_device
    from cxrbench.runner.evaluate import Settings, phantom_tracks
    from cxrbench.runner.evaluate import evaluate as run
    from cxrbench.runner.isolation.sandbox import GIB, Limits
    from cxrbench.tasks.track import Track

    settings = Settings(
        data=data,
        device=chosen_device(device),
        sandbox=sandbox,
        limits=Limits(memory=int(memory_limit * GIB), seconds=time_limit, threads=threads),
        workers=workers,
        fresh=not resume,
        limit=limit,
        out=out,
    )
    tracks = [Track.parse(name) for name in names] or phantom_tracks(submission, sandbox)
    results = []
    for track in tracks:
        with progress_bar(str(track)) as progress:
            results.append(run(submission, track, settings=settings, progress=progress))
        if not as_json:
            show(results[-1])
    if as_json:
        documents = [result.model_dump(mode="json", by_alias=True) for result in results]
        print_json(documents[0] if len(documents) == 1 else documents)


def show(result: "Result") -> None:
    """A result as a short table: the primary metric first, single zones left to the file."""
    track, coverage = result.track, result.coverage
    kind = "synthetic phantom" if track.synthetic else "real data"
    click.echo(
        f"\n{result.submission.name} on {track.name} ({kind}), {coverage.predicted} of {coverage.expected} cases"
    )
    keys = sorted((key for key in result.metrics if "[" not in key), key=lambda key: (key != result.primary, key))
    rows = [_row(key, result) for key in keys]
    print_table(("metric", "value", "95 % interval", "better"), rows)
    for failed in result.coverage.failed[:5]:
        note(f"not predicted: {failed.case} ({failed.reason})")
    if result.submission.patients_seen:
        note(f"not ranked: trained on {result.submission.patients_seen} of this track's patients")
    if result.sandbox != "bubblewrap" and result.submission.kind == "submission":
        note(f"NOT ISOLATED ({result.sandbox}): the submission could read your files; run only code that you trust")


def _row(key: str, result: "Result") -> tuple[str, str, str, str]:
    metric = result.metrics[key]
    if metric.value is None:
        return key, "-", f"undefined: {metric.undefined}", metric.better
    span = "-" if metric.low is None else f"{metric.low:.3f} to {metric.high:.3f}"
    return key, f"{metric.value:.3f}", span, metric.better
