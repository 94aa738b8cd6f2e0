"""Scoring without a submission: a table of predictions made elsewhere, or the readings of a radiologist."""

import re
from datetime import UTC, datetime
from pathlib import Path

from cxrbench.datasets import DataFolder
from cxrbench.datasets.adapters.danilov.published import read_published_predictions
from cxrbench.errors import SubmissionError, UsageError
from cxrbench.registry import make_unknown_name_error
from cxrbench.results.schema import Result, SubmissionInfo
from cxrbench.results.store import describe_predictions, read_table
from cxrbench.scoring.score import score_predictions
from cxrbench.scoring.track_cases import TrackCases, load_track_cases
from cxrbench.tasks import RaterTask, Row
from cxrbench.tasks.track import Track


def score_table(
    track: Track, table: Path, data: str | None, *, name: str | None = None, title: str = "", partial: bool = False
) -> Result:
    """Score a table of predictions; the row is marked "predictions only".

    Args:
        track: The track.
        table: A CSV or Parquet file.
        data: The folder below which datasets are; None for the default place.
        name: The name of the row; None for the name of the file.
        title: The title of the row; empty for its name.
        partial: Whether the table may miss cases.

    Returns:
        The result.

    Raises:
        SubmissionError: Where cases are missing (unless `partial`), unknown, or break the rules of the task.
    """
    started, track_cases = datetime.now(UTC), load_track_cases(track, data)
    rows = read_table(table, several_rows=track_cases.task.several_rows)
    missing = _list_missing(track_cases, rows, partial=partial)
    row_name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", table.stem).strip("-.")
    return score_predictions(
        track_cases,
        rows,
        SubmissionInfo(name=row_name, title=title or row_name, kind="predictions"),
        started=started,
        failed=missing,
        predictions=describe_predictions(table.name, table.read_bytes()),
    )


def _list_missing(track_cases: TrackCases, rows: dict[str, Row], *, partial: bool) -> dict[str, str]:
    missing = {case.id: "not in the table" for case in track_cases.cases if case.id not in rows}
    if missing and not partial:
        names = ", ".join(sorted(missing)[:3]) + (" ..." if len(missing) > 3 else "")
        raise SubmissionError(
            f"the table misses {len(missing)} of {len(track_cases.cases)} cases", names, "or give --partial"
        )
    return {**track_cases.absent, **missing}


def score_published(
    track: Track, system: str, data: str | None, *, name: str | None = None, title: str = "", partial: bool = False
) -> Result:
    """Score the per-image predictions that the authors of a dataset published for a system.

    The row is marked "predictions only"; the predictions themselves are not stored, they are part of the dataset.

    Args:
        track: The track.
        system: The name of the system.
        data: The folder below which datasets are; None for the default place.
        name: The name of the row; None for that of the system with `-published`.
        title: The title of the row; empty for the system "as published".
        partial: Whether the predictions may miss cases.

    Returns:
        The result.

    Raises:
        UsageError: For a dataset without such predictions, an unknown system or a task that they do not answer.
        SubmissionError: Where cases are missing (unless `partial`).
    """
    started, track_cases = datetime.now(UTC), load_track_cases(track, data)
    if (track.task, track.dataset) != ("zone-severity", "danilov"):
        raise UsageError(
            "no published predictions are known for this track", str(track), "use zone-severity/danilov/..."
        )
    published = read_published_predictions(DataFolder(Path(data) if data else None).root("danilov", "metadata.csv"))
    if system not in published:
        raise make_unknown_name_error("published system", system, published)
    scores = published[system].table["zone_severity"]
    rows: dict[str, Row] = {
        case.id: {"zone_severity": float(scores[case.id])} for case in track_cases.cases if case.id in scores
    }
    absent = _list_missing(track_cases, rows, partial=partial)
    row_name = name or f"{system.replace('_', '-').replace('+', 'plus').lower()}-published"
    info = SubmissionInfo(name=row_name, title=title or f"{system}, as published", kind="predictions")
    return score_predictions(track_cases, rows, info, started=started, failed=absent)


def score_rater(track: Track, rater: str, data: str | None, *, name: str | None = None, title: str = "") -> Result:
    """Score the readings of a rater against the truth as if they were predictions; no readings are stored.

    Args:
        track: The track.
        rater: The name of the rater.
        data: The folder below which datasets are; None for the default place.
        name: The name of the row; None for that of the rater after `radiologist-`.
        title: The title of the row; empty for "Radiologist" and the name.

    Returns:
        The result.

    Raises:
        UsageError: Where no case of the track has a rater of this name, or the task has no raters.
    """
    started, track_cases = datetime.now(UTC), load_track_cases(track, data)
    task = track_cases.task
    if not isinstance(task, RaterTask):
        raise UsageError("the task has no raters", str(track), "score a table instead")
    raters = {reader for case in track_cases.cases for reader in case.targets.raters}
    if rater not in raters:
        raise make_unknown_name_error(f"rater on {track}", rater, raters)
    read = {case.id: task.from_rater(case, rater) for case in track_cases.cases if rater in case.targets.raters}
    rows = {name: task.to_row(prediction) for name, prediction in read.items()}
    row_name = name or f"radiologist-{rater}"
    return score_predictions(
        track_cases,
        rows,
        SubmissionInfo(name=row_name, title=title or f"Radiologist ({rater})", kind="rater"),
        started=started,
        failed={case.id: "not read" for case in track_cases.cases if case.id not in read},
    )
