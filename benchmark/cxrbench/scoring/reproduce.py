"""Running a result again: equal within a tolerance, or every difference listed."""

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
class Difference:
    """One thing that came out otherwise: where in the result, what it was and what it is now."""

    place: str
    committed: object
    again: object

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def reproduce(path: Path, data: str | None, rerun: Rerun, *, tolerance: float = TOLERANCE) -> list[Difference]:
    """Make a result again the way its kind was made, and list what differs; empty where it was reproduced.

    A submission is run by `rerun` from the file beside its `results`; a table of predictions and a radiologist are
    scored again. Raises `UsageError` where the submission's file is gone.
    """
    committed = read_result(path)
    track = Track.parse(committed.track.name)
    return list(differences(committed, _again(committed, track, path, data, rerun), tolerance))


def _again(committed: Result, track: Track, path: Path, data: str | None, rerun: Rerun) -> Result:
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


def differences(committed: Result, again: Result, tolerance: float) -> Iterator[Difference]:
    """What differs in code, data, coverage and metrics; speed, provenance and isolation may differ.

    Subgroups are compared where the committed result has any.
    """
    for place in ("submission.sha256", "track.split_sha256", "track.dataset_version", "coverage"):
        old, new = (_at(result, place) for result in (committed, again))
        if old != new:
            yield Difference(place, str(old), str(new))
    yield from _metrics("metrics", committed.metrics, again.metrics, tolerance)
    for key in sorted(set(committed.subgroups) | set(again.subgroups)) if committed.subgroups else ():
        old_group, new_group = committed.subgroups.get(key, {}), again.subgroups.get(key, {})
        yield from _metrics(f"subgroups.{key}", old_group, new_group, tolerance)


def _at(result: Result, place: str) -> object:
    found: object = result
    for name in place.split("."):
        found = getattr(found, name)
    return found


def _metrics(
    place: str, committed: Mapping[str, MetricValue], again: Mapping[str, MetricValue], tolerance: float
) -> Iterator[Difference]:
    for key in sorted(set(committed) | set(again)):
        old, new = committed.get(key), again.get(key)
        if old is None or new is None:
            yield Difference(
                f"{place}.{key}", "absent" if old is None else old.value, "absent" if new is None else new.value
            )
            continue
        for part in ("value", "low", "high", "n", "n_patients"):
            left, right = getattr(old, part), getattr(new, part)
            if not _close(left, right, tolerance):
                yield Difference(f"{place}.{key}.{part}", left, right)


def _close(left: float | None, right: float | None, tolerance: float) -> bool:
    if left is None or right is None:
        return left is right
    return abs(left - right) <= tolerance
