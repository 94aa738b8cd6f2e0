"""Preparing a dataset: its folder checked against the card, every radiograph decoded once into the image cache.

What cannot be read is reported and left out; the rest goes on. Work that was done is never done again.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from cxrbench.case import Case
from cxrbench.curation.verify import listing_problems
from cxrbench.datasets import Dataset, Problem, load
from cxrbench.datasets.sources import sources
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.imaging.cache.reader import CacheSettings, Entry, Stamp, cache_folder, stamps
from cxrbench.phantom.store import MADE, make_all

if TYPE_CHECKING:
    from cxrbench.imaging.cache.writer import CacheWriter

Progress = Callable[[int, int], None]
"""Called with cases finished and cases in all."""

CASES_A_WORKER = 32
"""A further worker is started for each this many cases: below it, starting costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of it: cases listed, decoded now, kept from before; where the cache lies; every problem."""

    dataset: str
    cases: int
    decoded: int
    reused: int
    seconds: float
    folder: Path
    problems: tuple[Problem, ...]

    @property
    def bad(self) -> tuple[Problem, ...]:
        """The problems that need mending."""
        return tuple(problem for problem in self.problems if problem.bad)


@dataclass(frozen=True, slots=True)
class Job:
    """One case to decode into one record."""

    case: str
    record: int
    stamps: tuple[Stamp, ...]
    folder: Path
    settings: CacheSettings


def prepare(
    name: str,
    data: str | Path | None = None,
    *,
    settings: CacheSettings | None = None,
    root: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Check dataset `name` below `data` and bring its image cache up to date.

    `root` is where caches lie (default: `CXRBENCH_CACHE`, else the user's cache folder); `workers` processes decode
    (default: half the cores, at most four). CT volumes are not cached. Raises `DataError` where the dataset is not
    there at all, `CxrbenchError` where another process prepares the same cache or a worker dies.
    """
    from cxrbench.imaging.cache.writer import CacheWriter

    begin, chosen, dataset = time.perf_counter(), settings or CacheSettings(), load(name, data)
    if name in MADE:
        make_all(workers, progress)
    problems = [*listing_problems(dataset), *_not_cached(dataset)]
    wanted = [case for case in dataset.cases if case.available and case.modality == "cxr"]
    folder, finished = cache_folder(name, chosen, root), 0
    with CacheWriter(folder, chosen) as writer:
        jobs = list(_jobs(wanted, writer, chosen))
        reused = len(wanted) - len(jobs)
        for done, outcome in enumerate(_outcomes(dataset, data, jobs, workers), 1 + reused):
            if isinstance(outcome, Entry):
                writer.append(outcome)
                finished += 1
            else:
                problems.append(outcome)
            if progress is not None:
                progress(done, len(wanted))
    seconds = time.perf_counter() - begin
    return Prepared(name, len(dataset.cases), finished, reused, seconds, folder, tuple(problems))


def _not_cached(dataset: Dataset) -> list[Problem]:
    volumes = sum(case.modality == "ct" for case in dataset.cases)
    reason = f"{volumes} CT volumes are not cached; cxrbench datasets verify decodes them"
    return [Problem(dataset.name, reason, bad=False)] if volumes else []


def _jobs(cases: Sequence[Case], writer: "CacheWriter", settings: CacheSettings) -> Iterator[Job]:
    """A job with a record of its own for each case that is not finished."""
    marked = [(case, _stamps(case)) for case in cases]
    left = [(case, marks) for case, marks in marked if not writer.finished(case.id, marks)]
    for (case, marks), number in zip(left, writer.reserve(len(left)), strict=True):
        yield Job(case.id, number, marks, writer.folder, settings)


def _stamps(case: Case) -> tuple[Stamp, ...]:
    """The state of the case's files; unknown, so nothing, where one vanished since it was listed."""
    try:
        return stamps(sources(case))
    except OSError:
        return ()


def _outcomes(
    dataset: Dataset, data: str | Path | None, jobs: Sequence[Job], workers: int | None
) -> Iterator[Entry | Problem]:
    """What became of each job, in order."""
    count = min(workers or default_workers(), -(-len(jobs) // CASES_A_WORKER))
    if count > 1:
        yield from _in_processes(dataset.name, data, jobs, count)
        return
    cases = dataset.by_id
    with _one_thread():
        for job in jobs:
            yield _done(cases[job.case], job)


def default_workers() -> int:
    """Half the cores that this process may use, at least one and at most four: others work here too."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, usable // 2))


def _in_processes(name: str, data: str | Path | None, jobs: Sequence[Job], workers: int) -> Iterator[Entry | Problem]:
    """The same in processes of their own, each of which lists the dataset for itself."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(partial(_work, name, data), jobs, chunksize=8)
        except BrokenProcessPool:
            fix = "the same command goes on from there; --workers 1 needs the least memory"
            raise CxrbenchError("a decoding process died", f"dataset {name}", fix) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _work(name: str, data: str | Path | None, job: Job) -> Entry | Problem:
    """A job in a worker process."""
    with _one_thread():
        return _done(_listed(name, data)[job.case], job)


@cache
def _listed(name: str, data: str | Path | None) -> dict[str, Case]:
    return load(name, data).by_id


@contextmanager
def _one_thread() -> Iterator[None]:
    """One core a process: OpenCV's own threads would compete with the workers."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _done(case: Case, job: Job) -> Entry | Problem:
    """Decode and write one case; any failure becomes a problem that names the file."""
    from cxrbench.imaging.cache.shrink import shrink
    from cxrbench.imaging.cache.writer import write_record

    try:
        small = shrink(case.image if case.load is None else case.load, job.settings)
        checksum = write_record(job.folder, job.settings, job.record, small)
    except DataError as error:
        return Problem(error.where or case.id, error.what)
    except Exception as error:  # noqa: BLE001 - a strange file may break a reader in any way: name it, go on
        return Problem(case.id, f"unexpected failure ({type(error).__name__}: {error})")
    return Entry(case.id, job.record, small.geometry, small.spacing, job.stamps, checksum)
