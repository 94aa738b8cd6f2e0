"""Scoring kept predictions again, without the model: for when metrics, figures or a title have changed."""

from datetime import datetime
from pathlib import Path

from cxrbench.errors import UsageError
from cxrbench.results.provenance import hash_folder
from cxrbench.results.schema import Result, SubmissionInfo
from cxrbench.results.store import describe_predictions, read_result, read_table, write_result
from cxrbench.scoring.score import score_predictions
from cxrbench.scoring.track_cases import load_track_cases
from cxrbench.submission import load_submission
from cxrbench.tasks.track import Track


def rescore_result(path: Path, data: str | None) -> Result:
    """Score the predictions beside a result again and write the result; cost, isolation and provenance stay.

    What a submission states of itself (title, tasks, what it was trained on) is read again, and its folder is hashed
    again, so only rescore what still predicts the same.

    Args:
        path: The result file.
        data: The folder below which datasets are; None for the default place.

    Returns:
        The new result.

    Raises:
        UsageError: For a result without kept predictions.
    """
    old = read_result(path)
    if old.predictions is None:
        raise UsageError("the result keeps no predictions", str(path), "score or evaluate it again")
    track_cases = load_track_cases(Track.parse(old.track.name), data)
    table = path.with_name(old.predictions.file)
    new = score_predictions(
        track_cases,
        read_table(table, several_rows=track_cases.task.several_rows),
        _refresh_info(old.submission, path.parents[1]),
        started=datetime.fromisoformat(old.provenance.started),
        failed={failure.case: failure.reason for failure in old.coverage.failed},
        cost=old.cost,
        sandbox=old.sandbox,
        predictions=describe_predictions(table.name, table.read_bytes()),
    )
    new = new.model_copy(update={"provenance": old.provenance})
    write_result(new, path.parent)
    return new


def _refresh_info(old: SubmissionInfo, folder: Path) -> SubmissionInfo:
    """The submission as its file states it now; a row without a file as it was."""
    file = folder / "submission.py"
    if old.kind != "submission" or not file.is_file():
        return old
    now = load_submission(file)
    fields = {"title": now.title or now.name, "trained_on": tuple(now.trained_on), "sha256": hash_folder(folder)}
    return old.model_copy(update=fields)
