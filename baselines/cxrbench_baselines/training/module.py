"""A stage as Lightning sees it: one step, one validation, one optimizer."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as lightning
import torch
from cxrbench.errors import UsageError

from cxrbench_baselines.nets.losses import Weighted
from cxrbench_baselines.recipe import Optimizer, Schedule, Stage
from cxrbench_baselines.system import System

Batch = dict[str, torch.Tensor]


class Training(lightning.LightningModule):
    """One stage of a system, learning from `count` examples.

    Logs `loss` and, with validation, `quality` (higher is better) each epoch. `history` holds a record an epoch and
    survives a resume; `kept_epoch` is the one whose weights were kept.
    """

    def __init__(self, system: System, stage: Stage, *, count: int) -> None:
        super().__init__()
        self.system, self.stage = system, stage
        self.steps = stage.steps or (stage.epochs or 1) * max(count // stage.batch, 1)
        self.weighted = Weighted(float(stage.loss.get("dynamic_alpha", 0.0)))
        self.history: list[dict[str, float]] = []
        self.kept_epoch = -1
        self._sums: dict[str, list[float]] = {}
        self._freeze()

    def _freeze(self) -> None:
        self.system.requires_grad_(False)
        for part in self.system.parts(self.stage.name):
            part.requires_grad_(True)

    def on_train_epoch_start(self) -> None:
        """Only what is trained behaves as in training."""
        self.system.eval()
        for part in self.system.parts(self.stage.name):
            part.train()
        self._sums = {}

    def loss_of(self, batch: Batch) -> torch.Tensor:
        """The one loss of a batch; each task's is noted."""
        losses = self.system.losses(self.stage, batch)
        for name, value in losses.items():
            self._sums.setdefault(f"loss_{name}", []).append(float(value.detach()))
        total: torch.Tensor = self.weighted(losses)
        self._sums.setdefault("loss", []).append(float(total.detach()))
        return total

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:  # noqa: ARG002
        """One step."""
        return self.loss_of(batch)

    def validation_step(self, batch: Batch, index: int) -> None:  # noqa: ARG002
        """The mean quality of the cases that have the target."""
        found = self.system.quality(self.stage, batch).double()
        known = ~found.isnan()
        if bool(known.any()):
            self.log("quality", found[known].mean(), batch_size=int(known.sum()), on_epoch=True)

    def on_train_epoch_end(self) -> None:
        """Note the epoch."""
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
        """Keep the history with the weights."""
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        self.history = checkpoint["history"]

    def configure_optimizers(self) -> Any:
        """The stage's optimizer and schedule, over what it trains."""
        given = self.stage.optimizer
        if given is None:
            raise UsageError("a stage that learns by steps needs an optimizer", f"stages.{self.stage.name}", "add it")
        weights = [one for one in self.system.parameters() if one.requires_grad]
        optimizer = optimizer_of(given, weights)
        schedule = schedule_of(self.stage.schedule, optimizer, given.lr, self.steps)
        return optimizer if schedule is None else {"optimizer": optimizer, "lr_scheduler": schedule}


def optimizer_of(given: Optimizer, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of a recipe."""
    common: dict[str, Any] = {"lr": given.lr, "weight_decay": given.weight_decay}
    if given.name == "adam":
        return torch.optim.Adam(weights, amsgrad=given.amsgrad, **common)
    if given.name == "adamw":
        return torch.optim.AdamW(weights, amsgrad=given.amsgrad, **common)
    if given.name == "rmsprop":
        return torch.optim.RMSprop(weights, momentum=given.momentum, **common)
    return torch.optim.SGD(weights, momentum=given.momentum, **common)


def schedule_of(given: Schedule, optimizer: torch.optim.Optimizer, lr: float, steps: int) -> Mapping[str, Any] | None:
    """The schedule of a recipe as Lightning wants it; None for a constant rate."""
    by_step = {"interval": "step"}
    if given.name == "plateau":
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, "max", factor=given.factor, patience=given.patience
        )
        return {"scheduler": plateau, "monitor": "quality", "strict": False}
    if given.name == "step":
        milestones = [given.at_step or steps // 2]
        return {"scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, given.factor), **by_step}
    if given.name == "one-cycle":
        return {"scheduler": torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1), **by_step}
    if given.name == "cosine":
        return {"scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps), **by_step}
    return None
