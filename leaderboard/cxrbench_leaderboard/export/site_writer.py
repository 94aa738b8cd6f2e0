"""Writes the files of the site into a folder: each track in one step, in several processes for a large site.

A track is read, checked and written and then forgotten. A short summary per row stays in memory, and what the pages
of submissions show of the row waits on disk.
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

from cxrbench_leaderboard.export.csv_text import stack_tables
from cxrbench_leaderboard.export.json_files import write_short_records
from cxrbench_leaderboard.export.row_store import StoredSpan, load_row, store_rows
from cxrbench_leaderboard.export.site_files import (
    SiteFile,
    list_site_files,
    list_submission_files,
    list_track_files,
    make_submission_row,
)
from cxrbench_leaderboard.model.boards import build_board
from cxrbench_leaderboard.model.result_files import ResultBatch, list_batches, read_batch
from cxrbench_leaderboard.model.summaries import (
    RowSummary,
    SiteSummary,
    SubmissionSummary,
    TrackSummary,
    group_by_submission,
    summarize_row,
    summarize_track,
)
from cxrbench_leaderboard.render.renderer import load_renderer
from cxrbench_leaderboard.views.paging import split_rows

A = TypeVar("A")
B = TypeVar("B")
SubmissionJob = tuple[SubmissionSummary, tuple[StoredSpan, ...]]
"""A submission, and where its rows are stored, in the order of its tracks."""
WORTHWHILE = 400
"""Results from which a second process saves more time than its start takes."""
PROCESSES = min(2, os.cpu_count() or 1)
"""Each holds one track in memory; more than two would need more than 1 GiB at 1,000 submissions."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A result file of the site, for its manifest."""

    file: str
    sha256: str
    track: str


@dataclass(frozen=True, slots=True)
class WrittenTrack:
    """A track whose files are written: what the other pages need of it."""

    summary: TrackSummary
    rows: tuple[RowSummary, ...]
    spans: tuple[StoredSpan, ...]
    sources: tuple[SourceFile, ...]
    pages: int


@dataclass(frozen=True, slots=True)
class WrittenSite:
    """A written site: how many pages and results it has, and the result files that it was made from."""

    pages: int
    results: int
    sources: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class SiteWriter:
    """Writes into a folder; what later pages need of a track waits in `scratch`."""

    folder: Path
    scratch: Path

    def find_records(self, file: str) -> Path:
        """Find where the short records of a track are kept.

        Args:
            file: The name of the track's files.

        Returns:
            The path.
        """
        return self.scratch / f"{file}.records"

    def write_track(self, batch: ResultBatch) -> WrittenTrack:
        """Read the results of one track and write its files.

        Args:
            batch: The result files of the track.

        Returns:
            What the other pages need of the track.

        Raises:
            DataError: If a file is not a valid result.
        """
        name = batch.name.replace("--", "/")
        results = read_batch(batch)
        board = build_board(name, results.files, results.replaced, _load_claims())
        rows = [make_submission_row(board, row) for row in board.rows]
        spans = tuple(store_rows(self.scratch / board.file, rows))
        table = stack_tables([row.csv for row in rows])
        pages = _write_files(list_track_files(load_renderer(), board, table), self.folder)
        self.find_records(board.file).write_bytes(write_short_records(board).encode("utf-8"))
        return WrittenTrack(
            summary=summarize_track(board),
            rows=tuple(summarize_row(board, row) for row in board.rows),
            spans=spans,
            sources=tuple(SourceFile(file.path, file.sha256, name) for file in results.files),
            pages=pages,
        )

    def write_submissions(self, jobs: Sequence[SubmissionJob]) -> int:
        """Write the files of some submissions.

        Args:
            jobs: The submissions.

        Returns:
            The number of pages among the files.
        """
        pages = 0
        for submission, spans in jobs:
            rows = [load_row(self.scratch, span) for span in spans]
            pages += _write_files(list_submission_files(load_renderer(), submission, rows), self.folder)
        return pages


def write_site(results: Sequence[Path], folder: Path) -> WrittenSite:
    """Write the site from the result files below the folders; the first error ends it, with some files written.

    Args:
        results: Folders that hold submissions.
        folder: Where to write.

    Returns:
        What was written.

    Raises:
        DataError: If a file is not a valid result.
        UsageError: If a folder of results does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        _disable_collector(),
        TemporaryDirectory(dir=folder) as scratch,
        _start_pool(jobs := _list_jobs(results)) as pool,
    ):
        writer = SiteWriter(folder, Path(scratch))
        tracks = sorted(
            _map(pool, writer.write_track, jobs), key=lambda track: (track.summary.synthetic, track.summary.name)
        )
        site = SiteSummary(
            tracks=tuple(track.summary for track in tracks),
            rows=tuple(row for track in tracks for row in track.rows),
            claims=_load_claims(),
        )
        pages = sum(_map(pool, writer.write_submissions, _list_submission_jobs(site, tracks)))
        pages += _write_files(_list_shared_files(writer, site), folder)
    pages += sum(track.pages for track in tracks)
    return WrittenSite(pages, len(site.rows), tuple(source for track in tracks for source in track.sources))


def _list_shared_files(writer: SiteWriter, site: SiteSummary) -> Iterable[SiteFile]:
    """The files about no single track."""
    with_rows = [track.file for track in site.tracks if track.n_ranked + track.n_unranked]
    tables = [writer.folder / "tracks" / f"{name}.rows.csv" for name in with_rows]
    return list_site_files(load_renderer(), site, tables, [writer.find_records(name) for name in with_rows])


def _list_submission_jobs(site: SiteSummary, tracks: Sequence[WrittenTrack]) -> list[list[SubmissionJob]]:
    """The submissions in chunks, each with the places of its rows."""
    spans = {
        (row.track, row.about.name): span for track in tracks for row, span in zip(track.rows, track.spans, strict=True)
    }
    jobs = [
        (submission, tuple(spans[track, submission.about.name] for track in submission.rows))
        for submission in group_by_submission(site.rows)
    ]
    return [jobs[chunk.first : chunk.last] for chunk in split_rows(len(jobs))]


def _list_jobs(results: Sequence[Path]) -> list[ResultBatch]:
    """The tracks with results, and those with reported values alone."""
    batches = {batch.name: batch for batch in list_batches(results)}
    reported = [ResultBatch(name.replace("/", "--"), ()) for name in TRACKS.values()]
    return [*batches.values(), *(batch for batch in reported if batch.name not in batches)]


@contextmanager
def _start_pool(jobs: Sequence[ResultBatch]) -> Iterator[ProcessPoolExecutor | None]:
    """Several processes of one thread where there is much to do; the first error ends the work that waits."""
    if sum(len(job.paths) for job in jobs) < WORTHWHILE or PROCESSES < 2:
        yield None
        return
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _prepare_process) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _prepare_process() -> None:
    """What a process does first: it lives for this build alone, and works with one thread."""
    gc.disable()
    threadpool_limits(1)


@contextmanager
def _disable_collector() -> Iterator[None]:
    """Without the garbage collector, which searches millions of values for cycles: no large value is in a cycle.

    A macro in a template that is given all rows would make a cycle with all that the template was given.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _map(pool: ProcessPoolExecutor | None, work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    return pool.map(work, items) if pool else map(work, items)


@cache
def _load_claims() -> tuple[Claim, ...]:
    """The reported values, read once per process."""
    return load_claims()


def _write_files(files: Iterable[SiteFile], folder: Path) -> int:
    """Write files one by one; the number of pages among them."""
    pages = 0
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        pages += name.endswith(".html")
    return pages
