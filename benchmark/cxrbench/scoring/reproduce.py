"""Making a result again: equal within a tolerance, or every difference listed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cxrbench.errors import UsageError
from cxrbench.results.schema import MetricValue, Result
from cxrbench.results.store import read_result
from cxrbench.scoring.predictions import score_rater, score_table
from cxrbench.tasks.track import Track

TOLERANCE = 1e-6
"""Largest difference of a metric or a bound that still counts as equal: far below what is printed anywhere."""
Rerun = Callable[[Path, Track], Result]
"""Runs a submission's file on a track again."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between a result and the same result made again.

    Attributes:
        place: Where it is in the result.
        committed: What it was.
        again: What it is now.
    """

    place: str
    committed: object
    again: object

    def as_dict(self) -> dict[str, object]:
        """The fields as they are written to JSON."""
        return asdict(self)


def reproduce_result(path: Path, data: str | None, rerun: Rerun, *, tolerance: float = TOLERANCE) -> list[Discrepancy]:
    """Make a result again the way its kind was made, and list what differs.

    A submission is run from the file beside its `results`; a table of predictions and a radiologist are scored again.

    Args:
        path: The result file.
        data: The folder below which datasets are; None for the default place.
        rerun: Runs a submission on a track.
        tolerance: Largest difference of a metric or a bound that counts as equal.

    Returns:
        The differences; empty where the result was reproduced.

    Raises:
        UsageError: Where the file of the submission is absent.
    """
    committed = read_result(path)
    track = Track.parse(committed.track.name)
    return list(list_discrepancies(committed, _make_again(committed, track, path, data, rerun), tolerance))


def _make_again(committed: Result, track: Track, path: Path, data: str | None, rerun: Rerun) -> Result:
    name = committed.submission.name
    if committed.submission.kind == "rater":
        return score_rater(track, name.removeprefix("radiologist-"), data, name=name)
    if committed.submission.kind == "predictions":
        if committed.predictions is None:
            raise UsageError("the result has no table of predictions", str(path), "score the table again")
        return score_table(track, path.with_name(committed.predictions.file), data, name=name, partial=True)
    submission = path.parent.parent / "submission.py"
    if not submission.is_file():
        raise UsageError("the submission of this result is not beside it", str(submission), "restore it")
    return rerun(submission, track)


def list_discrepancies(committed: Result, again: Result, tolerance: float) -> Iterator[Discrepancy]:
    """List what differs in code, data, coverage and metrics; speed, provenance and isolation may differ.

    Subgroups are compared where the committed result has any.

    Args:
        committed: The result as it was.
        again: The same result made again.
        tolerance: Largest difference of a metric or a bound that counts as equal.

    Yields:
        Each difference.
    """
    for place in ("submission.sha256", "track.split_sha256", "track.dataset_version", "coverage"):
        old, new = (_read_field(result, place) for result in (committed, again))
        if old != new:
            yield Discrepancy(place, str(old), str(new))
    yield from _compare_metrics("metrics", committed.metrics, again.metrics, tolerance)
    for key in sorted(set(committed.subgroups) | set(again.subgroups)) if committed.subgroups else ():
        old_group, new_group = committed.subgroups.get(key, {}), again.subgroups.get(key, {})
        yield from _compare_metrics(f"subgroups.{key}", old_group, new_group, tolerance)


def _read_field(result: Result, place: str) -> object:
    value: object = result
    for name in place.split("."):
        value = getattr(value, name)
    return value


def _compare_metrics(
    place: str, committed: Mapping[str, MetricValue], again: Mapping[str, MetricValue], tolerance: float
) -> Iterator[Discrepancy]:
    for key in sorted(set(committed) | set(again)):
        old, new = committed.get(key), again.get(key)
        if old is None or new is None:
            values = ("absent" if metric is None else metric.value for metric in (old, new))
            yield Discrepancy(f"{place}.{key}", *values)
            continue
        for part in ("value", "low", "high", "n", "n_patients"):
            left, right = getattr(old, part), getattr(new, part)
            if not _is_close(left, right, tolerance):
                yield Discrepancy(f"{place}.{key}.{part}", left, right)


def _is_close(left: float | None, right: float | None, tolerance: float) -> bool:
    if left is None or right is None:
        return left is right
    return abs(left - right) <= tolerance
