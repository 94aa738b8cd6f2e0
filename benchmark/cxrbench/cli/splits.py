"""`cxrbench splits`."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import data_option, json_option, note, print_json, print_table, progress_bar, wrapped

if TYPE_CHECKING:
    from cxrbench.splits import Plan, Split


@click.group()
def splits() -> None:
    """List, show, audit and cite splits."""


@splits.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every split with its parts and whether patients straddle them."""
    from cxrbench.splits import catalogue, registered_split

    found = [registered_split(head.dataset, head.name) for head in catalogue()]
    if as_json:
        print_json([_summary(one) for one in found])
        return
    rows = [(one.label, one.version, _sizes(one), _shared(one), one.sha256[:8], one.origin) for one in found]
    print_table(("split", "v", "cases", "shared", "sha256", "origin"), rows, flexible=("origin",))
    note("v: version; shared: patients in more than one part; a rule's cases are those of the user's own copy")


@splits.command()
@click.argument("split")
@data_option
@json_option
def show(split: str, data: str | None, as_json: bool) -> None:
    """Show SPLIT (dataset, or dataset@name): its provenance, and with --json which case is in which part.

    A split that is a rule shows its parts only where --data holds the dataset.
    """
    found = _evaluated(_found(split), data)
    head = {**_summary(found), "licence": found.licence, "note": found.note}
    if as_json:
        print_json({**head, "cases": _cases(found)})
        return
    for key, value in {**head, "parts": _sizes(found)}.items():
        label = f"{key.replace('_', ' ')}:".ljust(17)
        click.echo(wrapped("none" if value is None else str(value), " " * 17, label))


@splits.command()
@click.argument("split")
@json_option
def cite(split: str, as_json: bool) -> None:
    """Print BibTeX for SPLIT, with its version and hash."""
    from cxrbench.splits import format_bibtex

    found = _found(split)
    if as_json:
        print_json({"split": found.label, "sha256": found.sha256, "bibtex": format_bibtex(found)})
    else:
        click.echo(format_bibtex(found))


@splits.command()
@click.argument("names", nargs=-1, required=True, metavar="DATASET[@SPLIT]...")
@data_option
@click.option("--images", is_flag=True, help="Also decode and compare the images that are at hand.")
@click.option("--page", "page_file", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page too.")
@json_option
def audit(names: tuple[str, ...], data: str | None, images: bool, page_file: Path | None, as_json: bool) -> None:
    """Find patients and images that straddle parts, and compare the parts' balance.

    DATASET alone audits every split of it, DATASET@default the default one. Needs no images without --images; the
    balance needs the dataset's labels.
    """
    from cxrbench.curation.audit import audit as audited

    with progress_bar("images") if images else nullcontext() as progress:
        found = audited(names, data, images=images, progress=progress)
    if page_file is not None:
        from cxrbench.curation.audit.page import page

        page_file.write_text(page(found), "utf-8")
        note(f"page written to {page_file}")
    if as_json:
        print_json(asdict(found))
        return
    from cxrbench.curation.audit.report import tables

    for table in tables(found):
        click.echo(f"\n{table.title}")
        if table.remark:
            click.echo(wrapped(table.remark))
        print_table(table.header, table.rows) if table.rows else click.echo("none")


def _found(text: str) -> "Split | Plan":
    from cxrbench.splits import DEFAULT, registered_split

    dataset, _, name = text.partition("@")
    return registered_split(dataset, name or DEFAULT)


def _evaluated(found: "Split | Plan", data: str | None) -> "Split | Plan":
    """A rule on the copy below `data`, and itself where there is none."""
    from cxrbench.datasets import load
    from cxrbench.errors import CxrbenchError
    from cxrbench.splits import Plan

    if not isinstance(found, Plan):
        return found
    try:
        return found.split(load(found.dataset, data).cases)
    except CxrbenchError as error:
        note(f"a rule, not evaluated: {error.line}")
        return found


def _cases(found: "Split | Plan") -> Mapping[str, str] | None:
    return getattr(found, "part_of", None)


def _parts(found: "Split | Plan") -> dict[str, int | None]:
    """Images of each part; None where a rule was not evaluated."""
    from cxrbench.splits import Plan

    if isinstance(found, Plan):
        return dict.fromkeys(("all", *found.parts))
    return {part: len(found.cases(part)) for part in ("all", *found.parts)}


def _sizes(found: "Split | Plan") -> str:
    sizes = _parts(found).items()
    return ", ".join(part if size is None else f"{part} {size}" for part, size in sizes if part != "all")


def _shared(found: "Split | Plan") -> str:
    count = _summary(found)["shared_patients"]
    return "by rule" if count is None else str(count)


def _summary(found: "Split | Plan") -> dict[str, object]:
    """What --json says of a split; counts are None for a rule that was not evaluated."""
    from cxrbench.splits import Plan

    head = {
        "split": found.label,
        "version": found.version,
        "origin": found.origin,
        "seed": found.seed,
        "parts": _parts(found),
        "sha256": found.sha256,
    }
    if isinstance(found, Plan):
        return {**head, "patients": None, "shared_patients": None, "unused": None}
    used = found.cases("all")
    return {
        **head,
        "patients": len({found.patients[case] for case in used}),
        "shared_patients": len(set().union(*found.shared_patients().values())),
        "unused": len(found.part_of) - len(used),
    }
