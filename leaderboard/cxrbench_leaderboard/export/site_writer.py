"""Every file of the site into a folder: each track by itself, in several processes where there is much, then the rest.

A track is read, checked and printed in one go and then forgotten; what stays in memory is a short line a row, and what
the submissions' pages show of it waits on disk.
"""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from cxrbench.reported.claims import TRACKS, Claim, load_claims
from threadpoolctl import threadpool_limits

from cxrbench_leaderboard.export import export
from cxrbench_leaderboard.model.lines import Column, Entry, Line, column_of, entries
from cxrbench_leaderboard.model.rows import board_of
from cxrbench_leaderboard.model.sources import Batch, batches, read_batch
from cxrbench_leaderboard.render.pieces import keep
from cxrbench_leaderboard.render.press import press
from cxrbench_leaderboard.views.pages import Site, site_files
from cxrbench_leaderboard.views.paging import parts
from cxrbench_leaderboard.views.submission_pages import submission_files
from cxrbench_leaderboard.views.track_pages import Files, line_of, pieces_of, track_files

A = TypeVar("A")
B = TypeVar("B")

WORTHWHILE = 400
"""Results from which a second process saves more than its start costs."""
PROCESSES = min(2, os.cpu_count() or 1)
"""Each holds one track in memory; more than two would need more than 1 GiB at 1,000 submissions."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A result file of the site, for its manifest."""

    file: str
    sha256: str
    track: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A track whose files are written: what the other pages need of it."""

    column: Column
    lines: tuple[Line, ...]
    origins: tuple[Origin, ...]
    pages: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A written site: how many pages and results it has, and the files it was made from."""

    pages: int
    results: int
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Prints into a folder; what later pages need of a track lies in `scratch` until then."""

    folder: Path
    scratch: Path

    def shorts(self, file: str) -> Path:
        """Where the short rows of a track are kept, by the name of its files."""
        return self.scratch / f"{file}.shorts"

    def print_track(self, job: Batch) -> Printed:
        """Read the results of one track and write its files."""
        name = job.name.replace("--", "/")
        found = read_batch(job)
        board = board_of(name, found.sources, found.replaced, _claims())
        pieces = [pieces_of(board, row) for row in board.rows]
        spans = keep(self.scratch / board.file, pieces)
        table = export.stacked([one.csv for one in pieces])
        pages = _write(track_files(press(), board, table), self.folder)
        self.shorts(board.file).write_bytes(export.shorts(board).encode("utf-8"))
        return Printed(
            column=column_of(board),
            lines=tuple(line_of(board, row, span) for row, span in zip(board.rows, spans, strict=True)),
            origins=tuple(Origin(one.place, one.sha256, name) for one in found.sources),
            pages=pages,
        )

    def print_submissions(self, entries: Sequence[Entry]) -> int:
        """Write the files of some submissions; the number of pages among them."""
        return _write(submission_files(press(), entries, self.scratch), self.folder)


def write_site(results: Sequence[Path], folder: Path) -> Whole:
    """Write the site from the result files below the folders; the first error ends it, whatever is written by then."""
    folder.mkdir(parents=True, exist_ok=True)
    with _without_search(), TemporaryDirectory(dir=folder) as scratch, _pool(jobs := _jobs(results)) as pool:
        desk = Desk(folder, Path(scratch))
        printed = sorted(_each(pool, desk.print_track, jobs), key=lambda one: (one.column.synthetic, one.column.name))
        site = _site(printed, desk)
        found = entries(site.lines)
        chunks = [found[part.first : part.last] for part in parts(len(found))]
        pages = _each(pool, desk.print_submissions, chunks)
        total = _write(site_files(press(), site), folder) + sum(pages) + sum(one.pages for one in printed)
    return Whole(total, len(site.lines), tuple(origin for one in printed for origin in one.origins))


def _site(printed: Sequence[Printed], desk: Desk) -> Site:
    own = [one.column.file for one in printed if one.lines]
    return Site(
        columns=tuple(one.column for one in printed),
        lines=tuple(line for one in printed for line in one.lines),
        claims=_claims(),
        tables=tuple(desk.folder / "tracks" / f"{name}.rows.csv" for name in own),
        shorts=tuple(desk.shorts(name) for name in own),
    )


def _jobs(results: Sequence[Path]) -> list[Batch]:
    """The tracks with results, and those of printed claims alone."""
    found = {batch.name: batch for batch in batches(results)}
    claimed = [Batch(name.replace("/", "--"), ()) for name in TRACKS.values()]
    return [*found.values(), *(batch for batch in claimed if batch.name not in found)]


@contextmanager
def _pool(jobs: Sequence[Batch]) -> Iterator[ProcessPoolExecutor | None]:
    """Several processes of one thread where there is much to do; the first error ends the work that waits."""
    if sum(len(job.files) for job in jobs) < WORTHWHILE or PROCESSES < 2:
        yield None
        return
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _begin) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin() -> None:
    """What a process does first: it lives for this build alone, and works with one thread."""
    gc.disable()
    threadpool_limits(1)


@contextmanager
def _without_search() -> Iterator[None]:
    """Without the search for cycles, which goes through millions of values: what is large has none.

    A macro in a template that is given all rows would make one, with all that the template was given.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _each(pool: ProcessPoolExecutor | None, work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    return pool.map(work, items) if pool else map(work, items)


@cache
def _claims() -> tuple[Claim, ...]:
    """The printed claims, read once a process."""
    return load_claims()


def _write(files: Files, folder: Path) -> int:
    """Write files one by one; the number of pages among them."""
    pages = 0
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        pages += name.endswith(".html")
    return pages
