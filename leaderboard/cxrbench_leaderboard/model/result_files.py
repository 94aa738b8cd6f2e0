"""Result files below folders: each is read and checked against the track that it names before a page shows it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from pathlib import Path

from cxrbench.errors import CxrbenchError, DataError, UsageError
from cxrbench.results import Result, read_result
from cxrbench.splits import Split
from cxrbench.tasks.track import Track

from cxrbench_leaderboard.model.result_checks import check_result


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result with its file: the path below the folder given, the SHA-256, the start of the run (UTC)."""

    path: str
    sha256: str
    started: datetime
    track: Track
    split: Split
    result: Result


@dataclass(frozen=True, slots=True)
class TrackResults:
    """The results of a track, and those left out because an earlier folder has a result of the same submission."""

    files: tuple[ResultFile, ...]
    replaced: tuple[ResultFile, ...]


@dataclass(frozen=True, slots=True)
class ResultBatch:
    """The result files of one track as (folder, path) pairs; `name` is the name of the files."""

    name: str
    paths: tuple[tuple[Path, Path], ...]


def list_batches(folders: Sequence[Path]) -> tuple[ResultBatch, ...]:
    """List every `results/*.json` below the folders by track.

    A result file is named after its track, so that a track can be read without the others.

    Args:
        folders: Folders that hold submissions.

    Returns:
        One batch per track, sorted by name.

    Raises:
        UsageError: If a folder does not exist.
    """
    paths: dict[str, list[tuple[Path, Path]]] = {}
    for folder in folders:
        for path in list_result_files(folder):
            paths.setdefault(path.stem, []).append((folder, path))
    return tuple(ResultBatch(name, tuple(pairs)) for name, pairs in sorted(paths.items()))


def read_batch(batch: ResultBatch) -> TrackResults:
    """Read and check the results of one track.

    A track shows one result per submission. Of results in two folders that of the first folder is kept and the other
    is reported as replaced.

    Args:
        batch: The result files of the track.

    Returns:
        The results that are kept and those that are replaced.

    Raises:
        DataError: If a file is not a valid result of a known track, or a folder holds two results of one submission.
    """
    kept: dict[str, ResultFile] = {}
    replaced: list[ResultFile] = []
    for folder in dict.fromkeys(folder for folder, _ in batch.paths):
        files = _read_folder(folder, [path for below, path in batch.paths if below == folder])
        replaced += [file for name, file in files.items() if name in kept]
        kept = files | kept
    return TrackResults(tuple(kept.values()), tuple(replaced))


def _read_folder(folder: Path, paths: Sequence[Path]) -> dict[str, ResultFile]:
    """Read the results of one track below one folder, by submission."""
    files: dict[str, ResultFile] = {}
    for path in paths:
        file = read_result_file(path, folder)
        name = file.result.submission.name
        if name in files:
            what = f"{name} has two results on {file.track}"
            raise DataError(what, f"{files[name].path}, {file.path}", "keep one, or rename the submission")
        files[name] = file
    return files


def list_result_files(folder: Path) -> Iterator[Path]:
    """List the JSON files in folders named `results` below (or at) a folder.

    Args:
        folder: The folder to search.

    Yields:
        The paths, sorted.

    Raises:
        UsageError: If the folder does not exist.
    """
    if not folder.is_dir():
        raise UsageError("no such folder of results", str(folder), "give the folder that holds the submissions")
    paths = set(folder.glob("**/results/*.json"))
    if folder.resolve().name == "results":
        paths |= set(folder.glob("*.json"))
    yield from sorted((path for path in paths if path.is_file()), key=attrgetter("parts"))


def read_result_file(path: Path, folder: Path) -> ResultFile:
    """Read one result file and check that it belongs to the track that it names.

    Args:
        path: The file.
        folder: The folder below which it was found.

    Returns:
        The result with its file.

    Raises:
        DataError: If the file cannot be read or is not a valid result; the message has the name of the file.
    """
    try:
        content, result = path.read_bytes(), read_result(path)
    except OSError as error:
        raise DataError(f"the result cannot be read ({error.strerror})", str(path), "make it readable") from error
    try:
        track, split = load_known_track(result.track.name)
        check_result(path, result, track, split, _count_cases(result.track.name))
        started = datetime.fromisoformat(result.provenance.started)
    except (CxrbenchError, ValueError) as error:
        why = error.line if isinstance(error, CxrbenchError) else str(error)
        raise DataError(f"not a result that this version can show ({why})", str(path), "evaluate again") from error
    return ResultFile(
        path=path.relative_to(folder).as_posix(),
        sha256=hashlib.sha256(content).hexdigest(),
        started=started.astimezone(UTC) if started.tzinfo else started.replace(tzinfo=UTC),
        track=track,
        split=split,
        result=result,
    )


@cache
def load_known_track(name: str) -> tuple[Track, Split]:
    """Load a track and its split as this version has it; each is read once per build.

    Args:
        name: The track as commands write it.

    Returns:
        The track and its split.

    Raises:
        UsageError: If there is no such task, dataset, split or part.
    """
    track = Track.parse(name)
    return track, track.load_split()


@cache
def _count_cases(name: str) -> int:
    track, split = load_known_track(name)
    return len(split.cases(track.part))
