"""Which cases a stage learns from, and which patients are held out of them for its validation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from cxrbench.case import Case
from cxrbench.datasets import load
from cxrbench.errors import DataError, UsageError
from cxrbench.splits.patient_identity import identify_patient
from cxrbench.splits.split import Split
from cxrbench.tasks.track import Track

from cxrbench_baselines.recipe import Stage

CaseKey = tuple[str, str]
"""Dataset and id of a case."""
EVALUATED = ("train", "val", "test", "all")
"""Parts that a track may name while its part `train` is learnt from."""


@dataclass(frozen=True, slots=True)
class StageCases:
    """Cases to learn from, cases to choose the best epoch by, and the parts that they come from."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    parts: tuple[str, ...]


def choose_tracks(stage: Stage, tasks: Sequence[str], names: Sequence[str]) -> tuple[Track, ...]:
    """The tracks that a stage learns from: those named whose task it learns; else the recipe's own.

    Where tracks are named but none has a task of this stage, it learns its first task on their datasets and parts.

    Args:
        stage: The recipe's stage.
        tasks: The tasks that the stage learns.
        names: Tracks that the user names; may be empty.

    Returns:
        At least one track where the recipe or the user names one.

    Raises:
        UsageError: The recipe names a track of another task, or a name is not a track.
    """
    wanted = [Track.parse(name) for name in names]
    fitting = [track for track in wanted if track.task in tasks]
    if fitting:
        return tuple(fitting)
    if wanted:
        return tuple(Track(tasks[0], track.dataset, track.part, track.split) for track in wanted)
    tracks = tuple(Track.parse(name) for name in stage.data)
    for track in tracks:
        if track.task not in tasks:
            raise UsageError(f"stage {stage.name} does not learn this task", str(track), f"use {' or '.join(tasks)}")
    return tracks


def select_cases(
    stage: Stage,
    tracks: Sequence[Track],
    data: str | None,
    seed: int,
    accepts: Callable[[Case], bool] = lambda _: True,
) -> StageCases:
    """The available cases of the tracks' parts `train` that have the task's truth, each once; split for validation.

    A track's part may be `train` or the one to be evaluated: learning is always from `train`, but for a part of another
    name than train, val, test and all, which is learnt from itself (`masked` of mosmed-1110). Where a split has a part
    `val` it is the validation; where not, `stage.validation` of the patients are held out.

    Args:
        stage: The recipe's stage.
        tracks: What it learns from.
        data: The folder of the datasets.
        seed: Decides which patients are held out.
        accepts: False for a case that the stage cannot use.

    Returns:
        Cases to learn from and to validate on; no patient is in both.

    Raises:
        DataError: Nothing is left to learn from.
        UsageError: A split has no part `train`.
    """
    train: dict[CaseKey, Case] = {}
    validation: dict[CaseKey, Case] = {}
    parts: list[str] = []
    divisible: list[CaseKey] = []
    for track in tracks:
        cases = {case.id: case for case in load(track.dataset, data).cases}
        split = track.load_split(tuple(cases.values()))
        part = "train" if track.part in EVALUATED else track.part
        learnt, validated = (_select_with_truth(track, split, cases, name, accepts) for name in (part, "val"))
        train.update(learnt)
        validation.update(validated)
        parts += [_format_part(track, name) for name, chosen in ((part, learnt), ("val", validated)) if chosen]
        divisible += [] if validated else list(learnt)
    held_out = _draw_validation(train, divisible, stage.validation, seed)
    kept = tuple(case for key, case in train.items() if key not in held_out)
    if not kept:
        names = ", ".join(map(str, tracks))
        raise DataError(
            f"stage {stage.name} finds no case with its target and an image", names, "check --track, --data"
        )
    checked = (*validation.values(), *(train[key] for key in sorted(held_out)))
    return StageCases(kept, checked, tuple(dict.fromkeys(parts)))


def _format_part(track: Track, part: str) -> str:
    at = "" if track.split == "default" else f"@{track.split}"
    return f"{track.dataset}{at}/{part}"


def _select_with_truth(
    track: Track, split: Split, cases: Mapping[str, Case], part: str, accepts: Callable[[Case], bool]
) -> dict[CaseKey, Case]:
    """The available cases of a part that have the truth of the task and that the stage accepts."""
    if part not in split.parts:
        if part == "train":
            raise UsageError("nothing to learn from: this split has no part train", str(track), "name another track")
        return {}
    available = [cases[name] for name in split.cases(part) if name in cases and cases[name].available]
    return {(case.dataset, case.id): case for case in available if track.definition().has_truth(case) and accepts(case)}


def _draw_validation(
    train: Mapping[CaseKey, Case], keys: Sequence[CaseKey], fraction: float, seed: int
) -> set[CaseKey]:
    """All cases of a fraction of the patients behind `keys`, drawn with the seed."""
    patients = {key: identify_patient(train[key].dataset, train[key].patient) for key in keys}
    distinct = sorted(set(patients.values()))
    count = round(fraction * len(distinct))
    drawn = set(np.random.default_rng(seed).permutation(distinct)[:count].tolist())
    return {key for key, patient in patients.items() if patient in drawn}
