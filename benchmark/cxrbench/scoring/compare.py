"""Two results of one track compared: the same cases, the same draws of patients."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from cxrbench.errors import DataError, UsageError
from cxrbench.metrics import Direction
from cxrbench.results.schema import Result
from cxrbench.results.store import read_result, read_table
from cxrbench.scoring.evaluation import Evaluation
from cxrbench.scoring.track_cases import TrackCases, check_predictions, load_track_cases
from cxrbench.stats import Estimator, adjust_holm, compare_two, sign_flip_test
from cxrbench.tasks import Arrays, MeasuredMetric, RaterTask
from cxrbench.tasks.track import Track

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric of A minus the same of B, with a 95 % interval and p-values.

    Attributes:
        metric: The key of the metric.
        difference: A minus B; None where undefined.
        low: Lower bound of the 95 % interval.
        high: Upper bound of the 95 % interval.
        p: The p-value of the bootstrap.
        p_holm: The same, Holm-corrected over the metrics; the verdict follows it.
        verdict: "A better" or "B better" (a corrected p below 0.05), "they differ" (of a signed error), "no difference
            shown", or "undefined".
        p_sign_flip: The p-value of the permutation test over patients; None where the metric has none.
        p_sign_flip_holm: The same, Holm-corrected over the metrics.
        test: The name of a test with a formula, where there is one: DeLong's of a ROC AUC, McNemar's of accuracy (where
            each patient has one case).
        p_test: Its p-value, not corrected.
    """

    metric: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    verdict: str
    p_sign_flip: float | None = None
    p_sign_flip_holm: float | None = None
    test: str | None = None
    p_test: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The fields as they are written to JSON."""
        return asdict(self)


def compare_results(a: Path, b: Path, data: str | None) -> list[MetricDifference]:
    """Compare two result files by the predictions beside them, on the cases that both have.

    Only metrics without brackets are compared, so that the correction is over a dozen metrics and not over a hundred.

    Args:
        a: The result file of A.
        b: The result file of B, on the same track.
        data: The folder below which datasets are; None for the default place.

    Returns:
        One difference per metric that both results have.

    Raises:
        UsageError: Where the tracks differ.
        DataError: Where a predictions file is absent or was changed.
    """
    left, right = read_result(a), read_result(b)
    if left.track.name != right.track.name or left.track.split_sha256 != right.track.split_sha256:
        raise UsageError("the two results are of different tracks", f"{left.track.name}, {right.track.name}", "")
    track_cases = load_track_cases(Track.parse(left.track.name), data)
    sides = [read_predictions(left, a, track_cases), read_predictions(right, b, track_cases)]
    cases = [case for case in track_cases.cases if all(case.id in side for side in sides)]
    return compare_evaluations(*(Evaluation(track_cases, cases, side) for side in sides))


def compare_evaluations(left: Evaluation, right: Evaluation) -> list[MetricDifference]:
    """Compare two evaluations on the same cases.

    Args:
        left: The evaluation of A.
        right: The evaluation of B.

    Returns:
        One difference per metric without brackets that both have, A minus B.
    """
    pairs = _pair_metrics(left, right)
    differences = compare_two(
        {key: metrics[0].estimator for key, metrics in pairs.items()},
        {key: metrics[1].estimator for key, metrics in pairs.items()},
        n=len(left.cases),
        n_patients=left.n_patients,
        seed=left.seed,
    )
    flips = [_flip_signs(a.estimator, b.estimator, left) for a, b in pairs.values()]
    corrected, corrected_flips = adjust_holm([p for _, p in differences.values()]), adjust_holm(flips)
    rows = []
    for place, (key, (difference, p)) in enumerate(differences.items()):
        metric, other = pairs[key]
        test = metric.estimator.paired_test(other.estimator)
        rows.append(
            MetricDifference(
                metric=key,
                difference=difference.value,
                low=difference.low,
                high=difference.high,
                p=p,
                p_holm=corrected[place],
                verdict=_decide_verdict(difference.value, corrected[place], metric.direction),
                p_sign_flip=flips[place],
                p_sign_flip_holm=corrected_flips[place],
                test=test.name if test else None,
                p_test=test.p if test else None,
            )
        )
    return rows


def _pair_metrics(left: Evaluation, right: Evaluation) -> dict[str, tuple[MeasuredMetric, MeasuredMetric]]:
    """The metrics without brackets that both evaluations have, in the order of the first."""
    shared = [key for key in left.measured if key in right.measured and "[" not in key]
    return {key: (left.measured[key], right.measured[key]) for key in shared}


def _flip_signs(left: Estimator, right: Estimator, evaluation: Evaluation) -> float | None:
    """The p-value of the sign-flip test; None where it is undefined or patients of the metric cannot be exchanged."""
    sides = {"left": left, "right": right}
    try:
        return sign_flip_test(sides, n_patients=evaluation.n_patients, seed=evaluation.seed)["left", "right"]
    except ValueError:
        return None


def read_predictions(result: Result, path: Path, track_cases: TrackCases) -> dict[str, Arrays]:
    """Read the predictions beside a result, or the readings of a rater.

    Args:
        result: The result.
        path: Its file.
        track_cases: The cases of its track.

    Returns:
        The checked predictions, by case id.

    Raises:
        UsageError: Where the result is that of a rater and the task has none.
        DataError: Where the predictions are absent or were changed.
    """
    if result.submission.kind == "rater":
        return _read_rater(result.submission.name.removeprefix("radiologist-"), track_cases)
    if result.predictions is None:
        raise DataError("the result has no predictions beside it", str(path), "evaluate again")
    table = path.with_name(result.predictions.file)
    if not table.is_file() or hashlib.sha256(table.read_bytes()).hexdigest() != result.predictions.sha256:
        raise DataError("the predictions are absent or were changed", str(table), "evaluate again")
    return check_predictions(track_cases, read_table(table, several_rows=track_cases.task.several_rows))


def _read_rater(rater: str, track_cases: TrackCases) -> dict[str, Arrays]:
    task = track_cases.task
    if not isinstance(task, RaterTask):
        raise UsageError("the task has no raters", str(track_cases.track), "compare results of submissions")
    return {case.id: task.from_rater(case, rater) for case in track_cases.cases if rater in case.targets.raters}


def _decide_verdict(difference: float | None, p: float | None, direction: Direction) -> str:
    if difference is None or p is None:
        return "undefined"
    if p >= ALPHA:
        return "no difference shown"
    if direction is Direction.ZERO:
        return "they differ"
    return "A better" if (difference > 0) == (direction is Direction.HIGHER) else "B better"
