"""`cxrbench`: the entry point. Commands are imported when they are called, so that `--help` is quick."""

import os
import sys
import traceback
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

import click

from cxrbench import __version__
from cxrbench.errors import CxrbenchError

Command = tuple[str, str]
"""The module that defines a command under its name, and the command's summary in `cxrbench --help`."""

COMMANDS: dict[str, Command] = {
    "compare": ("cxrbench.cli.score", "Compare two results, paired on the same patients."),
    "datasets": ("cxrbench.cli.datasets", "List, show, fetch, verify and prepare datasets."),
    "doctor": ("cxrbench.cli.doctor", "Check what this machine has, and how to install what is missing."),
    "evaluate": ("cxrbench.cli.evaluate", "Run a submission on a track and score it."),
    "new": ("cxrbench.cli.new", "Write a working submission to start from."),
    "reproduce": ("cxrbench.cli.reproduce", "Make a result again, or recompute reported figures."),
    "rescore": ("cxrbench.cli.rescore", "Score stored predictions again, without the models."),
    "score": ("cxrbench.cli.score", "Score a table of predictions, or a radiologist."),
    "splits": ("cxrbench.cli.splits", "List, show, audit and cite splits."),
    "tasks": ("cxrbench.cli.tasks", "List what can be predicted and how it is scored."),
}


@cache
def list_commands() -> dict[str, Command]:
    """List the core's commands and those of other packages, by name.

    A package adds commands by an entry point of the group `cxrbench.commands`: a mapping like `COMMANDS` in a module
    that is quick to import. A command of the core cannot be replaced; a package that fails to load is named in a
    warning.

    Returns:
        Name of each command to its module and its summary in the help, sorted by name.
    """
    added: dict[str, Command] = {}
    for entry in entry_points(group="cxrbench.commands"):
        try:
            added |= entry.load()
        except Exception as error:  # noqa: BLE001 - another package may fail in any way: name it and continue
            click.echo(f"warning: the commands of {entry.name} ({entry.value}) cannot be loaded: {error}", err=True)
    return dict(sorted((added | COMMANDS).items()))


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the names, sorted.

        Args:
            ctx: Not used.

        Returns:
            The name of every command.
        """
        return list(list_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a command.

        Args:
            ctx: Not used.
            cmd_name: Name of the command.

        Returns:
            The command; None for an unknown name.
        """
        commands = list_commands()
        if cmd_name not in commands:
            return None
        command = getattr(import_module(commands[cmd_name][0]), cmd_name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write names and summaries into the help, without importing a command.

        Args:
            ctx: Not used.
            formatter: The help text.
        """
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in list_commands().items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cxrbench")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def cli(debug: bool) -> None:
    """A benchmark for COVID-19 severity on chest radiographs and CT.

    Exit codes: 0 done; 1 failed; 2 usage; 3 the submission broke its contract; 4 data missing or corrupt;
    5 isolation refused or a limit was hit.
    """


def main() -> None:
    """Run the command line; every error becomes one line on stderr and an exit code."""
    debug = "--debug" in sys.argv
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except CxrbenchError as error:
        _exit_with_error(error.line, error.exit_code, debug=debug)
    except click.ClickException as error:
        _exit_with_error(error.format_message().replace("\n", " "), error.exit_code, debug=debug)
    except (click.Abort, KeyboardInterrupt):
        _exit_with_error(
            "interrupted; finished predictions are kept, and the same command continues from there", 1, debug=debug
        )
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last resort: a defect of ours is reported in one line too
        text = " ".join(f"{type(error).__name__}: {error}".split())
        _exit_with_error(f"unexpected failure ({text}); run with --debug and report it", 1, debug=debug)


def _exit_with_error(line: str, code: int, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    click.echo(f"error: {line}", err=True)
    sys.exit(code)
