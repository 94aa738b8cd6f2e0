"""An audit as one HTML page that needs nothing beside it: no scripts, no network."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cxrbench import __version__
from cxrbench.splits.audit import Audit
from cxrbench.splits.audit.report import tables


def page(audit: Audit) -> str:
    """The page; the same audit gives the same bytes."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = ", ".join(split.split for split in audit.splits)
    return environment.get_template("page.html.j2").render(names=names, version=__version__, tables=tables(audit))
