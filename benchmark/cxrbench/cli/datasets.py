"""`cxrbench datasets`."""

import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cxrbench.cli.output import (
    add_data_option,
    add_json_option,
    print_json,
    print_note,
    print_table,
    show_progress,
    wrap_text,
)
from cxrbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cxrbench.curation.prepare import PreparationReport
    from cxrbench.datasets import Problem


LABEL = 14
"""Width of the column of field names, in characters."""


@click.group()
def datasets() -> None:
    """List, show, fetch, verify and prepare datasets."""


@datasets.command("list")
@add_json_option
def list_(as_json: bool) -> None:
    """List the datasets of the catalogue."""
    from cxrbench.catalog import read_cards

    if as_json:
        print_json({name: card.model_dump(mode="json") for name, card in read_cards().items()})
        return
    rows = [(name, card.modality, card.title, card.licence) for name, card in read_cards().items()]
    print_table(("dataset", "modality", "title", "licence"), rows, flexible=("licence", "title"))


@datasets.command()
@click.argument("name")
@add_json_option
def show(name: str, as_json: bool) -> None:
    """Show the card of dataset NAME: source, licence, layout, known problems, citation."""
    from cxrbench.catalog import find_card

    fields = find_card(name).model_dump(mode="json")
    if as_json:
        print_json({"name": name, **fields})
        return
    for key, value in fields.items():
        if value not in ("", {}, []):
            click.echo(_format_field(key, value))


@datasets.command()
@click.argument("name")
@add_data_option
@click.option("--decode/--no-decode", default=True, help="Also decode every image and mask.")
@add_json_option
def verify(name: str, data: str | None, decode: bool, as_json: bool) -> None:
    """Compare dataset NAME below --data with its card; exit code 4 when there is any problem."""
    from cxrbench.curation.verify import verify_dataset

    with show_progress(f"verifying {name}") as progress:
        report = verify_dataset(name, data, decode=decode, progress=progress)
    bad = sum(problem.bad for problem in report.problems)
    if as_json:
        print_json({"dataset": name, "cases": report.cases, "problems": [asdict(row) for row in report.problems]})
    else:
        click.echo(f"{name}: {report.cases} cases, {bad} problems, {len(report.problems) - bad} remarks")
        _print_problems(report.problems)
    if bad:
        raise DataError(f"{bad} problems", f"dataset {name} below {data}", "see the list above")


@datasets.command()
@click.argument("name")
@add_data_option
@click.option(
    "--size",
    type=click.IntRange(16, 4096),
    default=512,
    show_default=True,
    help="Long side of the cached images in pixels.",
)
@click.option(
    "--depth",
    type=click.Choice(["uint8", "uint16"]),
    default="uint8",
    show_default=True,
    help="Depth of the cached images.",
)
@click.option(
    "--draft", is_flag=True, help="Decode JPEG at reduced size: faster, with other pixel values; not for scoring."
)
@click.option("--workers", type=click.IntRange(1), help="Decoding processes.  [default: half the cores, at most 4]")
@click.option("--strict", is_flag=True, help="Exit code 4 when there is any problem.")
@click.option(
    "--cache",
    "root",
    metavar="DIR",
    help="Folder for the caches.  [default: CXRBENCH_CACHE, else the user's cache folder]",
)
@add_json_option
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
    """Compare dataset NAME below --data with its card and decode its radiographs once into the image cache.

    What cannot be read is reported, and the rest continues; the same command then decodes only what is missing.
    """
    from cxrbench.curation.prepare import prepare_dataset
    from cxrbench.imaging.cache.reader import CacheSettings

    settings = CacheSettings(size, depth, draft)
    with show_progress(f"preparing {name}") as progress:
        report = prepare_dataset(name, data, settings=settings, root=root, workers=workers, progress=progress)
    if as_json:
        print_json({**asdict(report), "size": size, "depth": depth})
    else:
        _print_preparation(report)
    if strict and report.bad:
        raise DataError(f"{len(report.bad)} problems", f"dataset {name} below {data}", "see the list above")


@datasets.command()
@click.argument("name")
@add_data_option
@add_json_option
def fetch(name: str, data: str | None, as_json: bool) -> None:
    """Download the files that the card of dataset NAME lists to --data; checked by SHA-256, resumable."""
    from cxrbench.curation.fetch import fetch_dataset

    with show_progress(f"fetching {name}") as progress:
        files = fetch_dataset(name, data, progress=lambda _, done, total: progress(done, total or done))
    if as_json:
        print_json({"dataset": name, "files": [asdict(file) for file in files]})
        return
    print_table(("file", "state"), [(file.path, file.state) for file in files])


@datasets.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write FILE, and the rows of the splits next to it."
)
def croissant(name: str, out: Path | None) -> None:
    """Print the card of dataset NAME as Croissant JSON-LD, its splits as record sets (requires the extra croissant)."""
    from cxrbench.curation.croissant import make_croissant, write_croissant

    if out is None:
        click.echo(json.dumps(make_croissant(name), indent=1, ensure_ascii=False))
        return
    for path in write_croissant(name, out):
        print_note(f"written: {path}")


def _print_preparation(report: "PreparationReport") -> None:
    bad = len(report.bad)
    click.echo(
        f"{report.dataset}: {report.cases} cases, {report.decoded} decoded in {report.seconds:.1f} s, "
        f"{report.reused} kept, {bad} problems, {len(report.problems) - bad} remarks"
    )
    click.echo(f"cache: {report.folder}")
    _print_problems(report.problems)


def _print_problems(problems: "Iterable[Problem]") -> None:
    from cxrbench.cli.problems import format_problems

    for line in format_problems(problems):
        print_note(line)


VERBATIM = ("citation", "layout")
"""Fields whose line breaks are kept."""


def _format_field(key: str, value: object) -> str:
    """Format a field of a card: short values next to its name, others below it."""
    label = f"{key.replace('_', ' ')}:"
    if key == "patients_of" and isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, list):
        return "\n".join([label, *(wrap_text(_format_item(item), "    ", "  - ") for item in value)])
    if isinstance(value, dict):
        return "\n".join([label, *(f"  {name:<20} {item}" for name, item in value.items())])
    if key in VERBATIM:
        return f"{label}\n{textwrap.indent(str(value).rstrip(), '  ')}"
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return wrap_text(text, " " * LABEL, label.ljust(LABEL))


def _format_item(item: object) -> str:
    return ", ".join(f"{key} {value}" for key, value in item.items()) if isinstance(item, dict) else str(item)
