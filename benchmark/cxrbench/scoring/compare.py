"""Two results of one track, paired: the same cases, the same draws of patients."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cxrbench.errors import DataError, UsageError
from cxrbench.results.schema import Result
from cxrbench.results.store import read_result, read_table
from cxrbench.scoring.paired_tests import flipped, formula_test
from cxrbench.scoring.score import Ground, checked, lay_out, measure
from cxrbench.stats import Score, holm, paired, seed_of
from cxrbench.tasks import Arrays, Measured, Rated
from cxrbench.tasks.track import Track

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of A minus the same of B: 95 % interval, and p-values, each Holm-corrected over the metrics.

    `p` is the bootstrap's, and the verdict's; `p_sign_flip` that of the permutation test over patients, None where the
    metric has none. `test` names a test with a formula where there is one, with `p_test` (not corrected): DeLong's of
    a ROC AUC, McNemar's of accuracy (where each patient has one case). `verdict` is "A better", "B better" (a
    corrected p below 0.05), "they differ" (of a signed error), or "no difference shown".
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
    sides = [predictions_of(left, a, ground), predictions_of(right, b, ground)]
    cases = [case for case in ground.cases if all(case.id in side for side in sides)]
    measured = [_plain(measure(ground, cases, side)) for side in sides]
    n_patients, seed = len({ground.split.patients[case.id] for case in cases}), seed_of(str(ground.track))
    found = paired(
        {key: one.estimator for key, one in measured[0].items()},
        {key: one.estimator for key, one in measured[1].items()},
        n=len(cases),
        n_patients=n_patients,
        seed=seed,
    )
    return _differences(found, measured, n_patients=n_patients, seed=seed)


def _differences(
    found: Mapping[str, tuple[Score, float | None]],
    measured: Sequence[Mapping[str, Measured]],
    *,
    n_patients: int,
    seed: int,
) -> list[Difference]:
    sides = {key: (measured[0][key].estimator, measured[1][key].estimator) for key in found}
    flips = {key: flipped(*pair, n_patients=n_patients, seed=seed) for key, pair in sides.items()}
    tests = {key: formula_test(*pair) for key, pair in sides.items()}
    corrected = dict(zip(found, holm([p for _, p in found.values()]), strict=True))
    corrected_flips = dict(zip(flips, holm(list(flips.values())), strict=True))
    return [
        Difference(
            metric=key,
            difference=gap.value,
            low=gap.low,
            high=gap.high,
            p=p,
            p_holm=corrected[key],
            verdict=_verdict(gap.value, corrected[key], measured[0][key].better),
            p_sign_flip=flips[key],
            p_sign_flip_holm=corrected_flips[key],
            test=tests[key].name,
            p_test=tests[key].p,
        )
        for key, (gap, p) in found.items()
    ]


def _plain(measured: Mapping[str, Measured]) -> dict[str, Measured]:
    return {key: one for key, one in measured.items() if "[" not in key}


def predictions_of(result: Result, path: Path, ground: Ground) -> dict[str, Arrays]:
    """The predictions beside a result, or a rater's readings; `DataError` where they are absent or were changed."""
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
