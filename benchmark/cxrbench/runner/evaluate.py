"""`evaluate`: run a submission on a track and score what it returns."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cxrbench.case import Case
from cxrbench.errors import DataError, SubmissionError, UsageError
from cxrbench.results import Result
from cxrbench.results.provenance import folder_sha256
from cxrbench.results.schema import SubmissionInfo
from cxrbench.results.store import parquet, recorded, write_result, write_whole
from cxrbench.runner.checkpoint import Journal
from cxrbench.runner.isolation.child import Child, Declared
from cxrbench.runner.isolation.sandbox import Limits, chosen_level
from cxrbench.runner.pool import Plan, predict
from cxrbench.scoring.score import Ground, lay_out, score
from cxrbench.tasks import Row, tasks
from cxrbench.tasks.track import Track

Progress = Callable[[int, int], None]
"""Called with cases finished and cases in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: where data lies, on which device, within which limits.

    `limit` predicts the first N cases only (a dry run: its result is not complete and never ranked); `fresh`
    forgets the predictions of a run that died; `out` is where results go (default: `results` beside the file).
    """

    data: str | None = None
    device: str = "cpu"
    sandbox: str = "auto"
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    fresh: bool = False
    limit: int | None = None
    out: Path | None = None


def evaluate(
    submission: str | Path,
    track: str | Track,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run a submission on one track, score it, and write result and predictions.

    With `limit` set and no `out`, nothing is written. Raises a `CxrbenchError` whose exit code says whose fault it
    is; predictions made until then are kept and found again by the next run.
    """
    started, chosen = datetime.now(UTC), settings or Settings()
    level, path = chosen_level(chosen.sandbox), _file(submission)
    ground = lay_out(track if isinstance(track, Track) else Track.parse(track), chosen.data)
    folder = chosen.out or path.parent / "results"
    journal = Journal(folder / ".runs" / f"{_identity(path, ground, chosen)}.jsonl", fresh=chosen.fresh)
    wanted = _available(ground)[: chosen.limit] + _tuning(ground)[: chosen.limit]
    rows = {case.id: row for case in wanted if (row := journal.finished().get(case.id)) is not None}

    def finished(batch: dict[str, Row]) -> None:
        journal.append(batch)
        rows.update(batch)
        if progress is not None:
            progress(len(rows), len(wanted))

    plan = Plan(path, ground.track.definition(), chosen.device, level, chosen.limits, chosen.workers)
    declared, cost = predict(plan, [case for case in wanted if case.id not in rows], finished)
    table, file = parquet(rows), f"{ground.track.file_name}.parquet"
    result = score(
        ground,
        rows,
        _info(declared, path),
        started=started,
        failed=_failed(ground, wanted),
        cost=cost,
        sandbox=level,
        predictions=recorded(file, table),
    )
    if chosen.limit is None or chosen.out is not None:
        write_whole(folder / file, table)
        write_result(result, folder)
    journal.discard()
    return result


def _file(submission: str | Path) -> Path:
    path = Path(submission)
    path = path / "submission.py" if path.is_dir() else path
    if not path.is_file():
        raise UsageError("no such submission file", str(path), "give the path of a submission.py")
    return path


def _available(ground: Ground) -> list[Case]:
    """The track's cases whose image is on this disk; raises `DataError` where there is none."""
    found = [case for case in ground.cases if case.available]
    if not found:
        where = f"{ground.track}, such as {ground.cases[0].id}"
        raise DataError("not one image of the track was found", where, "complete the copy given by --data")
    return found


def _tuning(ground: Ground) -> list[Case]:
    """Cases of the part that the task's setting is chosen on, as far as their images are on this disk."""
    return [case for case in ground.tuning if case.available]


def _identity(path: Path, ground: Ground, settings: Settings) -> str:
    """What makes two runs the same run: the submission's files, the track, the split, the data found, the device."""
    found = "\n".join(case.id for case in ground.cases if case.available)
    parts = [folder_sha256(path.parent), path.name, str(ground.track), ground.split.sha256, found, settings.device]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _failed(ground: Ground, wanted: Sequence[Case]) -> dict[str, str]:
    """Every case of the track without a prediction, and why."""
    asked = {case.id for case in wanted}
    skipped = {
        case.id: "left out by --limit" if case.available else "image absent from this copy"
        for case in ground.cases
        if case.id not in asked
    }
    return {**ground.absent, **skipped}


def _info(declared: Declared, path: Path) -> SubmissionInfo:
    try:
        return SubmissionInfo(
            name=declared.name,
            title=declared.title or declared.name,
            authors=declared.authors,
            url=declared.url,
            kind="submission",
            sha256=folder_sha256(path.parent),
            trained_on=declared.trained_on,
        )
    except ValueError as error:
        raise SubmissionError(f"the class attributes are not valid ({error})", str(path), "shorten them") from error


OWN_PHANTOM = {"ct-triage": "phantom-ct"}
"""Tasks whose phantom is the CT; that of the others is the radiograph."""


def phantom_tracks(submission: str | Path, sandbox: str = "auto") -> list[Track]:
    """The phantom tracks of the tasks that a submission declares."""
    path = _file(submission)
    with Child(path, level=chosen_level(sandbox)) as child:
        declared = child.load()
    found = [name for name in declared.tasks if name in tasks]
    if not found:
        raise SubmissionError("names no task that exists", f"{path}: {', '.join(declared.tasks)}", "see cxrbench tasks")
    return [Track(name, OWN_PHANTOM.get(name, "phantom"), "test") for name in found]
