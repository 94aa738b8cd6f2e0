"""The pages that are about no single track: overview, submissions, claims, methods, datasets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from cxrbench.catalog import Card, cards
from cxrbench.reported.claims import PAPERS, Claim
from cxrbench.reported.verdicts import FILE as VERDICTS
from cxrbench.reported.verdicts import load_verdicts
from cxrbench.results.figures import LONGEST
from cxrbench.splits import catalogue
from cxrbench.tasks.figures import BAND_DRAWS

from cxrbench_leaderboard.export import export
from cxrbench_leaderboard.model import examples, paired
from cxrbench_leaderboard.model.gallery import exhibits, facts_csv, small
from cxrbench_leaderboard.model.lines import Column, Entry, Line, entries
from cxrbench_leaderboard.render import packs
from cxrbench_leaderboard.render.press import Made, Press, downloads
from cxrbench_leaderboard.views.paging import Part, parts
from cxrbench_leaderboard.views.split_pages import described, exported, split_files
from cxrbench_leaderboard.views.track_pages import Files


@dataclass(frozen=True)
class Site:
    """Every track and every row of the site in short, and the printed claims.

    `tables` and `shorts` are files with the rows of a track, as CSV and as JSON objects to join, in the order of lines.
    """

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    claims: tuple[Claim, ...]
    tables: tuple[Path, ...]
    shorts: tuple[Path, ...]

    @cached_property
    def made(self) -> Made:
        """What the site is made from."""
        return Made(len(self.lines), max((line.started[:10] for line in self.lines), default=""))

    @property
    def real(self) -> tuple[Column, ...]:
        """Tracks on real data."""
        return tuple(one for one in self.columns if not one.synthetic)

    @property
    def synthetic(self) -> tuple[Column, ...]:
        """Tracks on the phantom."""
        return tuple(one for one in self.columns if one.synthetic)

    @cached_property
    def real_entries(self) -> tuple[Entry, ...]:
        """Submissions with a result on real data."""
        return entries([line for line in self.lines if not line.synthetic])

    @cached_property
    def synthetic_entries(self) -> tuple[Entry, ...]:
        """Submissions with a result on the phantom."""
        return entries([line for line in self.lines if line.synthetic])


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table of the overview: tracks across, submissions down, as much of them as the page shows."""

    id: str
    columns: Sequence[Column]
    entries: Sequence[Entry]
    total: int
    pack: str | None


def site_files(press: Press, site: Site) -> Files:
    """Every file of the site but those of the tracks and of the submissions."""
    return chain(
        _front(press, site),
        _claims(press, site),
        _methods(press, site),
        _gallery(press, site),
        _datasets(press, site),
        split_files(press, site.columns, site.made),
    )


def _front(press: Press, site: Site) -> Files:
    files = {
        "leaderboard.csv": export.stacked(_texts(site.tables)),
        "leaderboard.json": export.joined(len(site.lines), _texts(site.shorts), [one.record for one in site.columns]),
        "leaderboard.bib": export.site_bib(),
    }
    yield from files.items()
    for part in parts(max(len(site.real_entries), len(site.synthetic_entries))):
        path = f"index{part.suffix}.html"
        content = {"part": part, "real": _real(site, part), "synthetic_table": _synthetic(site, part)}
        yield path, press.page("index.html", path, site.made, site=site, files=downloads(files), **content)


def _texts(files: Sequence[Path]) -> list[str]:
    return [file.read_bytes().decode("utf-8") for file in files]


def _real(site: Site, part: Part) -> Matrix:
    used = {name for entry in site.real_entries for name in entry.lines}
    return _matrix("overview", [one for one in site.real if one.name in used], site.real_entries, part)


def _synthetic(site: Site, part: Part) -> Matrix:
    return _matrix("overview-synthetic", site.synthetic, site.synthetic_entries, part)


def _matrix(name: str, columns: Sequence[Column], rows: Sequence[Entry], part: Part) -> Matrix:
    own = rows[part.first : part.last]
    packed = part.number == 1 and len(rows) > len(own)
    return Matrix(name, columns, own, len(rows), packs.inline(packs.overview(columns, rows)) if packed else None)


def _claims(press: Press, site: Site) -> Files:
    files = {
        "claims.csv": export.claims_csv(site.claims),
        "claims.json": export.claims_json(site.claims),
        "claims.bib": export.papers_bib(),
    }
    yield from files.items()
    content = {
        "by_paper": [(name, [claim for claim in site.claims if claim.paper == name]) for name in PAPERS],
        "n_claims": len(site.claims),
        "by_verdict": dict(sorted(Counter(claim.verdict for claim in site.claims).items())),
        "verdicts": load_verdicts(VERDICTS, {claim.id: claim.value for claim in site.claims}),
        "files": downloads(files),
    }
    yield "claims.html", press.page("claims.html", "claims.html", site.made, **content)


def _methods(press: Press, site: Site) -> Files:
    worked = examples.examples()
    files = {"methods.csv": export.methods_csv(worked)}
    yield from files.items()
    content = {
        "worked": worked,
        "samples": examples,
        "counted": paired.COUNTED,
        "least": f"{paired.LEAST:g}",
        "longest": LONGEST,
        "band_draws": BAND_DRAWS,
        "files": downloads(files),
    }
    yield "methods.html", press.page("methods.html", "methods.html", site.made, **content)


def _gallery(press: Press, site: Site) -> Files:
    files = {"gallery.csv": facts_csv()}
    yield from files.items()
    yield from ((f"phantom/{study}.webp", file.read_bytes()) for study, file in small().items())
    content = {"exhibits": exhibits(), "files": downloads(files)}
    yield "gallery.html", press.page("gallery.html", "gallery.html", site.made, **content)


def _datasets(press: Press, site: Site) -> Files:
    path = "datasets/index.html"
    yield path, press.page("datasets.html", path, site.made, cards=sorted(cards().items()))
    for name, card in cards().items():
        yield from _dataset(press, site, name, card)


def _dataset(press: Press, site: Site, name: str, card: Card) -> Files:
    base, splits = f"datasets/{name}", [described(head) for head in catalogue() if head.dataset == name]
    cited = [card.citation.strip(), *(split.bibtex for split in splits)]
    files = {
        f"{base}.json": export.card_json(name, card, [exported(split) for split in splits]),
        f"{base}.bib": "\n\n".join(entry for entry in cited if entry) + "\n",
    }
    yield from files.items()
    columns = [column for column in site.columns if column.dataset == name]
    content = {"name": name, "card": card, "splits": splits, "columns": columns, "files": downloads(files)}
    yield f"{base}.html", press.page("dataset.html", f"{base}.html", site.made, **content)
