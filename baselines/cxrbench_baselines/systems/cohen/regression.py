"""Extent and opacity by linear regression from what a network sees that never saw a severity score.

The system that four of the papers quote as "Cohen et al.": a DenseNet trained on findings of sets without COVID-19,
then a linear regression from its outputs or from its features to geographic extent (0-8) and opacity (0-6).
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from cxrbench_baselines.framing import View
from cxrbench_baselines.nets.encoders import classifier
from cxrbench_baselines.nets.losses import number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Learns, Options, System, checked
from cxrbench_baselines.systems import systems

RANGES = (8.0, 6.0)
"""Of extent and of opacity."""
PENALTIES = np.logspace(0, 6, 25)
"""Ridge penalties to choose among by leave-one-out, for standardised features."""
Floats = NDArray[np.float64]


class CohenOptions(Options):
    """A classifier of timm, and what the line starts from: the finding's one logit, or the pooled features."""

    encoder: str = "densenet121"
    regress_on: Literal["output", "features"] = "output"


@systems.register("cohen-regression")
class CohenRegression(System):
    """Stage `finding` trains the network on a yes or no; stage `regression` is solved, the network as it is."""

    tasks = ("extent-opacity",)
    stages: ClassVar = {
        "finding": Learns(("detection",), ("finding",)),
        "regression": Learns(("extent-opacity",), ("extent", "opacity")),
    }
    options = CohenOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(CohenOptions, recipe)
        self.network, self.origin = classifier(own.encoder, self.given.channels, 0, own.pretrained)
        width = int(self.network.num_features)  # type: ignore[arg-type]
        self.finding = nn.Linear(width, 1)
        self.line = nn.Linear(width if own.regress_on == "features" else 1, len(RANGES))
        self.regress_on = own.regress_on

    def parts(self, stage: str) -> Sequence[nn.Module]:  # noqa: ARG002
        """The network and its one output."""
        return [self.network, self.finding]

    def seen(self, image: torch.Tensor) -> torch.Tensor:
        """`[n, C, S, S]` to what the line starts from, `[n, k]`."""
        features: torch.Tensor = self.network(image)
        return features if self.regress_on == "features" else self.finding(features)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to `scores` `[n, 2]`: extent and opacity, clipped to their ranges."""
        top = torch.tensor(RANGES, device=image.device)
        return {"scores": self.line(self.seen(image)).clamp(min=0).minimum(top)}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Cross-entropy of the finding."""
        logit = self.finding(self.network(batch["image"]))[:, 0]
        return {"cls": number_loss(stage.loss_of("cls"), logit, batch["finding"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Minus the cross-entropy of each case."""
        logit, truth = self.finding(self.network(batch["image"]))[:, 0], batch["finding"]
        loss = nn.functional.binary_cross_entropy_with_logits(logit, truth.nan_to_num(), reduction="none")
        return torch.where(truth.isnan(), truth, -loss)

    def solved(self, stage: Stage, cases: Sequence[Case], done: Done) -> bool:
        """Least squares; on features, of which there are more than cases, with a penalty chosen by leave-one-out."""
        if stage.name != "regression":
            return False
        scored = [case for case in cases if None not in (case.targets.extent, case.targets.opacity)]
        found = np.concatenate([self._features(case, i, len(scored), done) for i, case in enumerate(scored)])
        truth = np.array([(case.targets.extent, case.targets.opacity) for case in scored], np.float64)
        slopes, intercepts = line_through(found, truth, penalised=self.regress_on == "features")
        with torch.no_grad():
            self.line.weight.copy_(torch.from_numpy(slopes))
            self.line.bias.copy_(torch.from_numpy(intercepts))
        return True

    def _features(self, case: Case, index: int, count: int, done: Done) -> Floats:
        """`[1, k]` of one case."""
        image = case.image()
        done(index + 1, count)
        with torch.inference_mode():
            return self.eval().seen(self.batch([image], self.views([image]))).double().cpu().numpy()

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Both scores."""
        extent, opacity = (float(one) for one in outputs["scores"])
        return {"extent": extent, "opacity": opacity}


def line_through(features: Floats, truth: Floats, *, penalised: bool) -> tuple[Floats, Floats]:
    """Slopes `[m, k]` and intercepts `[m]` of the regression of truth `[n, m]` on features `[n, k]`.

    Features are standardised for the penalty; the line is told in their own units. A constant feature has slope 0.
    """
    regression = RidgeCV(PENALTIES) if penalised else LinearRegression()
    fitted = make_pipeline(StandardScaler(), regression).fit(features, truth)
    scaler, model = fitted[0], fitted[1]
    slopes = np.atleast_2d(model.coef_) / scaler.scale_
    return slopes, np.asarray(model.intercept_ - slopes @ scaler.mean_, np.float64)
