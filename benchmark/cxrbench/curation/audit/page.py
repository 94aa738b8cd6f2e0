"""Render an audit as one HTML page without scripts and without other files."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cxrbench import __version__
from cxrbench.curation.audit import AuditReport
from cxrbench.curation.audit.report import ReportTable, make_audit_tables


def render_audit_page(audit: AuditReport) -> str:
    """Render the page; the same audit gives the same bytes.

    Args:
        audit: The audit.

    Returns:
        The HTML document.
    """
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = ", ".join(split.split for split in audit.splits)
    environment.globals["find_numeric_columns"] = find_numeric_columns
    return environment.get_template("page.html.j2").render(
        names=names, version=__version__, tables=make_audit_tables(audit)
    )


def find_numeric_columns(table: ReportTable) -> list[bool]:
    """Find the columns that contain only numbers, which are aligned right.

    Args:
        table: A table of the audit.

    Returns:
        One flag per column.
    """
    return [all(cell[:1].isdigit() for cell in column) for column in zip(*table.rows, strict=True)]
