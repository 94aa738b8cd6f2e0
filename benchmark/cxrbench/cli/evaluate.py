"""`cxrbench evaluate`."""

from pathlib import Path

import click

from cxrbench.cli.output import add_data_option, add_json_option, print_json, show_progress
from cxrbench.cli.results import print_result


@click.command()
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--track", "names", multiple=True, metavar="TRACK", help="task/dataset[@split]/part; may be repeated.")
@add_data_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--sandbox", type=click.Choice(["auto", "required", "off"]), default="auto", show_default=True)
@click.option(
    "--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Stop the run after this time."
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=16,
    show_default=True,
    metavar="GIB",
    help="Memory of the whole submission.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that predict.")
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads of numeric libraries per process."
)
@click.option("--resume/--fresh", default=True, help="Continue an interrupted run, or start over.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Predict only the first N cases: a dry run, not ranked."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the results.  [default: results/ next to SUBMISSION]",
)
@add_json_option
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
    """Run SUBMISSION on each track, score it, and write one result file per track.

    Without --track it runs on the embedded phantom, which is synthetic and needs no data.
    """
    from cxrbench.runner.device import choose_device
    from cxrbench.runner.evaluate import Settings, list_phantom_tracks
    from cxrbench.runner.evaluate import evaluate as run
    from cxrbench.runner.isolation.sandbox import GIB, Limits
    from cxrbench.tasks.track import Track

    settings = Settings(
        data=data,
        device=choose_device(device),
        sandbox=sandbox,
        limits=Limits(memory=int(memory_limit * GIB), seconds=time_limit, threads=threads),
        workers=workers,
        fresh=not resume,
        limit=limit,
        out=out,
    )
    tracks = [Track.parse(name) for name in names] or list_phantom_tracks(submission, sandbox)
    folder = out or (submission if submission.is_dir() else submission.parent) / "results"
    results = []
    for track in tracks:
        with show_progress(str(track)) as progress:
            results.append(run(submission, track, settings=settings, progress=progress))
        if not as_json:
            path = folder / f"{track.file_name}.json"
            print_result(results[-1], path if limit is None or out is not None else None)
    if as_json:
        documents = [result.model_dump(mode="json", by_alias=True) for result in results]
        print_json(documents[0] if len(documents) == 1 else documents)
