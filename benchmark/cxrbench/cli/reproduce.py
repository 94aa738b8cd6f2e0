"""`cxrbench reproduce`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.claims import claims
from cxrbench.cli.output import add_data_option, add_json_option, print_json, print_table, show_progress
from cxrbench.errors import CxrbenchError

if TYPE_CHECKING:
    from cxrbench.results import Result
    from cxrbench.tasks.track import Track


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@add_data_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--sandbox", type=click.Choice(["auto", "required", "off"]), default="auto", show_default=True)
@click.option(
    "--tolerance", type=click.FloatRange(min=0), default=1e-6, show_default=True, help="Largest difference of a metric."
)
@add_json_option
def result(result: Path, data: str | None, device: str, sandbox: str, tolerance: float, as_json: bool) -> None:
    """Make RESULT again from its submission: equal within the tolerance, or a list of the differences."""
    from cxrbench.scoring.reproduce import reproduce_result

    def rerun(submission: Path, track: "Track") -> "Result":
        return _rerun_submission(submission, track, data=data, device=device, sandbox=sandbox)

    differences = reproduce_result(result, data, rerun, tolerance=tolerance)
    if as_json:
        rows = [difference.as_dict() for difference in differences]
        print_json({"result": str(result), "reproduced": not differences, "differences": rows})
    elif differences:
        print_table(("field", "committed", "new"), [(row.place, row.committed, row.again) for row in differences])
    else:
        click.echo(f"reproduced: {result}")
    if differences:
        raise CxrbenchError(f"not reproduced, {len(differences)} differences", str(result), "see the list above")


def _rerun_submission(submission: Path, track: "Track", *, data: str | None, device: str, sandbox: str) -> "Result":
    """Evaluate into a temporary folder."""
    from tempfile import TemporaryDirectory

    from cxrbench.runner.device import choose_device
    from cxrbench.runner.evaluate import Settings, evaluate

    with TemporaryDirectory() as folder, show_progress(str(track)) as progress:
        settings = Settings(data=data, device=choose_device(device), sandbox=sandbox, out=Path(folder))
        return evaluate(submission, track, settings=settings, progress=progress)


class ResultByDefault(click.Group):
    """A group whose first argument is a subcommand or the path of a result."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Read `reproduce FILE` as `reproduce result FILE`.

        Args:
            ctx: The context of the group.
            args: The arguments after the group's name.

        Returns:
            Name of the subcommand, the subcommand, and the arguments left for it.
        """
        return super().resolve_command(ctx, args if args[0] in self.commands else ["result", *args])


@click.group(cls=ResultByDefault)
def reproduce() -> None:
    """Make a result again, or recompute reported figures: `reproduce RESULT` or `reproduce claims`."""


reproduce.add_command(result)
reproduce.add_command(claims)
