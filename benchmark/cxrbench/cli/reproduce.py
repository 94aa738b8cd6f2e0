"""`cxrbench reproduce`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.claims import claims
from cxrbench.cli.output import data_option, json_option, print_json, print_table, progress_bar
from cxrbench.errors import CxrbenchError

if TYPE_CHECKING:
    from cxrbench.results import Result
    from cxrbench.tasks.track import Track


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@data_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--sandbox", type=click.Choice(["auto", "required", "off"]), default="auto", show_default=True)
@click.option("--tolerance", type=click.FloatRange(min=0), default=1e-6, show_default=True, help="Of every metric.")
@json_option
def result(result: Path, data: str | None, device: str, sandbox: str, tolerance: float, as_json: bool) -> None:
    """Make RESULT again from the submission beside it: equal within the tolerance, or each difference listed."""
    from cxrbench.scoring.reproduce import reproduce as again

    def rerun(submission: Path, track: "Track") -> "Result":
        return _rerun(submission, track, data=data, device=device, sandbox=sandbox)

    found = again(result, data, rerun, tolerance=tolerance)
    if as_json:
        print_json({"result": str(result), "reproduced": not found, "differences": [one.as_dict() for one in found]})
    elif found:
        print_table(("where", "committed", "again"), [(one.place, one.committed, one.again) for one in found])
    else:
        click.echo(f"reproduced: {result}")
    if found:
        raise CxrbenchError(f"not reproduced, {len(found)} differences", str(result), "see the list above")


def _rerun(submission: Path, track: "Track", *, data: str | None, device: str, sandbox: str) -> "Result":
    """Evaluate into a folder that is thrown away."""
    from tempfile import TemporaryDirectory

    from cxrbench.runner.device import chosen_device
    from cxrbench.runner.evaluate import Settings, evaluate

    with TemporaryDirectory() as room, progress_bar(str(track)) as progress:
        settings = Settings(data=data, device=chosen_device(device), sandbox=sandbox, out=Path(room))
        return evaluate(submission, track, settings=settings, progress=progress)


class ResultByDefault(click.Group):
    """A group whose first word is a subcommand or else the path of a result."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """`reproduce FILE` means `reproduce result FILE`."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["result", *args])


@click.group(cls=ResultByDefault)
def reproduce() -> None:
    """Make a result again, or recompute printed claims: `reproduce RESULT` or `reproduce claims`."""


reproduce.add_command(result)
reproduce.add_command(claims)
