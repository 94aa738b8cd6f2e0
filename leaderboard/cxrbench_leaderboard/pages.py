"""Pages as text: the site's data through the templates. Nothing is written here."""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import cxrbench
from cxrbench.catalog import Card, cards
from cxrbench.results.figures import LONGEST
from cxrbench.splits import DEFAULT, Split, bibtex, listed, load_split
from cxrbench.stats.bootstrap import DRAWS
from cxrbench.stats.interval import MIN_DEFINED
from cxrbench.tasks.figures import BAND_DRAWS
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cxrbench_leaderboard import evidence, examples, export, paired, plots
from cxrbench_leaderboard.beside import beside
from cxrbench_leaderboard.charts import BRIEF, forest
from cxrbench_leaderboard.claims import PAPERS, Claim
from cxrbench_leaderboard.gallery import exhibits, facts_csv
from cxrbench_leaderboard.glossary import DIRECTION, MEANINGS, PREFIXES, badness
from cxrbench_leaderboard.rows import Board, Entry, entries
from cxrbench_leaderboard.text import MISSING, clean, cut, interval, large, number, p_text, printed, safe_url
from cxrbench_leaderboard.verdicts import FILE as VERDICTS
from cxrbench_leaderboard.verdicts import load_verdicts

HERE = Path(__file__).parent
ENDINGS = {
    ".claims.csv": "printed values as CSV",
    ".tests.csv": "paired tests as CSV",
    ".figures.csv": "figures as CSV",
}
MODALITY = {"cxr": "radiographs", "ct": "CT", "both": "radiographs and CT"}


@dataclass(frozen=True)
class Site:
    """Everything that the pages show."""

    boards: tuple[Board, ...]
    claims: tuple[Claim, ...]

    @property
    def results(self) -> int:
        """Results shown."""
        return sum(len(board.rows) for board in self.boards)

    @cached_property
    def newest(self) -> str:
        """The day (UTC) of the newest run, or nothing: the only date of the site, so that it needs no clock."""
        return max((row.source.started.date().isoformat() for board in self.boards for row in board.rows), default="")

    @property
    def real_boards(self) -> tuple[Board, ...]:
        """Tracks on real data."""
        return tuple(board for board in self.boards if not board.card.synthetic)

    @property
    def synthetic_boards(self) -> tuple[Board, ...]:
        """Tracks on the phantom."""
        return tuple(board for board in self.boards if board.card.synthetic)

    @property
    def real_tracks(self) -> tuple[Board, ...]:
        """Tracks on real data that have a row."""
        return tuple(board for board in self.real_boards if board.rows)

    @cached_property
    def real_entries(self) -> tuple[Entry, ...]:
        """Submissions with a result on real data."""
        return entries(self.real_boards)

    @cached_property
    def synthetic_entries(self) -> tuple[Entry, ...]:
        """Submissions with a result on the phantom."""
        return entries(self.synthetic_boards)


@dataclass(frozen=True, slots=True)
class Download:
    """A file beside a page, and how its link reads."""

    name: str
    text: str


def render(site: Site) -> dict[str, str]:
    """Every file of the site by its path: pages and the exports beside them."""
    press = _Press(site)
    files = _front(press, site) | _claims(press, site) | _methods(press)
    for board in site.boards:
        files |= _track(press, board)
    return files | _gallery(press) | _datasets(press, site)


class _Press:
    """The templates, ready: one environment, the style and the script inlined on every page."""

    def __init__(self, site: Site) -> None:
        self.env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.env.filters |= {"clean": clean, "cut": cut, "safe_url": safe_url, "plainly": _plainly, "slug": _slug}
        self.env.globals |= {
            "number": number,
            "interval": interval,
            "printed": printed,
            "large": large,
            "shown": _shown,
            "badness": badness,
            "missing": MISSING,
            "papers": PAPERS,
            "modality": MODALITY,
            "directions": DIRECTION,
            "meanings": MEANINGS,
            "prefixes": PREFIXES,
            "draws": DRAWS,
            "min_defined": MIN_DEFINED,
            "version": cxrbench.__version__,
            "site": site,
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

    def page(self, template: str, path: str, **content: object) -> str:
        """One page; `path` is its place in the site, from which its links go up."""
        return self.env.get_template(template).render(page=path, root="../" * path.count("/"), **content)


def _inlined(name: str, *files: str) -> dict[str, str]:
    """Files of ours as they stand in the page, and the hash by which the page's policy lets them in."""
    text = "".join((HERE / "static" / file).read_text("utf-8") for file in files)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {name: Markup(text), f"{name}_hash": f"sha256-{digest}"}  # noqa: S704 - our own files


def _plainly(value: Decimal) -> str:
    return format(value, "f")


def _slug(track: str) -> str:
    return track.replace("/", "--")


def _shown(value: float | Decimal) -> str:
    return printed(value) if isinstance(value, Decimal) else number(value)


def _front(press: _Press, site: Site) -> dict[str, str]:
    files = {
        "leaderboard.csv": export.results_csv(site.boards),
        "leaderboard.json": export.results_json(site.boards),
        "leaderboard.bib": export.site_bib(),
    }
    return {"index.html": press.page("index.html", "index.html", files=_downloads(files))} | files


def _methods(press: _Press) -> dict[str, str]:
    worked = examples.examples()
    files = {"methods.csv": export.methods_csv(worked)}
    content = {
        "worked": worked,
        "samples": examples,
        "counted": paired.COUNTED,
        "least": f"{paired.LEAST:g}",
        "longest": LONGEST,
        "band_draws": BAND_DRAWS,
        "files": _downloads(files),
    }
    return {"methods.html": press.page("methods.html", "methods.html", **content)} | files


def _claims(press: _Press, site: Site) -> dict[str, str]:
    files = {
        "claims.csv": export.claims_csv(site.claims),
        "claims.json": export.claims_json(site.claims),
        "claims.bib": export.papers_bib(),
    }
    by_paper = [(name, [claim for claim in site.claims if claim.paper == name]) for name in PAPERS]
    content = {
        "by_paper": by_paper,
        "n_claims": len(site.claims),
        "by_verdict": dict(sorted(Counter(claim.verdict for claim in site.claims).items())),
        "verdicts": load_verdicts(VERDICTS, {claim.id: claim.value for claim in site.claims}),
        "files": _downloads(files),
    }
    return {"claims.html": press.page("claims.html", "claims.html", **content)} | files


def _track(press: _Press, board: Board) -> dict[str, str]:
    base = f"tracks/{board.file}"
    claims = [claim for system in board.systems for claim in system.claims.values()]
    files = {
        f"{base}.csv": export.results_csv([board]),
        f"{base}.claims.csv": export.claims_csv(claims),
        f"{base}.json": export.results_json([board]),
        f"{base}.bib": export.track_bib(board),
    }
    shown = _evidence(board)
    files |= {
        f"{base}.tests.csv": export.tests_csv(board, shown["grid"], shown["readers"]),
        f"{base}.figures.csv": export.figures_csv(board, shown["pictures"]),
    }
    files = {name: content for name, content in files.items() if content}
    path = f"{base}.html"
    content = {"board": board, "forest": forest(board), "brief": BRIEF, "files": _downloads(files), **shown}
    return {path: press.page("track.html", path, **content)} | files


def _evidence(board: Board) -> dict[str, Any]:
    """What the page of a track shows beside its table."""
    costs = evidence.cost_plots(board)
    devices = sorted({row.result.cost.device for row in board.rows if row.result.cost.device})
    return {
        "grid": evidence.grid(board),
        "readers": evidence.against_readers(board),
        "titles": {row.result.submission.name: row.result.submission.title for row in board.rows},
        "pictures": evidence.pictured(board),
        "costs": costs,
        "devices": devices[:5],
        "besides": beside(board),
        "groups": evidence.groups(board, evidence.chosen(board)),
    }


def _gallery(press: _Press) -> dict[str, str]:
    files = {"gallery.csv": facts_csv()}
    content = {"exhibits": exhibits(), "files": _downloads(files)}
    return {"gallery.html": press.page("gallery.html", "gallery.html", **content)} | files


def _datasets(press: _Press, site: Site) -> dict[str, str]:
    path = "datasets/index.html"
    files = {path: press.page("datasets.html", path, cards=sorted(cards().items()))}
    for name, card in cards().items():
        files |= _dataset(press, site, name, card)
    return files


def _dataset(press: _Press, site: Site, name: str, card: Card) -> dict[str, str]:
    base, splits = f"datasets/{name}", _splits(name)
    cited = [card.citation.strip(), *map(bibtex, splits)]
    files = {
        f"{base}.json": export.card_json(name, card, splits),
        f"{base}.bib": "\n\n".join(entry for entry in cited if entry) + "\n",
    }
    boards = [board for board in site.boards if board.track.dataset == name]
    content = {"name": name, "card": card, "splits": splits, "boards": boards, "files": _downloads(files)}
    return {f"{base}.html": press.page("dataset.html", f"{base}.html", **content)} | files


def _splits(dataset: str) -> list[Split]:
    names = dict.fromkeys(name for of, name, _ in listed() if of == dataset)
    return [load_split(dataset, name) for name in sorted(names, key=lambda name: (name != DEFAULT, name))]


def _downloads(files: Sequence[str] | dict[str, str]) -> list[Download]:
    names = [name.rpartition("/")[2] for name in files]
    return [Download(name, _kind(name)) for name in names]


def _kind(name: str) -> str:
    for ending, text in ENDINGS.items():
        if name.endswith(ending):
            return text
    return {"csv": "CSV", "json": "JSON", "bib": "BibTeX"}[name.rpartition(".")[2]]
