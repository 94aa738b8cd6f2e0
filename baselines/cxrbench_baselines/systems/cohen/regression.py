"""Extent and opacity by linear regression on the outputs of a network that was never trained on severity scores.

The system that four of the papers quote as "Cohen et al.": a DenseNet trained on the findings of datasets without
COVID-19, then a linear regression from its outputs or from its features to geographic extent (0-8) and opacity (0-6).
The original network predicts 18 findings; ours one.
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
from cxrbench_baselines.nets.encoders import build_classifier
from cxrbench_baselines.nets.losses import compute_number_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems

TOP_SCORES = (8.0, 6.0)
"""Highest extent and highest opacity."""
PENALTIES = np.logspace(0, 6, 25)
"""Ridge penalties to choose among by leave-one-out, for standardised features."""
Floats = NDArray[np.float64]


class CohenOptions(Options):
    """A classifier of timm, and what the regression starts from: the finding's one logit, or the pooled features."""

    encoder: str = "densenet121"
    regress_on: Literal["output", "features"] = "output"


@systems.register("cohen-regression")
class CohenRegression(System):
    """Stage `finding` trains the network on one binary finding; stage `regression` is solved in closed form."""

    tasks = ("extent-opacity",)
    stages: ClassVar = {
        "finding": StageSpec(("detection",), ("finding",)),
        "regression": StageSpec(("extent-opacity",), ("extent", "opacity")),
    }
    options = CohenOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(CohenOptions, recipe)
        self.network, self.origin = build_classifier(options.encoder, self.input.channels, 0, options.pretrained)
        width = int(self.network.num_features)  # type: ignore[arg-type]
        self.finding = nn.Linear(width, 1)
        self.line = nn.Linear(width if options.regress_on == "features" else 1, len(TOP_SCORES))
        self.regress_on = options.regress_on

    def trained_modules(self, stage: str) -> Sequence[nn.Module]:  # noqa: ARG002
        """Select the network and its one output.

        Args:
            stage: Not used.

        Returns:
            The modules whose weights the stage `finding` changes.
        """
        return [self.network, self.finding]

    def extract_features(self, image: torch.Tensor) -> torch.Tensor:
        """Compute what the regression starts from.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `[n, k]`: pooled features, or the finding's logit (k is 1).
        """
        features: torch.Tensor = self.network(image)
        return features if self.regress_on == "features" else self.finding(features)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Predict extent and opacity.

        Args:
            image: Radiographs `[n, C, S, S]`.

        Returns:
            `scores` `[n, 2]`: extent and opacity, clipped to [0, 8] and [0, 6].
        """
        top = torch.tensor(TOP_SCORES, device=image.device)
        return {"scores": self.line(self.extract_features(image)).clamp(min=0).minimum(top)}

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the cross-entropy of the finding.

        Args:
            stage: The stage, with `cls` under `loss`.
            batch: Examples with `image` and `finding`.

        Returns:
            `cls`, a scalar.
        """
        logit = self.finding(self.network(batch["image"]))[:, 0]
        return {"cls": compute_number_loss(stage.loss_of("cls"), logit, batch["finding"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute minus the cross-entropy of each case.

        Args:
            stage: Not used.
            batch: Examples with `image` and `finding`.

        Returns:
            `[n]`, higher is better; NaN where the finding is unknown.
        """
        logit, truth = self.finding(self.network(batch["image"]))[:, 0], batch["finding"]
        loss = nn.functional.binary_cross_entropy_with_logits(logit, truth.nan_to_num(), reduction="none")
        return torch.where(truth.isnan(), truth, -loss)

    def solve_stage(self, stage: Stage, cases: Sequence[Case], done: Done) -> bool:
        """Fit the line: least squares on outputs; on features, which outnumber the cases, ridge regression.

        Args:
            stage: The stage.
            cases: Cases; those without both scores are left out.
            done: Called with the number of cases read and their total.

        Returns:
            Whether the stage is `regression`, and thus solved.
        """
        if stage.name != "regression":
            return False
        scored = [case for case in cases if None not in (case.targets.extent, case.targets.opacity)]
        features = np.concatenate([self._read_features(case, i, len(scored), done) for i, case in enumerate(scored)])
        truth = np.array([(case.targets.extent, case.targets.opacity) for case in scored], np.float64)
        slopes, intercepts = fit_line(features, truth, penalised=self.regress_on == "features")
        with torch.no_grad():
            self.line.weight.copy_(torch.from_numpy(slopes))
            self.line.bias.copy_(torch.from_numpy(intercepts))
        return True

    def _read_features(self, case: Case, index: int, count: int, done: Done) -> Floats:
        """`[1, k]` of one case."""
        image = case.image()
        done(index + 1, count)
        with torch.inference_mode():
            return (
                self.eval().extract_features(self.make_batch([image], self.find_views([image]))).double().cpu().numpy()
            )

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the outputs for one radiograph into its prediction.

        Args:
            outputs: `scores` `[2]`.
            view: Not used.
            image: Not used.

        Returns:
            `extent` in [0, 8] and `opacity` in [0, 6].
        """
        extent, opacity = (float(score) for score in outputs["scores"])
        return {"extent": extent, "opacity": opacity}


def fit_line(features: Floats, truth: Floats, *, penalised: bool) -> tuple[Floats, Floats]:
    """Fit a linear regression with intercept.

    Args:
        features: `[n, k]`.
        truth: `[n, m]`.
        penalised: Add a ridge penalty on the standardised features, chosen by leave-one-out among `PENALTIES`.

    Returns:
        Slopes `[m, k]` and intercepts `[m]` in the features' own units; a constant feature has slope 0.

    Example:
        >>> slopes, intercepts = fit_line(np.array([[0.0], [1], [2]]), np.array([[1.0], [3], [5]]), penalised=False)
        >>> slopes.round(6).tolist(), intercepts.round(6).tolist()
        ([[2.0]], [1.0])
    """
    regression = RidgeCV(PENALTIES) if penalised else LinearRegression()
    fitted = make_pipeline(StandardScaler(), regression).fit(features, truth)
    scaler, model = fitted[0], fitted[1]
    slopes = np.atleast_2d(model.coef_) / scaler.scale_
    return slopes, np.asarray(model.intercept_ - slopes @ scaler.mean_, np.float64)
