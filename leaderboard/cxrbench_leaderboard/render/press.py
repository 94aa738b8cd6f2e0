"""The templates, ready: one environment, the style and the script inlined on every page. Nothing is written here."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import cxrbench
from cxrbench.reported.claims import PAPERS
from cxrbench.stats.bootstrap import DRAWS
from cxrbench.stats.intervals import MIN_DEFINED
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cxrbench_leaderboard.export import export
from cxrbench_leaderboard.model import evidence
from cxrbench_leaderboard.model.glossary import DIRECTION, MEANINGS, PREFIXES
from cxrbench_leaderboard.render import packs, plots
from cxrbench_leaderboard.render.cells import metric_cell, plain_cell, title_link
from cxrbench_leaderboard.render.tables import detail_rows, overview_cells, result_row
from cxrbench_leaderboard.render.text import MISSING, clean, cut, interval, large, number, p_text, printed, safe_url

HERE = Path(__file__).parents[1]
MODALITY = {"cxr": "radiographs", "ct": "CT", "both": "radiographs and CT"}
KINDS = {"csv": "CSV", "json": "JSON", "bib": "BibTeX"}
ENDINGS = {
    ".claims.csv": "printed values as CSV",
    ".rows.csv": "rows as CSV",
    ".tests.csv": "paired tests as CSV",
    ".figures.csv": "figures as CSV",
}


@dataclass(frozen=True, slots=True)
class Made:
    """What a page was made from: how many results, and the day (UTC) of the newest, so that it needs no clock."""

    results: int
    newest: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file beside a page, and how its link reads."""

    name: str
    text: str


def downloads(names: Iterable[str]) -> list[Download]:
    """Links to the files beside a page, from their paths in the site."""
    own = [name.rpartition("/")[2] for name in names]
    return [Download(name, _kind(name)) for name in own]


def _kind(name: str) -> str:
    for ending, text in ENDINGS.items():
        if name.endswith(ending):
            return text
    return KINDS[name.rpartition(".")[2]]


class Press:
    """Pages from templates; use `press()`, which keeps the one of this process."""

    def __init__(self) -> None:
        self.env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.env.filters |= {"clean": clean, "cut": cut, "safe_url": safe_url}
        self.env.filters |= {"plainly": _plainly, "slug": _slug, "capital": _capital}
        self.env.globals |= {
            "number": number,
            "interval": interval,
            "printed": printed,
            "large": large,
            "shown": _shown,
            "metric_cell": metric_cell,
            "result_row": result_row,
            "overview_cells": overview_cells,
            "plain": plain_cell,
            "title_link": title_link,
            "detail_rows": detail_rows,
            "packs": packs,
            "missing": MISSING,
            "papers": PAPERS,
            "modality": MODALITY,
            "directions": DIRECTION,
            "meanings": MEANINGS,
            "prefixes": PREFIXES,
            "draws": DRAWS,
            "min_defined": MIN_DEFINED,
            "version": cxrbench.__version__,
            "size": {
                "left": plots.LEFT,
                "top": plots.TOP,
                "side": plots.SIDE,
                "width": plots.WIDTH,
                "height": plots.HEIGHT,
            },
            "wide": evidence.WIDE,
            "shade": evidence.shade,
            "told_apart": evidence.told_apart,
            "p_text": p_text,
            "exact": export.exact,
            "exact_p": export.exact_p,
            **_inlined("style", "style.css", "figures.css"),
            **_inlined("script", "table.js"),
        }

    def page(self, template: str, path: str, made: Made, **content: object) -> str:
        """One page; `path` is its place in the site, from which its links go up."""
        up = "../" * path.count("/")
        return self.env.get_template(template).render(page=path, root=up, made=made, **content)


@cache
def press() -> Press:
    """The press of this process."""
    return Press()


def _inlined(name: str, *files: str) -> dict[str, str]:
    """Files of ours as they stand in the page, and the hash by which the page's policy lets them in."""
    text = "".join((HERE / "static" / file).read_text("utf-8") for file in files)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {name: Markup(text), f"{name}_hash": f"sha256-{digest}"}  # noqa: S704 - our own files


def _plainly(value: Decimal) -> str:
    return format(value, "f")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slug(track: str) -> str:
    return track.replace("/", "--")


def _shown(value: float | Decimal) -> str:
    return printed(value) if isinstance(value, Decimal) else number(value)
