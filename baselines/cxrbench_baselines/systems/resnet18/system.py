"""The whole radiograph in, six zone scores out: no lung mask, no alignment (Signoroni et al. 2020, section 6.3).

The paper describes neither head nor loss nor training. Ours: six outputs through a sigmoid, scaled to 0-3, and the L1
loss, which is the metric itself.
"""

from collections.abc import Mapping
from typing import Any

import torch
from cxrbench.case import Image

from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import classifier
from cxrbench_baselines.nets.losses import number_loss
from cxrbench_baselines.recipe import Recipe, Share, Stage
from cxrbench_baselines.system import Batch, Learns, Options, System, checked
from cxrbench_baselines.systems import systems

ZONES, TOP_SCORE = 6, 3.0


class ResNet18Options(Options):
    """A classifier of timm, and the dropout before its last layer."""

    encoder: str = "resnet18"
    dropout: Share = 0.0


@systems.register("resnet18")
class ResNet18(System):
    """Six zone scores; with `predict.flip` the mean with those of the mirror image, sides exchanged back."""

    tasks = ("brixia-severity",)
    stages = {"scoring": Learns(("brixia-severity",), ("brixia",))}
    options = ResNet18Options

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(ResNet18Options, recipe)
        self.network, self.origin = classifier(
            own.encoder, self.given.channels, ZONES, own.pretrained, drop_rate=own.dropout
        )

    def scored(self, image: torch.Tensor) -> torch.Tensor:
        """`[n, C, S, S]` to scores `[n, 6]` in [0, 3]."""
        found: torch.Tensor = TOP_SCORE * self.network(image).float().sigmoid()
        return found

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `brixia`: scores `[n, 6]`."""
        found = self.scored(image)
        if self.settings.get("flip"):
            found = (found + self.scored(image.flip(-1)).roll(3, 1)) / 2
        return {"brixia": found}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `score` ("l1") over the zones that are known."""
        truth = batch["brixia"].float().masked_fill(batch["brixia"] < 0, torch.nan)
        return {"score": number_loss(stage.loss["score"], self.scored(batch["image"]).flatten(), truth.flatten())}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """The zones' mean absolute error with a minus."""
        error = (self(batch["image"])["brixia"] - batch["brixia"]).abs().mean(1)
        return torch.where((batch["brixia"] >= 0).all(1), -error, torch.nan)

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Six scores."""
        return {"brixia": outputs["brixia"].double().cpu().numpy()}
