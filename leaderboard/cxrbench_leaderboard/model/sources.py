"""Result files found below folders, each read, checked against the track that it names, and never half-trusted."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path

from cxrbench.catalog import card
from cxrbench.errors import CxrbenchError, DataError, UsageError
from cxrbench.results import Result, read_result
from cxrbench.results.figures import numbers
from cxrbench.results.schema import Cost, MetricValue
from cxrbench.splits import Split
from cxrbench.tasks.track import Track

from cxrbench_leaderboard.model.glossary import KEY

LARGEST = 1e9
"""No metric of ours comes near; a file that says so is wrong."""

SUMS_TOLERANCE = 1e-6
"""A metric is written with ten decimals, its sums with fifteen digits."""


@dataclass(frozen=True, slots=True)
class Source:
    """A result with the file it came from: its place below the folder given, its hash, when its run began (UTC)."""

    place: str
    sha256: str
    started: datetime
    track: Track
    split: Split
    result: Result


@dataclass(frozen=True, slots=True)
class Found:
    """Results to show, and those left out because an earlier folder holds the same submission on the same track."""

    sources: tuple[Source, ...]
    replaced: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """The result files of one track, each with the folder it was found below; `name` is that of the files."""

    name: str
    files: tuple[tuple[Path, Path], ...]


def batches(folders: Sequence[Path]) -> tuple[Batch, ...]:
    """Every `results/*.json` below the folders, track by track; raises `UsageError` for a folder that does not exist.

    A result file is named after its track, so that a track can be read without the others.
    """
    found: dict[str, list[tuple[Path, Path]]] = {}
    for folder in folders:
        for path in result_files(folder):
            found.setdefault(path.stem, []).append((folder, path))
    return tuple(Batch(name, tuple(files)) for name, files in sorted(found.items()))


def read_all(folders: Sequence[Path]) -> Found:
    """Read every result below the folders, in a fixed order, as `read_batch` does track by track."""
    found = [read_batch(batch) for batch in batches(folders)]
    sources = (source for one in found for source in one.sources)
    return Found(tuple(sources), tuple(source for one in found for source in one.replaced))


def read_batch(batch: Batch) -> Found:
    """Read the results of one track.

    A submission stands once on a track: of the same in two folders the first folder's is kept and the other is
    reported; twice in one folder is a `DataError`, as is any file that is not a valid result of a known track.
    """
    kept: dict[str, Source] = {}
    replaced: list[Source] = []
    for folder in dict.fromkeys(folder for folder, _ in batch.files):
        own: dict[str, Source] = {}
        for path in (path for below, path in batch.files if below == folder):
            source = read_source(path, folder)
            name = source.result.submission.name
            if name in own:
                what = f"{name} has two results on {source.track}"
                raise DataError(what, f"{own[name].place}, {source.place}", "keep one, or rename the submission")
            own[name] = source
        replaced += [source for name, source in own.items() if name in kept]
        kept = own | kept
    return Found(tuple(kept.values()), tuple(replaced))


def result_files(folder: Path) -> Iterator[Path]:
    """JSON files in folders named `results` below (or at) the folder, sorted by their place."""
    if not folder.is_dir():
        raise UsageError("no such folder of results", str(folder), "give the folder that holds the submissions")
    inside = set(folder.glob("**/results/*.json"))
    if folder.resolve().name == "results":
        inside |= set(folder.glob("*.json"))
    yield from sorted((path for path in inside if path.is_file()), key=attrgetter("parts"))


def read_source(path: Path, folder: Path) -> Source:
    """Read one file and check that it is about the track it names; raises `DataError` with the file's name."""
    try:
        content, result = path.read_bytes(), read_result(path)
    except OSError as error:
        raise DataError(f"the result cannot be read ({error.strerror})", str(path), "make it readable") from error
    try:
        track, split = known_track(result.track.name)
        _check_name(path, track)
        _check(result, track, split)
        started = datetime.fromisoformat(result.provenance.started)
    except (CxrbenchError, ValueError) as error:
        why = error.line if isinstance(error, CxrbenchError) else str(error)
        raise DataError(f"not a result that this version can show ({why})", str(path), "evaluate again") from error
    return Source(
        place=path.relative_to(folder).as_posix(),
        sha256=hashlib.sha256(content).hexdigest(),
        started=started.astimezone(UTC) if started.tzinfo else started.replace(tzinfo=UTC),
        track=track,
        split=split,
        result=result,
    )


@cache
def known_track(name: str) -> tuple[Track, Split]:
    """A track by its name, with its split as this version has it; read once a build."""
    track = Track.parse(name)
    return track, track.load_split()


@cache
def _size(name: str) -> int:
    track, split = known_track(name)
    return len(split.cases(track.part))


def _check_name(path: Path, track: Track) -> None:
    if path.stem != track.file_name:
        raise ValueError(f"a result on {track} is named {track.file_name}.json")


def _check(result: Result, track: Track, split: Split) -> None:
    _check_track(result, track, split)
    _check_cost(result.cost)
    for metrics in (result.metrics, *result.subgroups.values()):
        _check_metrics(metrics)
    _check_sums(result)


def _check_metrics(metrics: Mapping[str, MetricValue]) -> None:
    for key, metric in metrics.items():
        low, value, high = metric.low, metric.value, metric.high
        if not _is_key(key):
            raise ValueError("a metric key is written name or name[label]")
        if value is None and not metric.undefined:
            raise ValueError(f"{key} has neither a value nor a reason")
        if low is None and high is None:
            low = high = value
        if value is None or low is None or high is None:
            if (low, high) != (None, None):
                raise ValueError(f"the interval of {key} lacks a bound or its value")
        elif not low <= value <= high:
            raise ValueError(f"the interval of {key} does not contain its value")
        elif low < -LARGEST or high > LARGEST:
            raise ValueError(f"{key} is beyond {LARGEST:g}")


@lru_cache(maxsize=4096)
def _is_key(text: str) -> bool:
    return KEY.fullmatch(text) is not None


def _check_sums(result: Result) -> None:
    """The sums for paired comparison give the primary metric."""
    paired, value = result.figures and result.figures.paired, result.metrics[result.primary].value
    if not paired or paired.metric != result.primary:
        return
    given = float(numbers(paired.sums).sum() / numbers(paired.bases).sum())
    if value is None or abs(given - value) > SUMS_TOLERANCE * max(1.0, abs(value)):
        raise ValueError(f"the sums for paired comparison do not give {result.primary}")


def _check_cost(cost: Cost) -> None:
    latency = (cost.latency_ms.p50, cost.latency_ms.p95) if cost.latency_ms else ()
    counts = (cost.parameters, cost.macs, cost.images_per_second, cost.peak_memory_bytes, cost.batch_size)
    if any(value is not None and not 0 <= value <= LARGEST**2 for value in (*counts, *latency)):
        raise ValueError("a cost is below zero or beyond any machine")


def _check_track(result: Result, track: Track, split: Split) -> None:
    own, coverage = result.track, result.coverage
    if (own.task, own.dataset, own.split, own.part) != (track.task, track.dataset, track.split, track.part):
        raise ValueError("the parts of the track do not agree with its name")
    if own.synthetic != card(track.dataset).synthetic:
        raise ValueError("synthetic does not agree with the card of the dataset")
    if result.primary != track.definition().primary or result.primary not in result.metrics:
        raise ValueError(f"the primary metric of {track.task} is {track.definition().primary}")
    if not 0 <= coverage.predicted <= coverage.expected or coverage.expected + coverage.unlabelled != own.n_cases:
        raise ValueError("coverage does not agree with the cases of the track")
    if own.split_sha256 == split.sha256 and own.n_cases != _size(str(track)):
        raise ValueError("the number of cases does not agree with the split")
