"""An audit as one HTML page that needs nothing beside it: no scripts, no network."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cxrbench import __version__
from cxrbench.curation.audit import Audit
from cxrbench.curation.audit.report import Table, tables


def page(audit: Audit) -> str:
    """The page; the same audit gives the same bytes."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = ", ".join(split.split for split in audit.splits)
    environment.globals["numeric"] = numeric
    return environment.get_template("page.html.j2").render(names=names, version=__version__, tables=tables(audit))


def numeric(table: Table) -> list[bool]:
    """Which columns hold nothing but numbers, and so stand flush right."""
    return [all(cell[:1].isdigit() for cell in column) for column in zip(*table.rows, strict=True)]
