"""`cxrbench datasets`."""

from dataclasses import asdict

import click

from cxrbench.cli.output import data_option, json_option, note, print_json, print_table
from cxrbench.errors import DataError


@click.group()
def datasets() -> None:
    """List, show and verify datasets."""


@datasets.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the datasets of the catalogue."""
    from cxrbench.catalog import cards

    if as_json:
        print_json({name: card.model_dump(mode="json") for name, card in cards().items()})
        return
    print_table(
        ("dataset", "modality", "licence", "title"), [(n, c.modality, c.licence, c.title) for n, c in cards().items()]
    )


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
            click.echo(f"{key}:{_indented(value)}")


@datasets.command()
@click.argument("name")
@data_option
@click.option("--decode/--no-decode", default=True, help="Also decode every image.")
@json_option
def verify(name: str, data: str | None, decode: bool, as_json: bool) -> None:
    """Check dataset NAME below --data against its card: exit code 4 when anything is bad."""
    from cxrbench.datasets.verify import verify as checked

    found = checked(name, data, decode=decode)
    bad = [problem for problem in found.problems if problem.bad]
    if as_json:
        print_json({"dataset": name, "cases": found.cases, "problems": [asdict(one) for one in found.problems]})
    else:
        click.echo(f"{name}: {found.cases} cases, {len(bad)} problems, {len(found.problems) - len(bad)} remarks")
        for problem in found.problems:
            note(f"{'problem' if problem.bad else 'remark'}: {problem.file}: {problem.reason}")
    if bad:
        raise DataError(f"{len(bad)} problems", f"dataset {name} below {data}", "see the list above")


def _indented(value: object) -> str:
    if isinstance(value, list):
        return "".join(f"\n  - {item}" for item in value)
    if isinstance(value, dict):
        return "".join(f"\n  {key}: {item}" for key, item in value.items())
    text = str(value).rstrip()
    return " " + text if "\n" not in text else "\n  " + text.replace("\n", "\n  ")
