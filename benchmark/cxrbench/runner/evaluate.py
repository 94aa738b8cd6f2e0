"""Run a submission on a track and score what it returns."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cxrbench.case import Case
from cxrbench.errors import DataError, SubmissionError, UsageError
from cxrbench.results import Result
from cxrbench.results.provenance import hash_folder
from cxrbench.results.schema import SubmissionInfo
from cxrbench.results.store import describe_predictions, to_parquet, write_atomically, write_result
from cxrbench.runner.checkpoint import Checkpoint
from cxrbench.runner.isolation.child import Child, Declaration
from cxrbench.runner.isolation.sandbox import Limits, choose_level
from cxrbench.runner.pool import RunPlan, predict_cases
from cxrbench.scoring.score import score_predictions
from cxrbench.scoring.track_cases import TrackCases, load_track_cases
from cxrbench.tasks import Row, tasks
from cxrbench.tasks.track import Track

Progress = Callable[[int, int], None]
"""Called with cases finished and cases in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run a submission.

    Attributes:
        data: The folder that holds the datasets, or one dataset's root (default: `CXRBENCH_DATA`).
        device: "cpu", "cuda" or "mps".
        sandbox: "auto" (the strongest isolation of this machine), "required" (bubblewrap) or "off".
        limits: What the submission may use.
        workers: How many processes predict at a time.
        fresh: Whether to forget the predictions of an interrupted run.
        limit: Predict the first N cases only: a dry run, whose result is incomplete and never ranked.
        out: The folder of the results (default: `results` beside the submission's file).
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
    """Run a submission on one track, score it, and write the result and the predictions.

    Args:
        submission: The path of a `submission.py`, or of the folder that holds it.
        track: The track or its name, `task/dataset[@split]/part`.
        settings: How to run; the defaults of `Settings` where it is None.
        progress: Called with the numbers of finished and of all cases.

    Returns:
        The result as written. With `limit` set and no `out`, nothing is written.

    Raises:
        CxrbenchError: Its exit code says whose fault it is: 2 usage, 3 the submission, 4 the data, 5 isolation or a
            limit. Predictions made until then are kept, and the next run continues from them.
    """
    started, chosen = datetime.now(UTC), settings or Settings()
    level, path = choose_level(chosen.sandbox), _find_submission_file(submission)
    track_cases = load_track_cases(track if isinstance(track, Track) else Track.parse(track), chosen.data)
    folder = chosen.out or path.parent / "results"
    checkpoint = Checkpoint(folder / ".runs" / f"{_identify_run(path, track_cases, chosen)}.jsonl", fresh=chosen.fresh)
    wanted = _select_available(track_cases)[: chosen.limit] + _select_tuning(track_cases)[: chosen.limit]
    rows = {case.id: row for case in wanted if (row := checkpoint.read().get(case.id)) is not None}

    def keep(batch: dict[str, Row]) -> None:
        checkpoint.append(batch)
        rows.update(batch)
        if progress is not None:
            progress(len(rows), len(wanted))

    plan = RunPlan(path, track_cases.track.definition(), chosen.device, level, chosen.limits, chosen.workers)
    declared, cost = predict_cases(plan, [case for case in wanted if case.id not in rows], keep)
    table, file = to_parquet(rows), f"{track_cases.track.file_name}.parquet"
    result = score_predictions(
        track_cases,
        rows,
        _make_submission_info(declared, path),
        started=started,
        failed=_explain_missing(track_cases, wanted),
        cost=cost,
        sandbox=level,
        predictions=describe_predictions(file, table),
    )
    if chosen.limit is None or chosen.out is not None:
        write_atomically(folder / file, table)
        write_result(result, folder)
    checkpoint.discard()
    return result


def _find_submission_file(submission: str | Path) -> Path:
    path = Path(submission)
    path = path / "submission.py" if path.is_dir() else path
    if not path.is_file():
        raise UsageError("no such submission file", str(path), "give the path of a submission.py")
    return path


def _select_available(track_cases: TrackCases) -> list[Case]:
    """Select the track's cases whose image is on this disk; `DataError` where there is none."""
    available = [case for case in track_cases.cases if case.available]
    if not available:
        where = f"{track_cases.track}, such as {track_cases.cases[0].id}"
        raise DataError("no image of this track was found", where, "complete the copy given by --data")
    return available


def _select_tuning(track_cases: TrackCases) -> list[Case]:
    """Select the tuning cases whose image is on this disk."""
    return [case for case in track_cases.tuning if case.available]


def _identify_run(path: Path, track_cases: TrackCases, settings: Settings) -> str:
    """Hash what makes two runs the same run: the submission's files, the track, the split, the data, the device."""
    available = "\n".join(case.id for case in track_cases.cases if case.available)
    parts = [
        hash_folder(path.parent),
        path.name,
        str(track_cases.track),
        track_cases.split.sha256,
        available,
        settings.device,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _explain_missing(track_cases: TrackCases, wanted: Sequence[Case]) -> dict[str, str]:
    """Give the reason for every case of the track without a prediction."""
    asked = {case.id for case in wanted}
    skipped = {
        case.id: "left out by --limit" if case.available else "image absent from this copy"
        for case in track_cases.cases
        if case.id not in asked
    }
    return {**track_cases.absent, **skipped}


def _make_submission_info(declared: Declaration, path: Path) -> SubmissionInfo:
    try:
        return SubmissionInfo(
            name=declared.name,
            title=declared.title or declared.name,
            authors=declared.authors,
            url=declared.url,
            kind="submission",
            sha256=hash_folder(path.parent),
            trained_on=declared.trained_on,
        )
    except ValueError as error:
        raise SubmissionError(f"the class attributes are not valid ({error})", str(path), "shorten them") from error


PHANTOM_OF_TASK = {"ct-triage": "phantom-ct"}
"""Tasks that take the phantom's CT volumes; the others take its radiographs."""


def list_phantom_tracks(submission: str | Path, sandbox: str = "auto") -> list[Track]:
    """List the phantom tracks of the tasks that a submission declares.

    Args:
        submission: The path of a `submission.py`, or of the folder that holds it.
        sandbox: "auto", "required" or "off".

    Returns:
        One track per task: the test part of the phantom's radiographs, or of its CT volumes.

    Raises:
        SubmissionError: If it names no task that exists, or cannot be loaded.
    """
    path = _find_submission_file(submission)
    with Child(path, level=choose_level(sandbox)) as child:
        declared = child.load()
    known = [name for name in declared.tasks if name in tasks]
    if not known:
        raise SubmissionError("names no task that exists", f"{path}: {', '.join(declared.tasks)}", "see cxrbench tasks")
    return [Track(name, PHANTOM_OF_TASK.get(name, "phantom"), "test") for name in known]
