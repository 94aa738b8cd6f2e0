"""What a result must satisfy before a page shows it, beyond the schema of the file."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cxrbench.catalog import find_card
from cxrbench.results import Result
from cxrbench.results.figures import parse_numbers
from cxrbench.results.schema import Cost, MetricValue
from cxrbench.splits import Split
from cxrbench.tasks.track import Track

from cxrbench_leaderboard.model.glossary import KEY

LARGEST = 1e9
"""No metric of any task comes near this value; a larger one is an error of the file."""
SUMS_TOLERANCE = 1e-6
"""A metric is written with ten decimals, its sums with fifteen digits."""


def check_result(path: Path, result: Result, track: Track, split: Split, n_cases: int) -> None:
    """Check a result against its track.

    Args:
        path: The file of the result, which has the name of the track.
        result: The result.
        track: The track that the result names.
        split: The split of the track as this version has it.
        n_cases: Cases of the track by that split.

    Raises:
        ValueError: With the first rule that the result breaks.
    """
    if path.stem != track.file_name:
        raise ValueError(f"a result on {track} is named {track.file_name}.json")
    _check_track(result, track, split, n_cases)
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
    """Check that the sums for paired comparison give the primary metric."""
    paired, value = result.figures and result.figures.paired, result.metrics[result.primary].value
    if not paired or paired.metric != result.primary:
        return
    ratio = float(parse_numbers(paired.sums).sum() / parse_numbers(paired.bases).sum())
    if value is None or abs(ratio - value) > SUMS_TOLERANCE * max(1.0, abs(value)):
        raise ValueError(f"the sums for paired comparison do not give {result.primary}")


def _check_cost(cost: Cost) -> None:
    latency = (cost.latency_ms.p50, cost.latency_ms.p95) if cost.latency_ms else ()
    counts = (cost.parameters, cost.macs, cost.images_per_second, cost.peak_memory_bytes, cost.batch_size)
    if any(value is not None and not 0 <= value <= LARGEST**2 for value in (*counts, *latency)):
        raise ValueError("a cost is below zero or beyond any machine")


def _check_track(result: Result, track: Track, split: Split, n_cases: int) -> None:
    place, coverage = result.track, result.coverage
    if (place.task, place.dataset, place.split, place.part) != (track.task, track.dataset, track.split, track.part):
        raise ValueError("the parts of the track do not agree with its name")
    if place.synthetic != find_card(track.dataset).synthetic:
        raise ValueError("synthetic does not agree with the card of the dataset")
    if result.primary != track.definition().primary or result.primary not in result.metrics:
        raise ValueError(f"the primary metric of {track.task} is {track.definition().primary}")
    if not 0 <= coverage.predicted <= coverage.expected or coverage.expected + coverage.unlabelled != place.n_cases:
        raise ValueError("coverage does not agree with the cases of the track")
    if place.split_sha256 == split.sha256 and place.n_cases != n_cases:
        raise ValueError("the number of cases does not agree with the split")
