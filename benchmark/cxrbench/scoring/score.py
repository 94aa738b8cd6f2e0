"""From predictions to a result: the one scorer, for submissions, tables of predictions and radiologists alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cxrbench.case import Case
from cxrbench.catalog import card
from cxrbench.datasets import Dataset, load
from cxrbench.errors import CxrbenchError, DataError, SubmissionError
from cxrbench.results.figures import FigureSet, figure_set
from cxrbench.results.provenance import benchmark, provenance
from cxrbench.results.schema import (
    Cost,
    Coverage,
    Extremes,
    Failed,
    MetricValue,
    Predictions,
    Result,
    SubmissionInfo,
    TrackInfo,
)
from cxrbench.scoring.best_and_worst import extremes
from cxrbench.scoring.paired_sums import paired_sums
from cxrbench.scoring.subgroups import subgroups
from cxrbench.scoring.values import metric_value
from cxrbench.splits import ALL, Split, registered_split
from cxrbench.splits.patient_identity import may_share, persons
from cxrbench.stats import intervals, seed_of
from cxrbench.tasks import Arrays, Measured, Row, Task, Tuned
from cxrbench.tasks.figures import Figures, Illustrated
from cxrbench.tasks.track import Track

TUNING = "val"
"""The part that settings may be chosen on."""


@dataclass(frozen=True)
class Ground:
    """A track laid out on this disk: the dataset as found, the split, and the cases that the track asks for.

    `tuning` are the cases of the part `val`, where the task has a setting to choose and the track is another part;
    `unlabelled` are cases of the part for which the dataset gives no truth for the task: nobody is asked for them;
    `data` is the folder that it was found below.
    """

    track: Track
    dataset: Dataset
    split: Split
    cases: tuple[Case, ...]
    absent: Mapping[str, str]
    tuning: tuple[Case, ...] = ()
    unlabelled: tuple[str, ...] = ()
    data: str | None = None

    @property
    def expected(self) -> int:
        """Cases that a complete row predicts."""
        return len(self.cases) + len(self.absent)

    @property
    def patients(self) -> list[str]:
        """The patient of each case, by the split."""
        return [self.split.patients[case.id] for case in self.cases]


def lay_out(track: Track, data: str | None) -> Ground:
    """Load a track's dataset and pick its cases; a case that the copy lacks is absent, with a reason.

    Raises `DataError` where not a single case of the track is there.
    """
    dataset, task = load(track.dataset, data), track.definition()
    split = track.load_split(dataset.cases)
    found = dataset.by_id
    wanted = split.cases(track.part)
    absent = {name: "not in this copy of the dataset" for name in wanted if name not in found}
    unlabelled = tuple(name for name in wanted if name in found and not task.has_truth(found[name]))
    cases = tuple(found[name] for name in wanted if name in found and task.has_truth(found[name]))
    if not cases:
        raise DataError(f"not one case of the track {track} was found", str(data), "check --data")
    return Ground(track, dataset, split, cases, absent, _tuning(track, split, found), unlabelled, data)


def _tuning(track: Track, split: Split, found: Mapping[str, Case]) -> tuple[Case, ...]:
    task = track.definition()
    if not isinstance(task, Tuned) or track.part in (TUNING, ALL) or TUNING not in split.parts:
        return ()
    return tuple(found[name] for name in split.cases(TUNING) if name in found and task.has_truth(found[name]))


def checked(ground: Ground, rows: Mapping[str, Row]) -> dict[str, Arrays]:
    """Predictions from a table, each checked by its task; raises `SubmissionError` naming the case and the rule."""
    task = ground.track.definition()
    known = set(ground.split.cases(ground.track.part)) | {case.id for case in ground.tuning}
    extra = sorted(set(rows) - known)
    if extra:
        raise SubmissionError(f"{len(extra)} predictions are not of this track", extra[0], "leave them out")
    predictions: dict[str, Arrays] = {}
    for case, row in rows.items():
        try:
            predictions[case] = task.check(task.from_row(row))
        except ValueError as error:
            raise SubmissionError(str(error), f"case {case}", "correct the prediction") from error
    return predictions


def score(
    ground: Ground,
    rows: Mapping[str, Row],
    submission: SubmissionInfo,
    *,
    started: datetime,
    failed: Mapping[str, str],
    cost: Cost | None = None,
    sandbox: str = "none",
    predictions: Predictions | None = None,
) -> Result:
    """Score rows of predictions on a track. `failed` gives the reason for each case without one."""
    by_case = checked(ground, rows)
    cases = [case for case in ground.cases if case.id in by_case]
    if not cases:
        raise SubmissionError("no case of the track has a prediction", str(ground.track), "predict at least one")
    measured = measure(ground, cases, by_case)
    coverage = Coverage(
        expected=ground.expected,
        predicted=len(cases),
        unlabelled=len(ground.unlabelled),
        failed=tuple(Failed(case=name, reason=failed[name]) for name in sorted(failed)),
    )
    return Result(
        benchmark=benchmark(),
        submission=submission.model_copy(update={"patients_seen": patients_seen(ground, submission.trained_on)}),
        track=_info(ground),
        primary=ground.track.definition().primary,
        metrics=metrics(ground, cases, measured),
        subgroups=_subgroups(ground, cases, by_case, measured),
        cost=cost or Cost(),
        coverage=coverage,
        sandbox=sandbox,
        predictions=predictions,
        figures=_figures(ground, cases, by_case, measured),
        extremes=_extremes(ground, cases, measured),
        provenance=provenance(started, seed_of(str(ground.track))),
    )


def _extremes(ground: Ground, cases: Sequence[Case], measured: Mapping[str, Measured]) -> Extremes | None:
    """None where the split is a rule: then the ids of its cases are not public."""
    public = isinstance(registered_split(ground.track.dataset, ground.track.split), Split)
    return extremes(measured[ground.track.definition().primary], cases) if public else None


def metrics(ground: Ground, cases: Sequence[Case], measured: Mapping[str, Measured]) -> dict[str, MetricValue]:
    """Every metric of the track's task, with its interval over the split's patients."""
    owners = np.array([ground.split.patients[case.id] for case in cases])
    scores = intervals(
        {key: one.estimator for key, one in measured.items()},
        n=len(cases),
        n_patients=len(np.unique(owners)),
        seed=seed_of(str(ground.track)),
        reasons={key: one.undefined for key, one in measured.items()},
    )
    return {key: metric_value(one, measured[key], owners) for key, one in scores.items()}


def _subgroups(
    ground: Ground, cases: Sequence[Case], by_case: Mapping[str, Arrays], measured: Mapping[str, Measured]
) -> dict[str, dict[str, MetricValue]]:
    return subgroups(
        cases,
        [ground.split.patients[case.id] for case in cases],
        measured,
        lambda chosen: measure(ground, chosen, by_case),
        seed=seed_of(str(ground.track)),
        primary=ground.track.definition().primary,
    )


def measure(ground: Ground, cases: Sequence[Case], by_case: Mapping[str, Arrays]) -> dict[str, Measured]:
    """The estimators of the track's task on these cases, its setting chosen on the tuning cases predicted."""
    patients = [ground.split.patients[case.id] for case in cases]
    return _task(ground, by_case).measure(cases, [by_case[case.id] for case in cases], patients)


def _task(ground: Ground, by_case: Mapping[str, Arrays]) -> Task:
    """The track's task with its setting chosen."""
    task, tuning = ground.track.definition(), [case for case in ground.tuning if case.id in by_case]
    if tuning and isinstance(task, Tuned):
        return task.tuned(tuning, [by_case[case.id] for case in tuning])
    return task


def _figures(
    ground: Ground, cases: Sequence[Case], by_case: Mapping[str, Arrays], measured: Mapping[str, Measured]
) -> FigureSet:
    """What the pages draw; the sums for paired comparison where every case of the track is predicted."""
    task, seed = _task(ground, by_case), seed_of(str(ground.track))
    patients = [ground.split.patients[case.id] for case in cases]
    drawn = Figures()
    if isinstance(task, Illustrated):
        drawn = task.figures(cases, [by_case[case.id] for case in cases], patients, seed)
    whole = len(cases) == ground.expected
    paired = paired_sums(task.primary, measured[task.primary], np.array(patients), seed) if whole else None
    return figure_set(drawn, paired)


def patients_seen(ground: Ground, trained_on: Sequence[str]) -> int:
    """How many patients of the track stand in a part that the submission says its weights were trained on.

    A person counts in whatever dataset: `cohen/train` has patients of `brixia-cohen/test`. Raises `SubmissionError`
    for a part that does not exist, `DataError` where a part is a rule and its dataset, which may share patients with
    the track's, is not at hand.
    """
    parts = [_trained(ground, name) for name in trained_on]
    own, dataset = persons(ground.split, [case.id for case in ground.cases]), ground.track.dataset
    shared = [part for part in parts if may_share(part.dataset, dataset)]
    return len(own & {one for part in shared for one in _people(ground, part)})


def _trained(ground: Ground, name: str) -> Track:
    try:
        return Track.parse(f"{ground.track.task}/{name}")
    except CxrbenchError as error:
        raise SubmissionError(f"trained_on names an unknown part ({error.line})", name, "correct it") from error


def _people(ground: Ground, part: Track) -> set[str]:
    """The people of a part; a rule is evaluated on the dataset's copy."""
    if isinstance(registered_split(part.dataset, part.split), Split):
        split = part.load_split()
    elif part.dataset == ground.track.dataset:
        split = part.load_split(ground.dataset.cases)
    else:
        split = part.load_split(_copy_of(part, ground.data).cases)
    return persons(split, split.cases(part.part))


def _copy_of(part: Track, data: str | None) -> Dataset:
    try:
        return load(part.dataset, data)
    except DataError as error:
        what = f"whether the patients of {part.dataset}/{part.part} (trained_on) are in the track cannot be told"
        raise DataError(what, error.line, f"add {part.dataset} to --data") from error


def _info(ground: Ground) -> TrackInfo:
    track, split = ground.track, ground.split
    names = split.cases(track.part)
    own = card(track.dataset)
    return TrackInfo(
        name=str(track),
        task=track.task,
        dataset=track.dataset,
        dataset_version=own.version,
        synthetic=own.synthetic,
        split=split.name,
        split_version=split.version,
        split_sha256=split.sha256,
        part=track.part,
        n_cases=len(names),
        n_patients=len({split.patients[name] for name in names}),
    )
