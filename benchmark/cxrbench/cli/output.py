"""What commands print: a table for people, or JSON for machines; progress and remarks go to stderr."""

import json
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click

NARROWEST = 16
"""A column narrower than this says nothing."""

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """The `--json` flag that every command has."""
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output on stdout.")(command)


def data_option(command: Command) -> Command:
    """The `--data` folder that commands on real data take."""
    text = "Folder that holds the datasets, or one dataset's root."
    return click.option("--data", envvar="CXRBENCH_DATA", metavar="DIR", help=text)(command)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, indent=1, sort_keys=True, allow_nan=False, default=str))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], flexible: Sequence[str] = ()) -> None:
    """Columns padded to their widest cell.

    The columns named in `flexible` are cut, the first of them first, until a row fits the terminal; one for which too
    little is left is not shown (`--json` has it all).
    """
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = _fitted([max(len(row[i]) for row in cells) for i in range(len(header))], header, flexible)
    for row in cells:
        shown = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        click.echo("  ".join(shown).rstrip())


def _fitted(widths: list[int], header: Sequence[str], flexible: Sequence[str]) -> list[int]:
    """Widths of the columns on this terminal; 0 for one that is left out."""
    found, room = list(widths), columns()
    for name in flexible:
        i, used = header.index(name), sum(width + 2 for width in found if width) - 2
        left = found[i] - max(0, used - room)
        found[i] = min(found[i], left if left >= NARROWEST else 0 if used - found[i] - 2 <= room else NARROWEST)
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def columns() -> int:
    """How many characters a line of the terminal holds; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """A paragraph broken to the terminal's width, at most 100, its lines indented."""
    begin = indent if first is None else first
    return textwrap.fill(
        text,
        min(columns(), 100),
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def note(text: str) -> None:
    """A remark for the person, on stderr."""
    click.echo(text, err=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr that is told how many of how many are done; silent where stderr is no terminal."""
    import sys

    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
