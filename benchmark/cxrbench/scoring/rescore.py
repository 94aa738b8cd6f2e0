"""Scoring kept predictions again, without the model: for when metrics, figures or a title have changed."""

from datetime import datetime
from pathlib import Path

from cxrbench.errors import UsageError
from cxrbench.results.provenance import folder_sha256
from cxrbench.results.schema import Result, SubmissionInfo
from cxrbench.results.store import read_result, read_table, recorded, write_result
from cxrbench.scoring.score import lay_out, score
from cxrbench.submission import load_submission
from cxrbench.tasks.track import Track


def rescore(path: Path, data: str | None) -> Result:
    """Score the predictions beside a result again and write the result; cost, isolation and provenance stay.

    What a submission says of itself (title, tasks, what it was trained on) is read anew, its folder hashed anew, so
    only rescore what still predicts the same. Raises `UsageError` for a result without kept predictions.
    """
    old = read_result(path)
    if old.predictions is None:
        raise UsageError("the result keeps no predictions", str(path), "score or evaluate it again")
    track = Track.parse(old.track.name)
    table = path.with_name(old.predictions.file)
    new = score(
        lay_out(track, data),
        read_table(table, several_rows=track.definition().several_rows),
        _info(old.submission, path.parents[1]),
        started=datetime.fromisoformat(old.provenance.started),
        failed={one.case: one.reason for one in old.coverage.failed},
        cost=old.cost,
        sandbox=old.sandbox,
        predictions=recorded(table.name, table.read_bytes()),
    )
    new = new.model_copy(update={"provenance": old.provenance})
    write_result(new, path.parent)
    return new


def _info(old: SubmissionInfo, folder: Path) -> SubmissionInfo:
    """The submission as its file says now; a row without a file as it was."""
    file = folder / "submission.py"
    if old.kind != "submission" or not file.is_file():
        return old
    now = load_submission(file)
    said = {"title": now.title or now.name, "trained_on": tuple(now.trained_on), "sha256": folder_sha256(folder)}
    return old.model_copy(update=said)
