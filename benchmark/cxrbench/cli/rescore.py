"""`cxrbench rescore`."""

from pathlib import Path

import click

from cxrbench.cli.output import add_data_option, add_json_option, print_json


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@add_data_option
@add_json_option
def rescore(results: tuple[Path, ...], data: str | None, as_json: bool) -> None:
    """Score the stored predictions of RESULTS again, without the models, and rewrite the result files."""
    from cxrbench.scoring.rescore import rescore_result

    done = []
    for path in results:
        new = rescore_result(path, data)
        value = new.metrics[new.primary].value
        done.append({"result": str(path), "primary": new.primary, "value": value})
        if not as_json:
            click.echo(f"{path}: {new.primary} {'-' if value is None else f'{value:.3f}'}")
    if as_json:
        print_json(done)
