"""From rows of predictions to a result: the one scorer, for submissions, tables of predictions and radiologists."""

from collections.abc import Mapping
from datetime import datetime

from cxrbench.errors import SubmissionError
from cxrbench.results.schema import Cost, PredictionsFile, Result, SubmissionInfo
from cxrbench.scoring.evaluation import Evaluation
from cxrbench.scoring.track_cases import TrackCases, check_predictions
from cxrbench.tasks import Row


def score_predictions(
    track_cases: TrackCases,
    rows: Mapping[str, Row],
    submission: SubmissionInfo,
    *,
    started: datetime,
    failed: Mapping[str, str],
    cost: Cost | None = None,
    sandbox: str = "none",
    predictions: PredictionsFile | None = None,
) -> Result:
    """Score rows of predictions on a track.

    Args:
        track_cases: The cases of the track.
        rows: The columns of each prediction, by case id.
        submission: Who made the predictions.
        started: When the run started.
        failed: The reason for each case without a prediction.
        cost: What running the submission took; None where it did not run here.
        sandbox: How the submission was isolated.
        predictions: The table of predictions beside the result; None where none is kept.

    Returns:
        The result.

    Raises:
        SubmissionError: Where a prediction breaks a rule of the task, or no case is predicted.
    """
    by_case = check_predictions(track_cases, rows)
    cases = [case for case in track_cases.cases if case.id in by_case]
    if not cases:
        raise SubmissionError("no case of the track has a prediction", str(track_cases.track), "predict at least one")
    evaluation = Evaluation(track_cases, cases, by_case)
    return evaluation.to_result(
        submission, started=started, failed=failed, cost=cost, sandbox=sandbox, predictions=predictions
    )
