"""Scoring without a submission: a table of predictions made elsewhere, or a radiologist's own readings."""

import re
from datetime import UTC, datetime
from pathlib import Path

from cxrbench.datasets import DataFolder
from cxrbench.datasets.adapters.danilov.published import published_predictions
from cxrbench.errors import SubmissionError, UsageError
from cxrbench.registry import unknown
from cxrbench.results.schema import Result, SubmissionInfo
from cxrbench.results.store import read_table, recorded
from cxrbench.scoring.score import Ground, lay_out, score
from cxrbench.tasks import Rated, Row
from cxrbench.tasks.track import Track


def score_table(
    track: Track, table: Path, data: str | None, *, name: str | None = None, title: str = "", partial: bool = False
) -> Result:
    """Score a table of predictions; the row is marked "predictions only".

    Raises `SubmissionError` where cases are missing (unless `partial`), unknown, or break the task's rules.
    """
    started, ground = datetime.now(UTC), lay_out(track, data)
    rows = read_table(table, several_rows=track.definition().several_rows)
    missing = _missing(ground, rows, partial=partial)
    own = name or re.sub(r"[^A-Za-z0-9._-]+", "-", table.stem).strip("-.")
    return score(
        ground,
        rows,
        SubmissionInfo(name=own, title=title or own, kind="predictions"),
        started=started,
        failed=missing,
        predictions=recorded(table.name, table.read_bytes()),
    )


def _missing(ground: Ground, rows: dict[str, Row], *, partial: bool) -> dict[str, str]:
    missing = {case.id: "not in the table" for case in ground.cases if case.id not in rows}
    if missing and not partial:
        names = ", ".join(sorted(missing)[:3]) + (" ..." if len(missing) > 3 else "")
        raise SubmissionError(
            f"the table misses {len(missing)} of {len(ground.cases)} cases", names, "or give --partial"
        )
    return {**ground.absent, **missing}


def score_published(
    track: Track, system: str, data: str | None, *, name: str | None = None, title: str = "", partial: bool = False
) -> Result:
    """Score the per-image predictions that the authors of the track's dataset published for a system.

    The row is marked "predictions only"; the predictions themselves are not stored, they are the dataset's. Raises
    `UsageError` for a dataset without them, an unknown system or a task that they do not answer, `SubmissionError`
    where cases are missing (unless `partial`).
    """
    started, ground = datetime.now(UTC), lay_out(track, data)
    if (track.task, track.dataset) != ("zone-severity", "danilov"):
        raise UsageError(
            "no published predictions are known for this track", str(track), "use zone-severity/danilov/..."
        )
    found = published_predictions(DataFolder(Path(data) if data else None).root("danilov", "metadata.csv"))
    if system not in found:
        raise unknown("published system", system, found)
    scores = found[system].table["zone_severity"]
    rows: dict[str, Row] = {
        case.id: {"zone_severity": float(scores[case.id])} for case in ground.cases if case.id in scores
    }
    absent = _missing(ground, rows, partial=partial)
    own = name or f"{system.replace('_', '-').replace('+', 'plus').lower()}-published"
    info = SubmissionInfo(name=own, title=title or f"{system}, as published", kind="predictions")
    return score(ground, rows, info, started=started, failed=absent)


def score_rater(track: Track, rater: str, data: str | None, *, name: str | None = None, title: str = "") -> Result:
    """Score one rater's readings against the truth as if they were predictions; no readings are stored.

    Raises `UsageError` where no case of the track has a rater of this name, or the task none at all.
    """
    started, ground = datetime.now(UTC), lay_out(track, data)
    task = track.definition()
    if not isinstance(task, Rated):
        raise UsageError("the task has no raters", str(track), "score a table instead")
    raters = {one for case in ground.cases for one in case.targets.raters}
    if rater not in raters:
        raise unknown(f"rater on {track}", rater, raters)
    read = {case.id: task.from_rater(case, rater) for case in ground.cases if rater in case.targets.raters}
    rows = {name: task.to_row(prediction) for name, prediction in read.items()}
    own = name or f"radiologist-{rater}"
    return score(
        ground,
        rows,
        SubmissionInfo(name=own, title=title or f"Radiologist ({rater})", kind="rater"),
        started=started,
        failed={case.id: "not read" for case in ground.cases if case.id not in read},
    )
