"""Training a recipe: its stages in turn, each resumable to the bit at the end of an epoch."""

import hashlib
import json
import time
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from cxrbench.registry import unknown
from safetensors.torch import load_file, save_file

from cxrbench_baselines.recipe import Recipe, Stage, dump
from cxrbench_baselines.system import System
from cxrbench_baselines.systems import systems
from cxrbench_baselines.training.data import Material, material, stage_tracks
from cxrbench_baselines.training.memory import is_out_of_memory, too_much
from cxrbench_baselines.training.module import Training
from cxrbench_baselines.training.trainer import fit
from cxrbench_baselines.weights import learnt_from, sha256, take

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much is done and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train: where data lies and where the run goes, on which device, from which seed.

    `start` are weight files to begin with: part of the network (or "" for all) to safetensors file. A part that has
    the name of a stage is taken as that stage left it: the stage is not run. `workers` are processes that load ahead;
    `threads` is torch's. `watch` is told the stage, the epoch (from 1) and its validated quality, and may end the run
    by raising.
    """

    data: str | None
    out: Path
    tracks: tuple[str, ...] = ()
    device: str = "cpu"
    seed: int = 0
    fresh: bool = False
    workers: int = 0
    threads: int = 1
    start: dict[str, Path] = field(default_factory=dict)
    watch: Callable[[str, int, float], None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained system, the parts of datasets that it learnt from, and the story of each stage."""

    system: System
    parts: tuple[str, ...]
    story: list[dict[str, Any]]


def train(recipe: Recipe, settings: Settings, progress: Progress) -> Outcome:
    """Train every stage in turn. A stage that is finished is not run again; a killed one goes on after its last epoch.

    Raises `UsageError` for a recipe, track or start that does not fit, `DataError` for data that is missing, and
    `CxrbenchError` where memory runs out.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    system = systems[recipe.system](recipe)
    for part, file in settings.start.items():
        take(system, file, part)
    stages = [stage for stage in recipe.stages if stage.name not in settings.start]
    found = {stage.name: _material(system, stage, settings) for stage in stages}
    folder = settings.out / ".training" / _identity(recipe, settings, found)
    run = Run(system.to(settings.device), folder, settings, progress)
    story = [run.stage(stage, found[stage.name]) for stage in stages]
    cases = {(case.dataset, case.id): case for one in found.values() for case in (*one.train, *one.validation)}
    system.eval().tuned(list(cases.values()), lambda done, all_: progress("choosing settings", done, all_))
    parts = [part for file in settings.start.values() for part in learnt_from(file)]
    parts += [part for one in found.values() for part in one.parts]
    return Outcome(system, tuple(dict.fromkeys(parts)), story)


def _material(system: System, stage: Stage, settings: Settings) -> Material:
    if stage.name not in system.stages:
        raise unknown(f"stage of system {system.recipe.system}", stage.name, system.stages)
    tracks = stage_tracks(stage, system.stages[stage.name].tasks, settings.tracks)
    return material(stage, tracks, settings.data, settings.seed, lambda case: system.takes(stage, case))


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: a system on its device, the folder of its checkpoints, and how to tell how far it is."""

    system: System
    folder: Path
    settings: Settings
    progress: Progress

    def stage(self, stage: Stage, found: Material) -> dict[str, Any]:
        """Train one stage, or take up its finished weights; what happened, for the record."""
        weights, record = self.folder / f"{stage.name}.safetensors", self.folder / f"{stage.name}.json"
        if record.is_file() and weights.is_file() and not self.settings.fresh:
            self.system.load_state_dict(load_file(weights))
            finished: dict[str, Any] = json.loads(record.read_text("utf-8"))
            return finished
        started = time.monotonic()
        cases = (*found.train, *found.validation)
        training = None if self.system.solved(stage, cases, self._reading(stage)) else self._fitted(stage, found)
        self.folder.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in self.system.state_dict().items()}, weights)
        done = {
            "stage": stage.name,
            "learnt_from": list(found.parts),
            "cases": len(found.train),
            "validation_cases": len(found.validation),
            "seconds": round(time.monotonic() - started),
            "kept_epoch": training.kept_epoch if training else None,
            "epochs": training.history if training else [],
        }
        record.write_text(json.dumps(done), "utf-8")
        for checkpoint in (self.folder / stage.name).glob("*.ckpt"):
            checkpoint.unlink()
        return done

    def _fitted(self, stage: Stage, found: Material) -> Training:
        """The stage's module after training, its system with the weights that are kept."""
        learning, checking = (
            self.system.examples(stage, cases, self.settings.seed, self._reading(stage), learning=learns)
            for cases, learns in ((found.train, True), (found.validation, False))
        )
        training = Training(self.system, stage, count=len(cast("Sized", learning)))
        try:
            fit(training, (learning, checking if found.validation else None), self.folder, self.settings, self.progress)
        except Exception as error:
            if is_out_of_memory(error):
                raise too_much(training, learning) from error
            raise
        return training

    def _reading(self, stage: Stage) -> Callable[[int, int], None]:
        return lambda done, all_: self.progress(f"{stage.name}: reading", done, all_)


def _identity(recipe: Recipe, settings: Settings, found: dict[str, Material]) -> str:
    """What makes two runs the same run: recipe, seed, starts, and the cases of every stage."""
    cases = [
        [name, *([case.id for case in part] for part in (one.train, one.validation))] for name, one in found.items()
    ]
    starts = {part: sha256(file) for part, file in settings.start.items()}
    text = json.dumps([dump(recipe), settings.seed, starts, cases], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
