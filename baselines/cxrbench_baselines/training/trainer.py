"""Lightning's trainer, set up for one stage: seeds, checkpoints, early stopping, logs."""

import logging
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch.utils.data import DataLoader, Sampler

from cxrbench_baselines.recipe import Stage
from cxrbench_baselines.training.examples import seed_of
from cxrbench_baselines.training.module import Training

if TYPE_CHECKING:
    from cxrbench_baselines.training.fit import Settings

Progress = Callable[[str, int, int], None]
SHUFFLING, NETWORK = 2**32 - 1, 2**32 - 2
"""Numbers that no example has, for the seeds of what is not an example."""
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Shuffled(Sampler[int]):
    """A new order each epoch, the same for a seed and an epoch whenever it is asked for.

    Lightning names the epoch before it starts; the examples' random changes move on with it.
    """

    def __init__(self, examples: Any, seed: int) -> None:
        self.examples, self.seed, self.epoch = examples, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch that comes next."""
        self.epoch = self.examples.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        order = torch.Generator().manual_seed(seed_of(self.seed, self.epoch, SHUFFLING))
        return iter(torch.randperm(len(self), generator=order).tolist())

    def __len__(self) -> int:
        return len(self.examples)


class Watched(Callback):
    """Tells somebody outside each epoch's quality."""

    def __init__(self, watch: Callable[[str, int, float], None]) -> None:
        self.watch = watch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """After the validation."""
        if "quality" in trainer.callback_metrics:
            self.watch(pl_module.stage.name, trainer.current_epoch + 1, float(trainer.callback_metrics["quality"]))


class Steps(Callback):
    """Seeds what the network draws itself (dropout) before each step, and tells how far the stage is."""

    def __init__(self, seed: int, progress: Progress) -> None:
        self.seed, self.progress = seed, progress

    def on_train_batch_start(self, trainer: lightning.Trainer, *rest: Any) -> None:  # noqa: ARG002
        """A number of its own for every step."""
        torch.manual_seed(seed_of(self.seed, trainer.global_step, NETWORK))

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: Any, *rest: Any) -> None:  # noqa: ARG002
        """One more step."""
        self.progress(f"{pl_module.stage.name}: training", trainer.global_step, pl_module.steps)


def fit(training: Training, examples: tuple[Any, Any], folder: Path, settings: "Settings", progress: Progress) -> None:
    """Train one stage and leave the kept weights in its system.

    `examples` are those to learn from and those to validate on, or None. A checkpoint in `folder` is gone on from.
    """
    learning, checking = examples
    stage, own = training.stage, folder / training.stage.name
    last = own / "last.ckpt"
    resumed = last if last.is_file() and not settings.fresh else None
    order, full = Shuffled(learning, settings.seed), len(learning) > stage.batch
    batches = DataLoader(learning, stage.batch, sampler=order, drop_last=full, num_workers=settings.workers)
    checks = None if checking is None else DataLoader(checking, stage.batch, num_workers=settings.workers)
    keepers = [_keeper(own, "last", None), *([] if checks is None else [_keeper(own, "best", "quality")])]
    callbacks = [Steps(settings.seed, progress), *_optional(stage, checked=checks is not None), *keepers]
    callbacks += [] if settings.watch is None else [Watched(settings.watch)]
    trainer = _trainer(training, settings, own, callbacks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on workers and logging that does not apply
        trainer.fit(training, batches, checks, ckpt_path=resumed, weights_only=False)
    _keep(training, own / ("best.ckpt" if checks is not None and stage.select == "best" else "last.ckpt"))


def _trainer(training: Training, settings: "Settings", folder: Path, callbacks: list[Callback]) -> lightning.Trainer:
    stage = training.stage
    return lightning.Trainer(
        accelerator="gpu" if settings.device.startswith("cuda") else settings.device,
        devices=1,
        precision=_precision(training.system.recipe.precision, settings.device),
        max_epochs=stage.epochs or -1,
        max_steps=stage.steps or -1,
        gradient_clip_val=stage.clip,
        callbacks=callbacks,
        logger=_loggers(folder),
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _optional(stage: Stage, *, checked: bool) -> list[Callback]:
    found: list[Callback] = []
    if stage.stopping is not None and checked:
        found.append(EarlyStopping("quality", stage.stopping.min_delta, stage.stopping.patience, mode="max"))
    if stage.ema is not None:
        found.append(EMAWeightAveraging(decay=stage.ema))
    return found


def _precision(asked: str, device: str) -> Any:
    """The recipe's precision as Lightning calls it; automatic is bfloat16 where a GPU has it, else float32."""
    if asked == "auto":
        return "bf16-mixed" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "32-true"
    return {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[asked]


def _loggers(folder: Path) -> list[Logger]:
    """A table, and TensorBoard's files where it is installed."""
    found: list[Logger] = [CSVLogger(folder, name="", version="log")]
    if find_spec("tensorboard") is not None:
        found.append(TensorBoardLogger(folder, name="", version="tensorboard"))
    return found


def _keeper(folder: Path, name: str, watched: str | None) -> ModelCheckpoint:
    """Writes one checkpoint after each epoch, or after each that is the best so far by what is watched."""
    return ModelCheckpoint(
        folder, name, watched, mode="max", save_on_train_epoch_end=True, enable_version_counter=False
    )


def _keep(training: Training, file: Path) -> None:
    """Put a checkpoint's weights into the system."""
    chosen = torch.load(file, map_location="cpu", weights_only=False)
    training.load_state_dict(chosen["state_dict"])
    training.kept_epoch = len(chosen["history"]) - 1
