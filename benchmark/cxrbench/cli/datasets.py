"""`cxrbench datasets`."""

import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cxrbench.cli.output import data_option, json_option, note, print_json, print_table, progress_bar, wrapped
from cxrbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cxrbench.curation.prepare import Prepared
    from cxrbench.datasets import Problem


LABEL = 14
"""Characters that the name of a field takes."""


@click.group()
def datasets() -> None:
    """List, show, fetch, verify and prepare datasets."""


@datasets.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the datasets of the catalogue."""
    from cxrbench.catalog import cards

    if as_json:
        print_json({name: card.model_dump(mode="json") for name, card in cards().items()})
        return
    rows = [(name, one.modality, one.title, one.licence) for name, one in cards().items()]
    print_table(("dataset", "modality", "title", "licence"), rows, flexible=("licence", "title"))


@datasets.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the card of dataset NAME: source, licence, layout, known problems, citation."""
    from cxrbench.catalog import card

    fields = card(name).model_dump(mode="json")
    if as_json:
        print_json({"name": name, **fields})
        return
    for key, value in fields.items():
        if value not in ("", {}, []):
            click.echo(_shown(key, value))


@datasets.command()
@click.argument("name")
@data_option
@click.option("--decode/--no-decode", default=True, help="Also decode every image.")
@json_option
def verify(name: str, data: str | None, decode: bool, as_json: bool) -> None:
    """Check dataset NAME below --data against its card: exit code 4 when anything is bad."""
    from cxrbench.curation.verify import verify as checked

    with progress_bar(f"verifying {name}") as progress:
        found = checked(name, data, decode=decode, progress=progress)
    bad = sum(problem.bad for problem in found.problems)
    if as_json:
        print_json({"dataset": name, "cases": found.cases, "problems": [asdict(one) for one in found.problems]})
    else:
        click.echo(f"{name}: {found.cases} cases, {bad} problems, {len(found.problems) - bad} remarks")
        _note_all(found.problems)
    if bad:
        raise DataError(f"{bad} problems", f"dataset {name} below {data}", "see the list above")


@datasets.command()
@click.argument("name")
@data_option
@click.option("--size", type=click.IntRange(16, 4096), default=512, show_default=True, help="Long side in pixels.")
@click.option("--depth", type=click.Choice(["uint8", "uint16"]), default="uint8", show_default=True)
@click.option("--draft", is_flag=True, help="Decode JPEG at reduced size: quicker, other pixels; not for scoring.")
@click.option("--workers", type=click.IntRange(1), help="Processes that decode.  [default: half the cores, at most 4]")
@click.option("--strict", is_flag=True, help="End with 4 when anything is bad.")
@click.option("--cache", "root", metavar="DIR", help="Where caches lie.  [default: CXRBENCH_CACHE, else the user's]")
@json_option
def prepare(
    name: str,
    data: str | None,
    size: int,
    depth: Literal["uint8", "uint16"],
    draft: bool,
    workers: int | None,
    strict: bool,
    root: str | None,
    as_json: bool,
) -> None:
    """Check dataset NAME below --data and decode its radiographs once, into the image cache.

    What cannot be read is reported, the rest is done; the same command again does only what is missing.
    """
    from cxrbench.curation.prepare import prepare as prepared
    from cxrbench.imaging.cache.reader import CacheSettings

    settings = CacheSettings(size, depth, draft)
    with progress_bar(f"preparing {name}") as progress:
        done = prepared(name, data, settings=settings, root=root, workers=workers, progress=progress)
    if as_json:
        print_json({**asdict(done), "size": size, "depth": depth})
    else:
        _tell_prepared(done)
    if strict and done.bad:
        raise DataError(f"{len(done.bad)} problems", f"dataset {name} below {data}", "see the list above")


@datasets.command()
@click.argument("name")
@data_option
@json_option
def fetch(name: str, data: str | None, as_json: bool) -> None:
    """Download what the card of dataset NAME lists to --data; checked by SHA-256, resumed where it broke off."""
    from cxrbench.curation.fetch import fetch as fetched

    with progress_bar(f"fetching {name}") as bar:
        files = fetched(name, data, progress=lambda _, done, total: bar(done, total or done))
    if as_json:
        print_json({"dataset": name, "files": [asdict(file) for file in files]})
        return
    print_table(("file", "state"), [(file.path, file.state) for file in files])


@datasets.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write FILE, and the splits' rows beside it."
)
def croissant(name: str, out: Path | None) -> None:
    """Print the card of dataset NAME as Croissant JSON-LD, its splits as record sets (needs the extra croissant)."""
    from cxrbench.curation.croissant import croissant as described
    from cxrbench.curation.croissant import write

    if out is None:
        click.echo(json.dumps(described(name), indent=1, ensure_ascii=False))
        return
    for path in write(name, out):
        note(f"written: {path}")


def _tell_prepared(done: "Prepared") -> None:
    bad = len(done.bad)
    click.echo(
        f"{done.dataset}: {done.cases} cases, {done.decoded} decoded in {done.seconds:.1f} s, {done.reused} kept, "
        f"{bad} problems, {len(done.problems) - bad} remarks"
    )
    click.echo(f"cache: {done.folder}")
    _note_all(done.problems)


def _note_all(problems: "Iterable[Problem]") -> None:
    from cxrbench.cli.problems import problem_lines

    for line in problem_lines(problems):
        note(line)


VERBATIM = ("citation", "layout")
"""Fields whose line breaks mean something."""


def _shown(key: str, value: object) -> str:
    """A field of a card: short ones beside their name, the others below it."""
    label = f"{key.replace('_', ' ')}:"
    if key == "patients_of" and isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, list):
        return "\n".join([label, *(wrapped(_item(item), "    ", "  - ") for item in value)])
    if isinstance(value, dict):
        return "\n".join([label, *(f"  {name:<20} {item}" for name, item in value.items())])
    if key in VERBATIM:
        return f"{label}\n{textwrap.indent(str(value).rstrip(), '  ')}"
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return wrapped(text, " " * LABEL, label.ljust(LABEL))


def _item(item: object) -> str:
    return ", ".join(f"{key} {value}" for key, value in item.items()) if isinstance(item, dict) else str(item)
