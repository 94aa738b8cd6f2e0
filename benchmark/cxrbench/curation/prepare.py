"""Prepare a dataset: its folder is compared with the card, and every radiograph is decoded once into the image cache.

What cannot be read is reported and left out; the rest continues. Work that is finished is never repeated.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from cxrbench.case import Case
from cxrbench.curation import Progress
from cxrbench.curation.verify import find_listing_problems
from cxrbench.datasets import Dataset, Problem, load
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.imaging.cache.index import CacheEntry, Stamp, stamp_files
from cxrbench.imaging.cache.reader import CacheSettings, locate_cache_folder
from cxrbench.phantom.store import GENERATED, make_all_studies

if TYPE_CHECKING:
    from cxrbench.imaging.cache.writer import CacheWriter

CASES_PER_WORKER = 32
"""One worker per this many cases: with fewer, starting a worker costs more time than it saves."""


@dataclass(frozen=True, slots=True)
class PreparationReport:
    """The outcome: the numbers of cases listed, decoded now and kept from before, the cache's folder, every problem."""

    dataset: str
    cases: int
    decoded: int
    reused: int
    seconds: float
    folder: Path
    problems: tuple[Problem, ...]

    @property
    def bad(self) -> tuple[Problem, ...]:
        """The problems that need correction."""
        return tuple(problem for problem in self.problems if problem.bad)


@dataclass(frozen=True, slots=True)
class DecodingJob:
    """One case to decode into one record."""

    case: str
    record: int
    stamps: tuple[Stamp, ...]
    folder: Path
    settings: CacheSettings


def prepare_dataset(
    name: str,
    data: str | Path | None = None,
    *,
    settings: CacheSettings | None = None,
    root: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> PreparationReport:
    """Compare a dataset with its card and bring its image cache up to date; CT volumes are not cached.

    Args:
        name: Name of the dataset.
        data: The data folder (default: `CXRBENCH_DATA`).
        settings: Size and depth of the cached images.
        root: Folder that holds the caches (default: `CXRBENCH_CACHE`, else the user's cache folder).
        workers: Number of decoding processes (default: half the cores, at most four).
        progress: Called after each case.

    Returns:
        What was decoded and kept, and every problem.

    Raises:
        UsageError: The dataset is unknown.
        DataError: The dataset is not there at all.
        CxrbenchError: Another process prepares the same cache, or a worker process died.
    """
    from cxrbench.imaging.cache.writer import CacheWriter

    begin, chosen, dataset = time.perf_counter(), settings or CacheSettings(), load(name, data)
    if name in GENERATED:
        make_all_studies(workers, progress)
    problems = [*find_listing_problems(dataset), *_report_uncached(dataset)]
    wanted = [case for case in dataset.cases if case.available and case.modality == "cxr"]
    folder, finished = locate_cache_folder(name, chosen, root), 0
    with CacheWriter(folder, chosen) as writer:
        jobs = list(_list_jobs(wanted, writer, chosen))
        reused = len(wanted) - len(jobs)
        for done, outcome in enumerate(_run_jobs(dataset, data, jobs, workers), 1 + reused):
            if isinstance(outcome, CacheEntry):
                writer.append(outcome)
                finished += 1
            else:
                problems.append(outcome)
            if progress is not None:
                progress(done, len(wanted))
    seconds = time.perf_counter() - begin
    return PreparationReport(name, len(dataset.cases), finished, reused, seconds, folder, tuple(problems))


def _report_uncached(dataset: Dataset) -> list[Problem]:
    volumes = sum(case.modality == "ct" for case in dataset.cases)
    reason = f"{volumes} CT volumes are not cached; cxrbench datasets verify decodes them"
    return [Problem(dataset.name, reason, bad=False)] if volumes else []


def _list_jobs(cases: Sequence[Case], writer: "CacheWriter", settings: CacheSettings) -> Iterator[DecodingJob]:
    """One job, with a record of its own, per case that is not finished."""
    stamped = [(case, _read_stamps(case)) for case in cases]
    remaining = [(case, stamps) for case, stamps in stamped if not writer.finished(case.id, stamps)]
    for (case, stamps), number in zip(remaining, writer.reserve(len(remaining)), strict=True):
        yield DecodingJob(case.id, number, stamps, writer.folder, settings)


def _read_stamps(case: Case) -> tuple[Stamp, ...]:
    """The state of the case's files; empty where one of them disappeared after it was listed."""
    try:
        return stamp_files(case.files)
    except OSError:
        return ()


def _run_jobs(
    dataset: Dataset, data: str | Path | None, jobs: Sequence[DecodingJob], workers: int | None
) -> Iterator[CacheEntry | Problem]:
    """Run the jobs and yield the outcome of each, in order."""
    count = min(workers or count_default_workers(), -(-len(jobs) // CASES_PER_WORKER))
    if count > 1:
        yield from _run_in_processes(dataset.name, data, jobs, count)
        return
    cases = dataset.by_id
    with _limit_threads():
        for job in jobs:
            yield _decode_case(cases[job.case], job)


def count_default_workers() -> int:
    """Half the cores that this process may use, at least one and at most four, to leave room for other processes."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, usable // 2))


def _run_in_processes(
    name: str, data: str | Path | None, jobs: Sequence[DecodingJob], workers: int
) -> Iterator[CacheEntry | Problem]:
    """Run the jobs in worker processes, each of which lists the dataset for itself."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(partial(_run_in_worker, name, data), jobs, chunksize=8)
        except BrokenProcessPool:
            fix = "the same command continues from there; --workers 1 needs the least memory"
            raise CxrbenchError("a decoding process died", f"dataset {name}", fix) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _run_in_worker(name: str, data: str | Path | None, job: DecodingJob) -> CacheEntry | Problem:
    """Run a job in a worker process."""
    with _limit_threads():
        return _decode_case(_load_cases(name, data)[job.case], job)


@cache
def _load_cases(name: str, data: str | Path | None) -> dict[str, Case]:
    return load(name, data).by_id


@contextmanager
def _limit_threads() -> Iterator[None]:
    """Limit OpenCV to one core per process: its own threads would compete with the workers."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _decode_case(case: Case, job: DecodingJob) -> CacheEntry | Problem:
    """Decode and write one case; a failure becomes a problem that names the file."""
    from cxrbench.imaging.cache.shrink import shrink_radiograph
    from cxrbench.imaging.cache.writer import write_record

    try:
        small = shrink_radiograph(case.image if case.load is None else case.load, job.settings)
        checksum = write_record(job.folder, job.settings, job.record, small)
    except DataError as error:
        return Problem(error.where or case.id, error.what)
    except Exception as error:  # noqa: BLE001 - a malformed file may break a reader in any way: name it and continue
        return Problem(case.id, f"unexpected failure ({type(error).__name__}: {error})")
    return CacheEntry(case.id, job.record, small.geometry, small.spacing, job.stamps, checksum)
