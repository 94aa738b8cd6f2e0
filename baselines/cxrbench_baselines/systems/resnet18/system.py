"""Six zone scores from the whole radiograph: no lung mask, no alignment (Signoroni et al. 2020, section 6.3).

The paper describes neither head nor loss nor training. Ours: six outputs through a sigmoid, scaled to 0-3, and the L1
loss, which is the metric itself.
"""

from collections.abc import Mapping
from typing import Any

import torch
from cxrbench.case import Image

from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import build_classifier
from cxrbench_baselines.nets.losses import compute_number_loss
from cxrbench_baselines.recipe import Fraction, Recipe, Stage
from cxrbench_baselines.system import Batch, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems

ZONES, TOP_SCORE = 6, 3.0


class ResNet18Options(Options):
    """A classifier of timm, and the dropout before its last layer."""

    encoder: str = "resnet18"
    dropout: Fraction = 0.0


@systems.register("resnet18")
class ResNet18(System):
    """Six zone scores; with `predict.flip` averaged with those of the mirror image, left and right exchanged."""

    tasks = ("brixia-severity",)
    stages = {"scoring": StageSpec(("brixia-severity",), ("brixia",))}
    options = ResNet18Options

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(ResNet18Options, recipe)
        self.network, self.origin = build_classifier(
            options.encoder, self.input.channels, ZONES, options.pretrained, drop_rate=options.dropout
        )

    def predict_scores(self, image: torch.Tensor) -> torch.Tensor:
        """Predict the zone scores without averaging over the mirror image.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            Scores `[n, 6]` in [0, 3], zones A to F.
        """
        scores: torch.Tensor = TOP_SCORE * self.network(image).float().sigmoid()
        return scores

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Predict the zone scores.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `brixia`: scores `[n, 6]` in [0, 3], zones A to F.
        """
        scores = self.predict_scores(image)
        if self.settings.get("flip"):
            scores = (scores + self.predict_scores(image.flip(-1)).roll(3, 1)) / 2
        return {"brixia": scores}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss ("l1") over the zones with a truth.

        Args:
            stage: The stage, with `score` under `loss`.
            batch: Examples with `image` and `brixia` `[n, 6]`, -1 where unknown.

        Returns:
            `score`, a scalar; 0 where no zone has a truth.
        """
        truth = batch["brixia"].float().masked_fill(batch["brixia"] < 0, torch.nan)
        scores = self.predict_scores(batch["image"])
        return {"score": compute_number_loss(stage.loss["score"], scores.flatten(), truth.flatten())}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute minus the mean absolute error over the zones.

        Args:
            stage: Not used.
            batch: Examples with `image` and `brixia`.

        Returns:
            `[n]`, higher is better; NaN where a zone has no truth.
        """
        error = (self(batch["image"])["brixia"] - batch["brixia"]).abs().mean(1)
        return torch.where((batch["brixia"] >= 0).all(1), -error, torch.nan)

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the output for one radiograph into its prediction.

        Args:
            outputs: `brixia`: scores `[6]`.
            view: Not used.
            image: Not used.

        Returns:
            `brixia`: scores `[6]`.
        """
        return {"brixia": outputs["brixia"].double().cpu().numpy()}
