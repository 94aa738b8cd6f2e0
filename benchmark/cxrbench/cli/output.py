"""What commands print: a table, or JSON for other programs; progress and remarks go to stderr."""

import json
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click

NARROWEST = 16
"""A narrower column would not be readable."""

Command = TypeVar("Command", bound=Callable[..., Any])


def add_json_option(command: Command) -> Command:
    """Add the `--json` flag that every command has.

    Args:
        command: The command's function.

    Returns:
        The same function with the option, which it receives as `as_json`.
    """
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable output on stdout.")(command)


def add_data_option(command: Command) -> Command:
    """Add the `--data` option of commands on real data.

    Args:
        command: The command's function.

    Returns:
        The same function with the option, which it receives as `data`.
    """
    text = "Folder that holds the datasets, or the root of one dataset."
    return click.option("--data", envvar="CXRBENCH_DATA", metavar="DIR", help=text)(command)


def print_json(value: object) -> None:
    """Print one JSON document on stdout.

    Args:
        value: Anything that JSON can express; other objects are printed as text.
    """
    click.echo(json.dumps(value, indent=1, sort_keys=True, allow_nan=False, default=str))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], flexible: Sequence[str] = ()) -> None:
    """Print a table whose columns are padded to their widest cell.

    Args:
        header: The names of the columns.
        rows: One cell per column.
        flexible: Columns that are shortened, the first of them first, until a row fits the terminal; a column for
            which too little room is left is not shown (`--json` has everything).
    """
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = _fit_widths([max(len(row[i]) for row in cells) for i in range(len(header))], header, flexible)
    for row in cells:
        shown = [_cut_text(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True) if width]
        click.echo("  ".join(shown).rstrip())


def _fit_widths(widths: list[int], header: Sequence[str], flexible: Sequence[str]) -> list[int]:
    """Widths of the columns on this terminal; 0 for one that is left out."""
    fitted, room = list(widths), measure_terminal()
    for name in flexible:
        i, used = header.index(name), sum(width + 2 for width in fitted if width) - 2
        left = fitted[i] - max(0, used - room)
        fitted[i] = min(fitted[i], left if left >= NARROWEST else 0 if used - fitted[i] - 2 <= room else NARROWEST)
    return fitted


def _cut_text(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def measure_terminal() -> int:
    """Measure the width of the terminal in characters; 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def wrap_text(text: str, indent: str = "", first: str | None = None) -> str:
    """Break a paragraph into lines of the terminal's width, at most 100 characters.

    Args:
        text: The paragraph.
        indent: What every line begins with.
        first: What the first line begins with instead.

    Returns:
        The lines, joined by line breaks.
    """
    begin = indent if first is None else first
    return textwrap.fill(
        text,
        min(measure_terminal(), 100),
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_note(text: str) -> None:
    """Print a remark on stderr.

    Args:
        text: The remark.
    """
    click.echo(text, err=True)


@contextmanager
def show_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on stderr; only its label where stderr is not a terminal.

    Args:
        label: What is in progress.

    Yields:
        A function that takes the number finished and the number in all.
    """
    import sys

    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def update(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield update
