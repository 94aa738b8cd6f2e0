"""A page before it is rendered: its template, its place in the site, and what it shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {"csv": "CSV", "json": "JSON", "bib": "BibTeX"}
ENDINGS = {
    ".claims.csv": "reported values as CSV",
    ".rows.csv": "rows as CSV",
    ".tests.csv": "paired tests as CSV",
    ".figures.csv": "figures as CSV",
}


@dataclass(frozen=True, slots=True)
class ResultSources:
    """The results of a page: how many, and the day (UTC) of the newest, so that the page needs no clock."""

    results: int
    newest: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file beside a page, and the text of its link."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the file of its template, its path in the site, its results, and what the template shows."""

    template: str
    path: str
    sources: ResultSources
    content: Mapping[str, Any]


def list_downloads(paths: Iterable[str]) -> list[Download]:
    """List the links to the files beside a page.

    Args:
        paths: Their paths in the site.

    Returns:
        One link per file, in the given order.
    """
    names = [path.rpartition("/")[2] for path in paths]
    return [Download(name, _describe_kind(name)) for name in names]


def _describe_kind(name: str) -> str:
    for ending, text in ENDINGS.items():
        if name.endswith(ending):
            return text
    return KINDS[name.rpartition(".")[2]]
