"""Every file of the site into a folder: each track by itself, in several processes where there is much, then the rest.

A track is read, checked and printed in one go and then forgotten; what stays in memory is a short line a row.
"""

import gc
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from cxrbench_leaderboard.claims import TRACKS, Claim, load_claims
from cxrbench_leaderboard.lines import Column, Line, column_of
from cxrbench_leaderboard.pages import Site, site_files
from cxrbench_leaderboard.press import press
from cxrbench_leaderboard.rows import board_of
from cxrbench_leaderboard.sources import Batch, batches, read_batch
from cxrbench_leaderboard.track_pages import Files, line_of, track_files

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


def write_site(results: Sequence[Path], folder: Path) -> Whole:
    """Write the site from the result files below the folders; the first error ends it, whatever is written by then."""
    jobs = _jobs(results)
    printed = sorted(_printed(jobs, folder), key=lambda one: (one.column.synthetic, one.column.name))
    lines = tuple(line for one in printed for line in one.lines)
    site = Site(tuple(one.column for one in printed), lines, _claims())
    pages = _write(site_files(press(), site), folder) + sum(one.pages for one in printed)
    return Whole(pages, len(lines), tuple(origin for one in printed for origin in one.origins))


def _jobs(results: Sequence[Path]) -> list[Batch]:
    """The tracks with results, and those of printed claims alone."""
    found = {batch.name: batch for batch in batches(results)}
    claimed = [Batch(name.replace("/", "--"), ()) for name in TRACKS.values()]
    return [*found.values(), *(batch for batch in claimed if batch.name not in found)]


def _printed(jobs: Sequence[Batch], folder: Path) -> Iterator[Printed]:
    if sum(len(job.files) for job in jobs) < WORTHWHILE or PROCESSES < 2:
        yield from (print_track(job, folder) for job in jobs)
        return
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(print_track, jobs, [folder] * len(jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@cache
def _claims() -> tuple[Claim, ...]:
    """The printed claims, read once a process."""
    return load_claims()


def print_track(job: Batch, folder: Path) -> Printed:
    """Read the results of one track and write its files.

    The search for cycles waits meanwhile: results have none, and going through a million of their values takes longer
    than reading them.
    """
    gc.disable()
    try:
        return _track(job, folder)
    finally:
        gc.enable()


def _track(job: Batch, folder: Path) -> Printed:
    name = job.name.replace("--", "/")
    found = read_batch(job)
    board = board_of(name, found.sources, found.replaced, _claims())
    pages = _write(track_files(press(), board), folder)
    return Printed(
        column=column_of(board),
        lines=tuple(line_of(press(), board, row) for row in board.rows),
        origins=tuple(Origin(one.place, one.sha256, name) for one in found.sources),
        pages=pages,
    )


def _write(files: Files, folder: Path) -> int:
    """Write files one by one; the number of pages among them."""
    pages = 0
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8"))
        pages += name.endswith(".html")
    return pages
