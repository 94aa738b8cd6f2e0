"""Two results of one track, paired: the same cases, the same draws of patients."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cxrbench.errors import DataError, UsageError
from cxrbench.results.schema import Result
from cxrbench.results.scoring import Ground, checked, lay_out, measure
from cxrbench.results.store import read_result, read_table
from cxrbench.stats import holm, paired, seed_of
from cxrbench.tasks import Arrays, Measured, Rated
from cxrbench.tasks.track import Track

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of A minus the same of B: 95 % interval, bootstrap p-value, Holm-corrected over the metrics.

    `verdict` is "A better", "B better" (a corrected p below 0.05), or "no difference shown".
    """

    metric: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    verdict: str

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def compare(a: Path, b: Path, data: str | None) -> list[Difference]:
    """Compare two result files by the predictions beside them, on the cases that both have.

    Only metrics without brackets are compared, so that the correction is over a dozen and not over a hundred.
    Raises `UsageError` where the tracks differ, `DataError` where a predictions file is absent or was changed.
    """
    left, right = read_result(a), read_result(b)
    if left.track.name != right.track.name or left.track.split_sha256 != right.track.split_sha256:
        raise UsageError("the two results are of different tracks", f"{left.track.name}, {right.track.name}", "")
    ground = lay_out(Track.parse(left.track.name), data)
    sides = [_predictions(left, a, ground), _predictions(right, b, ground)]
    cases = [case for case in ground.cases if all(case.id in side for side in sides)]
    measured = [_plain(measure(ground, cases, side)) for side in sides]
    found = paired(
        {key: one.estimator for key, one in measured[0].items()},
        {key: one.estimator for key, one in measured[1].items()},
        n=len(cases),
        n_patients=len({ground.split.patients[case.id] for case in cases}),
        seed=seed_of(str(ground.track)),
    )
    corrected = dict(zip(found, holm([p for _, p in found.values()]), strict=True))
    return [
        Difference(
            metric=key,
            difference=gap.value,
            low=gap.low,
            high=gap.high,
            p=p,
            p_holm=corrected[key],
            verdict=_verdict(gap.value, corrected[key], measured[0][key].better),
        )
        for key, (gap, p) in found.items()
    ]


def _plain(measured: Mapping[str, Measured]) -> dict[str, Measured]:
    return {key: one for key, one in measured.items() if "[" not in key}


def _predictions(result: Result, path: Path, ground: Ground) -> dict[str, Arrays]:
    if result.submission.kind == "rater":
        rater = result.submission.name.removeprefix("radiologist-")
        task = ground.track.definition()
        if not isinstance(task, Rated):
            raise UsageError("the task has no raters", str(ground.track), "compare results of submissions")
        return {case.id: task.from_rater(case, rater) for case in ground.cases if rater in case.targets.raters}
    if result.predictions is None:
        raise DataError("the result has no predictions beside it", str(path), "evaluate again")
    table = path.with_name(result.predictions.file)
    if not table.is_file() or hashlib.sha256(table.read_bytes()).hexdigest() != result.predictions.sha256:
        raise DataError("the predictions are absent or were changed", str(table), "evaluate again")
    return checked(ground, read_table(table, several_rows=ground.track.definition().several_rows))


def _verdict(gap: float | None, p: float | None, better: str) -> str:
    if gap is None or p is None:
        return "undefined"
    if p >= ALPHA:
        return "no difference shown"
    if better == "zero":
        return "they differ"
    return "A better" if (gap > 0) == (better == "higher") else "B better"
