"""Which cases a stage learns from, and who is held out of them for its validation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from cxrbench.case import Case
from cxrbench.datasets import load
from cxrbench.errors import DataError, UsageError
from cxrbench.splits.patient_identity import person
from cxrbench.splits.split import Split
from cxrbench.tasks.track import Track

from cxrbench_baselines.recipe import Stage

EVALUATED = ("train", "val", "test", "all")
"""Parts that a track may name while its part `train` is learnt from."""


@dataclass(frozen=True, slots=True)
class Material:
    """Cases to learn from, cases to choose the best epoch by, and the parts that they come from."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    parts: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def stage_tracks(stage: Stage, learns: Sequence[str], given: Sequence[str]) -> tuple[Track, ...]:
    """The tracks that a stage learns from: those given whose task it learns; else the recipe's own.

    Where tracks are given but none has a task of this stage, it learns its first task on their datasets and parts.
    `learns` are the stage's tasks. Raises `UsageError` for a recipe's track of another task.
    """
    wanted = [Track.parse(name) for name in given]
    own = [track for track in wanted if track.task in learns]
    if own:
        return tuple(own)
    if wanted:
        return tuple(Track(learns[0], track.dataset, track.part, track.split) for track in wanted)
    found = tuple(Track.parse(name) for name in stage.data)
    for track in found:
        if track.task not in learns:
            raise UsageError(f"stage {stage.name} does not learn this task", str(track), f"use {' or '.join(learns)}")
    return found


def material(
    stage: Stage, tracks: Sequence[Track], data: str | None, seed: int, takes: Callable[[Case], bool] = lambda _: True
) -> Material:
    """The available cases of the tracks' parts `train` that have the task's truth, each once; split for validation.

    A track's part may be `train` or the one to be evaluated: learning is always from `train`, but for a part of another
    name than train, val, test and all, which is learnt from itself (`masked` of mosmed-1110). `takes` leaves out cases
    that the stage cannot use.

    Where a split has a part `val` it is the validation; where not, `stage.validation` of the people are held out.
    Raises `DataError` where nothing is left to learn from, `UsageError` for a split without a part `train`.
    """
    train: dict[tuple[str, str], Case] = {}
    chosen: dict[tuple[str, str], Case] = {}
    parts, without = [], []
    for track in tracks:
        cases = {case.id: case for case in load(track.dataset, data).cases}
        split = track.load_split(tuple(cases.values()))
        own = "train" if track.part in EVALUATED else track.part
        learnt, validated = (_with_truth(track, split, cases, part, takes) for part in (own, "val"))
        train.update(learnt)
        chosen.update(validated)
        parts += [_part(track, part) for part, found in ((own, learnt), ("val", validated)) if found]
        without += [] if validated else list(learnt)
    held_out = _held_out(train, without, stage.validation, seed)
    kept = tuple(case for key, case in train.items() if key not in held_out)
    if not kept:
        names = ", ".join(map(str, tracks))
        raise DataError(
            f"stage {stage.name} finds no case with its target and an image", names, "check --track, --data"
        )
    return Material(kept, (*chosen.values(), *(train[key] for key in sorted(held_out))), tuple(dict.fromkeys(parts)))


def _part(track: Track, part: str) -> str:
    at = "" if track.split == "default" else f"@{track.split}"
    return f"{track.dataset}{at}/{part}"


def _with_truth(
    track: Track, split: Split, cases: Mapping[str, Case], part: str, takes: Callable[[Case], bool]
) -> dict[tuple[str, str], Case]:
    """The part's cases at hand that have the truth of the task and that the stage takes, by dataset and id."""
    if part not in split.parts:
        if part == "train":
            raise UsageError("nothing to learn from: this split has no part train", str(track), "name another track")
        return {}
    found = [cases[name] for name in split.cases(part) if name in cases and cases[name].available]
    return {(case.dataset, case.id): case for case in found if track.definition().has_truth(case) and takes(case)}


def _held_out(
    train: Mapping[tuple[str, str], Case], names: Sequence[tuple[str, str]], share: float, seed: int
) -> set[tuple[str, str]]:
    """All cases of a share of the people behind `names`, drawn with the seed."""
    people = {key: person(train[key].dataset, train[key].patient) for key in names}
    everybody = sorted(set(people.values()))
    count = round(share * len(everybody))
    drawn = set(np.random.default_rng(seed).permutation(everybody)[:count].tolist())
    return {key for key, one in people.items() if one in drawn}
