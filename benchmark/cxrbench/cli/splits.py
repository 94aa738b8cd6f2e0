"""`cxrbench splits`."""

from typing import TYPE_CHECKING

import click

from cxrbench.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from cxrbench.splits import Split


@click.group()
def splits() -> None:
    """List, show and cite splits."""


@splits.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every split with its parts and whether patients straddle them."""
    from cxrbench.splits import listed, load_split

    found = [_summary(load_split(dataset, name)) for dataset, name, _ in listed()]
    if as_json:
        print_json(found)
        return
    rows = [
        (s["split"], s["version"], s["origin"], s["parts"], s["shared_patients"], str(s["sha256"])[:12]) for s in found
    ]
    print_table(("split", "version", "origin", "cases", "shared patients", "sha256"), rows)


@splits.command()
@click.argument("split")
@json_option
def show(split: str, as_json: bool) -> None:
    """Show SPLIT (dataset, or dataset@name): its provenance and which case is in which part."""
    loaded = _loaded(split)
    if as_json:
        print_json({**_summary(loaded), "note": loaded.note, "cases": dict(loaded.part_of)})
        return
    for key, value in {**_summary(loaded), "licence": loaded.licence, "note": loaded.note}.items():
        click.echo(f"{key}: {value}")


@splits.command()
@click.argument("split")
@json_option
def cite(split: str, as_json: bool) -> None:
    """Print BibTeX for SPLIT, with its version and hash."""
    from cxrbench.splits import bibtex

    loaded = _loaded(split)
    if as_json:
        print_json({"split": loaded.label, "sha256": loaded.sha256, "bibtex": bibtex(loaded)})
    else:
        click.echo(bibtex(loaded))


def _loaded(text: str) -> "Split":
    from cxrbench.splits import DEFAULT, load_split

    dataset, _, name = text.partition("@")
    return load_split(dataset, name or DEFAULT)


def _summary(split: "Split") -> dict[str, object]:
    return {
        "split": split.label,
        "version": split.version,
        "origin": split.origin,
        "seed": split.seed,
        "parts": {part: len(split.cases(part)) for part in ("all", *split.parts)},
        "patients": len(set(split.patients.values())),
        "shared_patients": sum(len(shared) for shared in split.shared_patients().values()),
        "sha256": split.sha256,
    }
