"""A stage as Lightning sees it: one step, one validation, one optimizer."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as lightning
import torch
from cxrbench.errors import UsageError

from cxrbench_baselines.nets.losses import WeightedLoss
from cxrbench_baselines.recipe import Optimizer, Schedule, Stage
from cxrbench_baselines.system import System

Batch = dict[str, torch.Tensor]


class StageModule(lightning.LightningModule):
    """One stage of a system, learning from `count` examples.

    Logs `loss` and, with validation, `quality` (higher is better) each epoch. `history` has one record per epoch and
    survives a resume; `kept_epoch` is the epoch whose weights were kept.
    """

    def __init__(self, system: System, stage: Stage, *, count: int) -> None:
        super().__init__()
        self.system, self.stage = system, stage
        self.steps = stage.steps or (stage.epochs or 1) * max(count // stage.batch, 1)
        self.weighted = WeightedLoss(float(stage.loss.get("dynamic_alpha", 0.0)))
        self.history: list[dict[str, float]] = []
        self.kept_epoch = -1
        self._sums: dict[str, list[float]] = {}
        self._freeze()

    def _freeze(self) -> None:
        self.system.requires_grad_(False)
        for part in self.system.trained_modules(self.stage.name):
            part.requires_grad_(True)

    def on_train_epoch_start(self) -> None:
        """Only what is trained behaves as in training."""
        self.system.eval()
        for part in self.system.trained_modules(self.stage.name):
            part.train()
        self._sums = {}

    def compute_loss(self, batch: Batch) -> torch.Tensor:
        """The total loss of a batch; each task's loss is noted.

        Args:
            batch: Image and targets, on the system's device.

        Returns:
            A scalar to differentiate.
        """
        losses = self.system.losses(self.stage, batch)
        for name, value in losses.items():
            self._sums.setdefault(f"loss_{name}", []).append(float(value.detach()))
        total: torch.Tensor = self.weighted(losses)
        self._sums.setdefault("loss", []).append(float(total.detach()))
        return total

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:  # noqa: ARG002
        """One step.

        Args:
            batch: Image and targets.
            index: Number of the batch.

        Returns:
            The loss, a scalar.
        """
        return self.compute_loss(batch)

    def validation_step(self, batch: Batch, index: int) -> None:  # noqa: ARG002
        """Log the mean quality of the cases that have the target.

        Args:
            batch: Image and targets.
            index: Number of the batch.
        """
        quality = self.system.quality(self.stage, batch).double()
        known = ~quality.isnan()
        if bool(known.any()):
            self.log("quality", quality[known].mean(), batch_size=int(known.sum()), on_epoch=True)

    def on_train_epoch_end(self) -> None:
        """Add the epoch to the history."""
        means = {name: sum(values) / len(values) for name, values in self._sums.items()}
        quality = self.trainer.callback_metrics.get("quality")
        record = {
            "epoch": float(self.current_epoch),
            **means,
            "lr": float(self.trainer.optimizers[0].param_groups[0]["lr"]),
        }
        self.history.append(record if quality is None else {**record, "quality": float(quality)})
        self.log_dict(means)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history with the weights.

        Args:
            checkpoint: What Lightning writes.
        """
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the history.

        Args:
            checkpoint: What Lightning has read.
        """
        self.history = checkpoint["history"]

    def configure_optimizers(self) -> Any:
        """The stage's optimizer and schedule, over what it trains."""
        settings = self.stage.optimizer
        if settings is None:
            raise UsageError("a stage that learns by steps needs an optimizer", f"stages.{self.stage.name}", "add it")
        weights = [weight for weight in self.system.parameters() if weight.requires_grad]
        optimizer = make_optimizer(settings, weights)
        scheduler = make_scheduler(self.stage.schedule, optimizer, settings.lr, self.steps)
        return optimizer if scheduler is None else {"optimizer": optimizer, "lr_scheduler": scheduler}


def make_optimizer(settings: Optimizer, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of a recipe.

    Args:
        settings: The recipe's section.
        weights: What is trained.

    Returns:
        Torch's optimizer.
    """
    common: dict[str, Any] = {"lr": settings.lr, "weight_decay": settings.weight_decay}
    if settings.name == "adam":
        return torch.optim.Adam(weights, amsgrad=settings.amsgrad, **common)
    if settings.name == "adamw":
        return torch.optim.AdamW(weights, amsgrad=settings.amsgrad, **common)
    if settings.name == "rmsprop":
        return torch.optim.RMSprop(weights, momentum=settings.momentum, **common)
    return torch.optim.SGD(weights, momentum=settings.momentum, **common)


def make_scheduler(
    settings: Schedule, optimizer: torch.optim.Optimizer, lr: float, steps: int
) -> Mapping[str, Any] | None:
    """The schedule of a recipe as Lightning takes it.

    Args:
        settings: The recipe's section.
        optimizer: Whose learning rate moves.
        lr: The recipe's learning rate: the peak of one-cycle.
        steps: Steps of the whole stage.

    Returns:
        Lightning's configuration; None for a constant rate.
    """
    by_step = {"interval": "step"}
    if settings.name == "plateau":
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, "max", factor=settings.factor, patience=settings.patience
        )
        return {"scheduler": plateau, "monitor": "quality", "strict": False}
    if settings.name == "step":
        milestones = [settings.at_step or steps // 2]
        return {"scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, settings.factor), **by_step}
    if settings.name == "one-cycle":
        return {"scheduler": torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1), **by_step}
    if settings.name == "cosine":
        return {"scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps), **by_step}
    return None
