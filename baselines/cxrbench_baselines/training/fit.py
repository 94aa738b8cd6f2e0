"""Training a recipe: its stages in turn, each resumable to the bit at the end of an epoch."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from cxrbench.registry import make_unknown_name_error
from safetensors.torch import load_file, save_file

from cxrbench_baselines.examples.pixels import PixelSource
from cxrbench_baselines.recipe import Recipe, Stage, dump_recipe
from cxrbench_baselines.system import System
from cxrbench_baselines.systems import systems
from cxrbench_baselines.training.data import StageCases, choose_tracks, select_cases
from cxrbench_baselines.training.memory import is_out_of_memory, make_memory_error
from cxrbench_baselines.training.module import StageModule
from cxrbench_baselines.training.settings import Progress, TrainingSettings
from cxrbench_baselines.training.trainer import fit_stage
from cxrbench_baselines.weights import hash_file, load_weights, read_training_parts

CasesByStage = Mapping[str, StageCases]


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """A trained system, the parts of datasets that it learnt from, and one record per stage."""

    system: System
    parts: tuple[str, ...]
    stages: list[dict[str, Any]]


def train_recipe(recipe: Recipe, settings: TrainingSettings, progress: Progress) -> TrainingOutcome:
    """Train every stage in turn. A stage that is finished is not run again; a killed one goes on after its last epoch.

    Args:
        recipe: What is trained.
        settings: On what, where and how.
        progress: Called while cases are read and after every step.

    Returns:
        The trained system in evaluation mode, and the record of its training.

    Raises:
        UsageError: A recipe, track or start does not fit.
        DataError: Data are missing or unreadable.
        CxrbenchError: Memory runs out.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    system = systems[recipe.system](recipe)
    for part, file in settings.start.items():
        load_weights(system, file, part)
    stages = [stage for stage in recipe.stages if stage.name not in settings.start]
    by_stage = {stage.name: _select_stage_cases(system, stage, settings) for stage in stages}
    source = system.use_pixel_source(PixelSource(settings.cache))
    folder = settings.out / ".training" / _hash_run(recipe, settings, by_stage, source)
    run = TrainingRun(system.to(settings.device), folder, settings, progress, source)
    records = [run.train_stage(stage, by_stage[stage.name]) for stage in stages]
    cases = {
        (case.dataset, case.id): case for chosen in by_stage.values() for case in (*chosen.train, *chosen.validation)
    }
    system.eval().choose_settings(list(cases.values()), lambda done, total: progress("choosing settings", done, total))
    parts = [part for file in settings.start.values() for part in read_training_parts(file)]
    parts += [part for chosen in by_stage.values() for part in chosen.parts]
    return TrainingOutcome(system, tuple(dict.fromkeys(parts)), records)


def _select_stage_cases(system: System, stage: Stage, settings: TrainingSettings) -> StageCases:
    if stage.name not in system.stages:
        raise make_unknown_name_error(f"stage of system {system.recipe.system}", stage.name, system.stages)
    tracks = choose_tracks(stage, system.stages[stage.name].tasks, settings.tracks)
    return select_cases(stage, tracks, settings.data, settings.seed, lambda case: system.accepts(stage, case))


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training run: a system on its device, the folder of its checkpoints, its pixels, and whom to report to."""

    system: System
    folder: Path
    settings: TrainingSettings
    progress: Progress
    source: PixelSource

    def train_stage(self, stage: Stage, cases: StageCases) -> dict[str, Any]:
        """Train one stage, or restore its finished weights.

        Args:
            stage: The recipe's stage.
            cases: What it learns from and is validated on.

        Returns:
            The record of the stage, as `training.json` has it.

        Raises:
            DataError: A file is unreadable.
            CxrbenchError: Memory runs out.
        """
        weights, record_file = self.folder / f"{stage.name}.safetensors", self.folder / f"{stage.name}.json"
        if record_file.is_file() and weights.is_file() and not self.settings.fresh:
            self.system.load_state_dict(load_file(weights))
            finished: dict[str, Any] = json.loads(record_file.read_text("utf-8"))
            return finished
        started = time.monotonic()
        self.source.counts.clear()
        every_case = (*cases.train, *cases.validation)
        solved = self.system.solve_stage(stage, every_case, self._report_reading(stage))
        training = None if solved else self._fit(stage, cases)
        self.folder.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in self.system.state_dict().items()}, weights)
        record = {
            "stage": stage.name,
            "learnt_from": list(cases.parts),
            "cases": len(cases.train),
            "validation_cases": len(cases.validation),
            "pixels": self._count_pixels(len(every_case)),
            "seconds": round(time.monotonic() - started),
            "kept_epoch": training.kept_epoch if training else None,
            "epochs": training.history if training else [],
        }
        record_file.write_text(json.dumps(record), "utf-8")
        for checkpoint in (self.folder / stage.name).glob("*.ckpt"):
            checkpoint.unlink()
        return record

    def _count_pixels(self, cases: int) -> dict[str, int]:
        """How many images were decoded from their files, and how many came from each cache."""
        cached = dict(sorted(self.source.counts.items()))
        return {"decoded": cases - sum(cached.values()), **cached}

    def _fit(self, stage: Stage, cases: StageCases) -> StageModule:
        """The stage's module after training, its system with the weights that are kept."""
        learning, checking = (
            self.system.make_examples(stage, chosen, self.settings.seed, self._report_reading(stage), learning=learns)
            for chosen, learns in ((cases.train, True), (cases.validation, False))
        )
        training = StageModule(self.system, stage, count=len(cast("Sized", learning)))
        examples = (learning, checking if cases.validation else None)
        try:
            fit_stage(training, examples, self.folder, self.settings, self.progress)
        except Exception as error:
            if is_out_of_memory(error):
                raise make_memory_error(training, learning) from error
            raise
        return training

    def _report_reading(self, stage: Stage) -> Callable[[int, int], None]:
        return lambda done, total: self.progress(f"{stage.name}: reading", done, total)


def _hash_run(recipe: Recipe, settings: TrainingSettings, by_stage: CasesByStage, source: PixelSource) -> str:
    """What makes two runs the same run: recipe, seed, starts, the cases of every stage, and caches to read from."""
    cases = [
        [name, *([case.id for case in part] for part in (chosen.train, chosen.validation))]
        for name, chosen in by_stage.items()
    ]
    starts = {part: hash_file(file) for part, file in settings.start.items()}
    datasets = sorted({case.dataset for chosen in by_stage.values() for case in (*chosen.train, *chosen.validation)})
    caches = [f"{name}/{cache.folder.name}" for name in datasets for cache in source.find_caches(name)]
    identity = [dump_recipe(recipe), settings.seed, starts, cases, *([caches] if caches else [])]
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
