"""The training loop: every stage of a recipe through Lightning, resumable to the bit at the end of each epoch."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from cxrbench.errors import CxrbenchError
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader

from cxrbench_baselines.recipe import Recipe, Stage, dump
from cxrbench_baselines.system import System
from cxrbench_baselines.systems import systems
from cxrbench_baselines.training.data import Material, material, stage_tracks
from cxrbench_baselines.training.module import Training
from cxrbench_baselines.training.trainer import run
from cxrbench_baselines.weights import take

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much is done and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train: where data lies and where the run goes, on which device, from which seed.

    `start` are weight files to begin with: part of the network (or "" for all) to safetensors file. `workers` decode
    ahead in processes of their own; `threads` is torch's.
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained system, and the story of each stage."""

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
    found = {stage.name: _material(system, stage, settings) for stage in recipe.stages}
    folder = settings.out / ".training" / _identity(recipe, settings, found)
    story = [_stage(system, stage, found[stage.name], folder, settings, progress) for stage in recipe.stages]
    cases = {(case.dataset, case.id): case for one in found.values() for case in (*one.train, *one.validation)}
    system.eval().tuned(list(cases.values()), lambda done, all_: progress("choosing settings", done, all_))
    return Outcome(system, _unique(part for one in found.values() for part in one.parts), story)


def _material(system: System, stage: Stage, settings: Settings) -> Material:
    tracks = stage_tracks(stage, system.stages[stage.name].tasks, settings.tracks)
    return material(stage, tracks, settings.data, settings.seed)


def _stage(
    system: System, stage: Stage, found: Material, folder: Path, settings: Settings, progress: Progress
) -> dict[str, Any]:
    """Train one stage, or take up its finished weights; what happened, for the record."""
    weights, record = folder / f"{stage.name}.safetensors", folder / f"{stage.name}.json"
    if record.is_file() and weights.is_file() and not settings.fresh:
        system.load_state_dict(load_file(weights))
        done: dict[str, Any] = json.loads(record.read_text("utf-8"))
        return done
    started = time.monotonic()
    training, loaders = _prepared(system, stage, found, settings, progress)
    epochs = _run(training, loaders, folder / stage.name, settings, progress)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_contiguous(system), weights)
    done = {
        "stage": stage.name,
        "learnt_from": list(found.parts),
        "cases": len(found.train),
        "validation_cases": len(found.validation),
        "seconds": round(time.monotonic() - started),
        "kept_epoch": training.kept_epoch,
        "epochs": epochs,
    }
    record.write_text(json.dumps(done), "utf-8")
    return done


def _contiguous(system: System) -> dict[str, torch.Tensor]:
    return {key: value.contiguous() for key, value in system.state_dict().items()}


def _prepared(
    system: System, stage: Stage, found: Material, settings: Settings, progress: Progress
) -> tuple[Training, tuple[Any, Any]]:
    """The module of one stage, and what it learns from and is validated on (None: nothing)."""

    def done(now: int, all_: int) -> None:
        progress(f"{stage.name}: reading", now, all_)

    system.to(settings.device)
    learning = system.examples(stage, found.train, settings.seed, done, learning=True)
    checking = system.examples(stage, found.validation, settings.seed, done, learning=False)
    batches = max(len(learning) // stage.batch, 1)
    training = Training(system, stage, steps=stage.steps or (stage.epochs or 1) * batches)
    return training, (learning, checking if found.validation else None)


def _run(
    training: Training, examples: tuple[Any, Any], folder: Path, settings: Settings, progress: Progress
) -> list[dict[str, float]]:
    """Run the loop; out of memory becomes one line that says which batch would fit."""
    try:
        return run(training, examples, folder, settings, progress)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "alloc" not in str(error).lower() and "memory" not in str(error).lower():
            raise
        raise _too_much(training, examples[0]) from error


def _too_much(training: Training, examples: Any) -> CxrbenchError:
    """The error for a batch that does not fit, with the largest of its halves that does."""
    size = training.stage.batch // 2
    while size and not _fits(training, examples, size):
        size //= 2
    fix = f"batch {size} fits" if size else "not even one case fits: make input.size smaller"
    return CxrbenchError(f"out of memory with batch {training.stage.batch}", f"stage {training.stage.name}", fix)


def _fits(training: Training, examples: Any, size: int) -> bool:
    """Whether one step of this batch size passes."""
    batch = next(iter(DataLoader(examples, size)))
    try:
        batch = {key: value.to(training.system.device) for key, value in batch.items()}
        training.loss_of(batch).backward()
    except (torch.OutOfMemoryError, MemoryError, RuntimeError):
        return False
    finally:
        training.zero_grad(set_to_none=True)
    return True


def _identity(recipe: Recipe, settings: Settings, found: dict[str, Material]) -> str:
    """What makes two runs the same run: recipe, seed, starts, and the cases of every stage."""
    cases = [
        [stage, [case.id for case in one.train], [case.id for case in one.validation]] for stage, one in found.items()
    ]
    starts = {part: hashlib.sha256(file.read_bytes()).hexdigest() for part, file in settings.start.items()}
    text = json.dumps([dump(recipe), settings.seed, starts, cases], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _unique(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parts))
