"""`cxrbench splits`."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from cxrbench.splits import Split, SplitRule

LABEL = 17
"""Width of the column of field names, in characters."""


@click.group()
def splits() -> None:
    """List, show, audit and cite splits."""


@splits.command("list")
@add_json_option
def list_(as_json: bool) -> None:
    """List every split with its parts and the number of patients that are in several parts."""
    from cxrbench.splits import find_split, list_splits

    registered = [find_split(header.dataset, header.name) for header in list_splits()]
    if as_json:
        print_json([_summarise_split(split) for split in registered])
        return
    rows = [
        (split.label, split.version, _format_sizes(split), _format_shared(split), split.sha256[:8], split.origin)
        for split in registered
    ]
    print_table(("split", "v", "cases", "shared", "sha256", "origin"), rows, flexible=("origin",))
    print_note("v: version; shared: patients in more than one part; the cases of a rule are those of the user's copy")


@splits.command()
@click.argument("split")
@add_data_option
@add_json_option
def show(split: str, data: str | None, as_json: bool) -> None:
    """Show SPLIT (dataset, or dataset@name): its provenance, and with --json which case is in which part.

    A split that is a rule shows its cases only where --data holds the dataset.
    """
    chosen = _evaluate_rule(_find_named_split(split), data)
    fields = {**_summarise_split(chosen), "licence": chosen.licence, "note": chosen.note}
    if as_json:
        print_json({**fields, "cases": _list_parts(chosen)})
        return
    for key, value in {**fields, "parts": _format_sizes(chosen)}.items():
        label = f"{key.replace('_', ' ')}:".ljust(LABEL)
        click.echo(wrap_text("none" if value is None else str(value), " " * LABEL, label))


@splits.command()
@click.argument("split")
@add_json_option
def cite(split: str, as_json: bool) -> None:
    """Print BibTeX for SPLIT, with its version and hash."""
    from cxrbench.splits import format_bibtex

    chosen = _find_named_split(split)
    if as_json:
        print_json({"split": chosen.label, "sha256": chosen.sha256, "bibtex": format_bibtex(chosen)})
    else:
        click.echo(format_bibtex(chosen))


@splits.command()
@click.argument("names", nargs=-1, required=True, metavar="DATASET[@SPLIT]...")
@add_data_option
@click.option("--images", is_flag=True, help="Also decode the available images and search for duplicates.")
@click.option("--page", "page_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write an HTML page.")
@add_json_option
def audit(names: tuple[str, ...], data: str | None, images: bool, page_file: Path | None, as_json: bool) -> None:
    """Find patients and images that are in several parts, and compare the balance of the parts.

    DATASET alone audits every split of it, DATASET@default only the default split. No images are needed without
    --images; the balance needs the dataset's labels.
    """
    from cxrbench.curation.audit import audit_splits

    with show_progress("images") if images else nullcontext() as progress:
        report = audit_splits(names, data, images=images, progress=progress)
    if page_file is not None:
        from cxrbench.curation.audit.page import render_audit_page

        page_file.write_text(render_audit_page(report), "utf-8")
        print_note(f"page written to {page_file}")
    if as_json:
        print_json(asdict(report))
        return
    from cxrbench.curation.audit.report import make_audit_tables

    for table in make_audit_tables(report):
        click.echo(f"\n{table.title}")
        if table.remark:
            click.echo(wrap_text(table.remark))
        print_table(table.header, table.rows) if table.rows else click.echo("none")


def _find_named_split(text: str) -> "Split | SplitRule":
    from cxrbench.splits import DEFAULT, find_split

    dataset, _, name = text.partition("@")
    return find_split(dataset, name or DEFAULT)


def _evaluate_rule(split: "Split | SplitRule", data: str | None) -> "Split | SplitRule":
    """Evaluate a rule on the copy below `data`; the rule itself where there is none."""
    from cxrbench.datasets import load
    from cxrbench.errors import CxrbenchError
    from cxrbench.splits import SplitRule

    if not isinstance(split, SplitRule):
        return split
    try:
        return split.apply(load(split.dataset, data).cases)
    except CxrbenchError as error:
        print_note(f"a rule, not evaluated: {error.line}")
        return split


def _list_parts(split: "Split | SplitRule") -> Mapping[str, str] | None:
    return getattr(split, "part_of", None)


def _count_cases(split: "Split | SplitRule") -> dict[str, int | None]:
    """Number of cases of each part; None where a rule was not evaluated."""
    from cxrbench.splits import SplitRule

    if isinstance(split, SplitRule):
        return dict.fromkeys(("all", *split.parts))
    return {part: len(split.cases(part)) for part in ("all", *split.parts)}


def _format_sizes(split: "Split | SplitRule") -> str:
    sizes = _count_cases(split).items()
    return ", ".join(part if size is None else f"{part} {size}" for part, size in sizes if part != "all")


def _format_shared(split: "Split | SplitRule") -> str:
    count = _summarise_split(split)["shared_patients"]
    return "by rule" if count is None else str(count)


def _summarise_split(split: "Split | SplitRule") -> dict[str, object]:
    """The fields that --json prints of a split; counts are None for a rule that was not evaluated."""
    from cxrbench.splits import SplitRule

    fields = {
        "split": split.label,
        "version": split.version,
        "origin": split.origin,
        "seed": split.seed,
        "parts": _count_cases(split),
        "sha256": split.sha256,
    }
    if isinstance(split, SplitRule):
        return {**fields, "patients": None, "shared_patients": None, "unused": None}
    used = split.cases("all")
    return {
        **fields,
        "patients": len({split.patients[case] for case in used}),
        "shared_patients": len(set().union(*split.shared_patients().values())),
        "unused": len(split.part_of) - len(used),
    }
