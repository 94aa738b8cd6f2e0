"""Lightning's trainer, set up for one stage: seeds, checkpoints, early stopping, logs."""

import logging
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch.utils.data import DataLoader, Sampler

from cxrbench_baselines.examples.radiographs import derive_seed
from cxrbench_baselines.recipe import Stage
from cxrbench_baselines.training.module import StageModule
from cxrbench_baselines.training.settings import Progress, QualityWatcher, TrainingSettings

SHUFFLE_INDEX, NETWORK_INDEX = 2**32 - 1, 2**32 - 2
"""Numbers that no example has, for the seeds of what is not an example."""
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class EpochSampler(Sampler[int]):
    """A new order every epoch, always the same for one seed and epoch.

    Lightning names the epoch before it starts; the examples' random changes move on with it.
    """

    def __init__(self, examples: Any, seed: int) -> None:
        self.examples, self.seed, self.epoch = examples, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Prepare for the epoch that comes next.

        Args:
            epoch: Its number, from 0.
        """
        self.epoch = self.examples.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        order = torch.Generator().manual_seed(derive_seed(self.seed, self.epoch, SHUFFLE_INDEX))
        return iter(torch.randperm(len(self), generator=order).tolist())

    def __len__(self) -> int:
        return len(self.examples)


class QualityCallback(Callback):
    """Reports each epoch's quality to a function."""

    def __init__(self, watch: QualityWatcher) -> None:
        self.watch = watch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Report after the validation.

        Args:
            trainer: Has the logged quality.
            pl_module: The stage.
        """
        if "quality" in trainer.callback_metrics:
            self.watch(pl_module.stage.name, trainer.current_epoch + 1, float(trainer.callback_metrics["quality"]))


class StepCallback(Callback):
    """Seeds what the network draws itself (dropout) before each step, and reports progress."""

    def __init__(self, seed: int, progress: Progress) -> None:
        self.seed, self.progress = seed, progress

    def on_train_batch_start(self, trainer: lightning.Trainer, *rest: Any) -> None:  # noqa: ARG002
        """Seed the step with a number of its own.

        Args:
            trainer: Has the number of the step.
            rest: Not used.
        """
        torch.manual_seed(derive_seed(self.seed, trainer.global_step, NETWORK_INDEX))

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """Report the step.

        Args:
            trainer: Has the number of the step.
            pl_module: The stage.
            rest: Not used.
        """
        self.progress(f"{pl_module.stage.name}: training", trainer.global_step, pl_module.steps)


def fit_stage(
    training: StageModule,
    examples: tuple[Any, Any],
    folder: Path,
    settings: TrainingSettings,
    progress: Progress,
) -> None:
    """Train one stage and leave the kept weights in its system.

    Args:
        training: The stage.
        examples: Those to learn from, and those to validate on or None.
        folder: Where checkpoints are written; training goes on after the last one there.
        settings: Seed, device and workers.
        progress: Called after every step.
    """
    learning, checking = examples
    stage, stage_folder = training.stage, folder / training.stage.name
    last = stage_folder / "last.ckpt"
    resumed = last if last.is_file() and not settings.fresh else None
    order, full = EpochSampler(learning, settings.seed), len(learning) > stage.batch
    batches = DataLoader(learning, stage.batch, sampler=order, drop_last=full, num_workers=settings.workers)
    checks = None if checking is None else DataLoader(checking, stage.batch, num_workers=settings.workers)
    keepers = [_make_checkpoint(stage_folder, "last", None)]
    keepers += [] if checks is None else [_make_checkpoint(stage_folder, "best", "quality")]
    callbacks: list[Callback] = [StepCallback(settings.seed, progress)]
    callbacks += [*_make_optional_callbacks(stage, checked=checks is not None), *keepers]
    callbacks += [] if settings.watch is None else [QualityCallback(settings.watch)]
    trainer = _make_trainer(training, settings, stage_folder, callbacks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on workers and logging that does not apply
        trainer.fit(training, batches, checks, ckpt_path=resumed, weights_only=False)
    best = checks is not None and stage.select == "best"
    _restore_kept_weights(training, stage_folder / ("best.ckpt" if best else "last.ckpt"))


def _make_trainer(
    training: StageModule, settings: TrainingSettings, folder: Path, callbacks: list[Callback]
) -> lightning.Trainer:
    stage = training.stage
    return lightning.Trainer(
        accelerator="gpu" if settings.device.startswith("cuda") else settings.device,
        devices=1,
        precision=_to_lightning_precision(training.system.recipe.precision, settings.device),
        max_epochs=stage.epochs or -1,
        max_steps=stage.steps or -1,
        gradient_clip_val=stage.clip,
        callbacks=callbacks,
        logger=_make_loggers(folder),
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _make_optional_callbacks(stage: Stage, *, checked: bool) -> list[Callback]:
    callbacks: list[Callback] = []
    if stage.stopping is not None and checked:
        callbacks.append(EarlyStopping("quality", stage.stopping.min_delta, stage.stopping.patience, mode="max"))
    if stage.ema is not None:
        callbacks.append(EMAWeightAveraging(decay=stage.ema))
    return callbacks


def _to_lightning_precision(precision: str, device: str) -> Any:
    """The recipe's precision as Lightning calls it; automatic is bfloat16 where a GPU has it, else float32."""
    if precision == "auto":
        return "bf16-mixed" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "32-true"
    return {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[precision]


def _make_loggers(folder: Path) -> list[Logger]:
    """A table, and TensorBoard's files where it is installed."""
    loggers: list[Logger] = [CSVLogger(folder, name="", version="log")]
    if find_spec("tensorboard") is not None:
        loggers.append(TensorBoardLogger(folder, name="", version="tensorboard"))
    return loggers


def _make_checkpoint(folder: Path, name: str, monitored: str | None) -> Callback:
    """Writes one checkpoint after each epoch, or after each that is the best so far by what is monitored."""
    return ModelCheckpoint(
        folder, name, monitored, mode="max", save_on_train_epoch_end=True, enable_version_counter=False
    )


def _restore_kept_weights(training: StageModule, file: Path) -> None:
    """Put a checkpoint's weights into the system."""
    checkpoint = torch.load(file, map_location="cpu", weights_only=False)
    training.load_state_dict(checkpoint["state_dict"])
    training.kept_epoch = len(checkpoint["history"]) - 1
