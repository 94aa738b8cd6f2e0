"""Pages to HTML: one environment of templates, with the style and the script inlined on every page."""

import base64
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import cxrbench
from cxrbench.reported.claims import PAPERS
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cxrbench_leaderboard.model import square_plots as plots
from cxrbench_leaderboard.model.row_figures import WIDE, compute_shade
from cxrbench_leaderboard.model.text import (
    MISSING,
    clean_text,
    format_interval,
    format_number,
    format_p_value,
    format_reported,
    round_p_value,
    round_stable,
    shorten_text,
    to_web_address,
)
from cxrbench_leaderboard.render.cells import to_metric_markup, to_number_markup, to_title_markup
from cxrbench_leaderboard.render.table_payload import render_overview_payload, render_ranking_payload
from cxrbench_leaderboard.render.tables import render_detail_rows, render_overview_row, render_result_row
from cxrbench_leaderboard.views.page import Page

PACKAGE = Path(__file__).parents[1]
MODALITIES = {"cxr": "radiographs", "ct": "CT", "both": "radiographs and CT"}


class Renderer:
    """Renders pages from templates; use `load_renderer`, which keeps one renderer per process."""

    def __init__(self) -> None:
        self.env = Environment(
            loader=FileSystemLoader(PACKAGE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.env.filters |= _list_filters()
        self.env.globals |= _list_globals()

    def render(self, page: Page) -> str:
        """Render a page; its path gives the way from its links to the top of the site.

        Args:
            page: The page.

        Returns:
            The HTML.
        """
        up = "../" * page.path.count("/")
        template = self.env.get_template(page.template)
        return template.render(page=page.path, root=up, sources=page.sources, **page.content)


@cache
def load_renderer() -> Renderer:
    """Load the renderer of this process."""
    return Renderer()


def _list_filters() -> dict[str, Any]:
    return {
        "clean": clean_text,
        "cut": shorten_text,
        "web_address": to_web_address,
        "plainly": _to_plain_text,
        "slug": _to_file_name,
        "capital": _capitalize_first,
        "grouped": _group_digits,
    }


def _list_globals() -> Mapping[str, Any]:
    return {
        "number": format_number,
        "interval": format_interval,
        "reported": format_reported,
        "p_value": format_p_value,
        "shown": _format_any,
        "stable": round_stable,
        "stable_p": round_p_value,
        "metric_cell": to_metric_markup,
        "number_cell": to_number_markup,
        "title_link": to_title_markup,
        "result_row": render_result_row,
        "overview_row": render_overview_row,
        "detail_rows": render_detail_rows,
        "ranking_payload": render_ranking_payload,
        "overview_payload": render_overview_payload,
        "shade": compute_shade,
        "missing": MISSING,
        "papers": PAPERS,
        "modalities": MODALITIES,
        "version": cxrbench.__version__,
        "wide": WIDE,
        "size": {
            "left": plots.LEFT,
            "top": plots.TOP,
            "side": plots.SIDE,
            "width": plots.WIDTH,
            "height": plots.HEIGHT,
        },
        **_inline_files("style", "style.css", "figures.css"),
        **_inline_files("script", "table.js"),
    }


def _inline_files(name: str, *files: str) -> dict[str, str]:
    """Files of this package as the page holds them, and the hash by which the page's policy allows them."""
    text = "".join((PACKAGE / "static" / file).read_text("utf-8") for file in files)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {name: Markup(text), f"{name}_hash": f"sha256-{digest}"}  # noqa: S704 - files of this package


def _to_plain_text(value: Decimal) -> str:
    return format(value, "f")


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _to_file_name(track: str) -> str:
    return track.replace("/", "--")


def _group_digits(value: int) -> str:
    """A count with a blank between thousands."""
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")


def _format_any(value: float | Decimal) -> str:
    return format_reported(value) if isinstance(value, Decimal) else format_number(value)
