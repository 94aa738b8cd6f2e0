"""Stage II of Danilov et al. 2022: opacities in the lungs that Stage I cuts out, and a score of six segments.

One network has two branches on one encoder: a map of opacities, and the probability that the radiograph shows disease
at all, which refines the map (Eqs. 1 and 2). The losses of the branches are weighted by their progress (Eq. 3).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from pydantic import Field
from torch import nn
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, from_square
from cxrbench_baselines.nets.encoders import build_segmenter
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss, compute_number_loss
from cxrbench_baselines.recipe import Fraction, Recipe, Stage, StrictModel
from cxrbench_baselines.system import Batch, Done, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.danilov.lungs import Decoder, LungOptions, LungSystem, check_size
from cxrbench_baselines.systems.danilov.segments import compute_segment_shares, count_affected_segments, find_best_share

BATCH_SIZE = 4
"""Radiographs that are predicted together while the threshold of the score is chosen."""


class LungStageOptions(StrictModel):
    """The Stage I network; `size` is the side of its square in pixels."""

    decoder: Decoder
    encoder: str
    size: Annotated[int, Field(ge=32, le=2048)]


class DiseaseOptions(LungOptions):
    """Decoder and encoder as in Stage I, the dropout before the classifier's one neuron, and the Stage I network."""

    dropout: Fraction
    lungs: LungStageOptions


class DiseaseThresholds(StrictModel):
    """The `predict` section, all in [0, 1].

    `refine_at` is T of Eq. 2, `threshold` cuts the refined map, `segment_share` is the opaque share of its area from
    which a segment counts as affected.
    """

    refine_at: Fraction = 0.5
    threshold: Fraction = 0.5
    segment_share: Fraction = 0.01


@systems.register("danilov-disease")
class DiseaseSystem(System):
    """Opacities, the probability of disease, and the number of affected segments of one radiograph.

    Classifier: adaptive average pooling of the encoder's last level, dropout, one neuron (Methods, Stage II).
    """

    tasks = ("opacity-segmentation", "zone-severity", "detection")
    stages: ClassVar = {
        "lungs": LungSystem.stages["lungs"],
        "disease": StageSpec(("opacity-segmentation", "detection"), ("lesions", "diseased")),
    }
    options = DiseaseOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(DiseaseOptions, recipe)
        check_size(options.decoder, self.input.size)
        self.settings = parse_section(DiseaseThresholds, recipe, "predict").model_dump()
        self.lungs = LungSystem(_make_lung_recipe(recipe, options))
        head = {"pooling": "avg", "dropout": options.dropout, "classes": 1}
        self.network, origin = build_segmenter(
            options.decoder, options.encoder, self.input.channels, options.pretrained, aux_params=head
        )
        self.origin = origin if origin == self.lungs.origin else f"{origin}; of the lungs: {self.lungs.origin}"

    def trained_modules(self, stage: str) -> Sequence[nn.Module]:
        """Select Stage I alone, or Stage II alone.

        Args:
            stage: Name of the stage.

        Returns:
            The modules whose weights the stage changes.
        """
        return [self.lungs] if stage == "lungs" else [self.network]

    def make_examples(
        self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool
    ) -> Dataset[Batch]:
        """Make the examples of a stage: whole radiographs in Stage I, lungs cut out in Stage II.

        Args:
            stage: The stage.
            cases: Cases with the stage's truth.
            seed: Seed of the augmentation.
            done: Called with the number of prepared cases and their total.
            learning: Augment (training) or not (validation).

        Returns:
            The examples of the stage.
        """
        if stage.name == "lungs":
            return self.lungs.make_examples(stage, cases, seed, done, learning=learning)
        return super().make_examples(stage, cases, seed, done, learning=learning)

    def view(self, stage: str | None, pixels: NDArray[np.float32]) -> View:
        """Crop a radiograph to its lungs (Fig. 5).

        Args:
            stage: Name of the stage; None for prediction.
            pixels: Radiograph `[H, W]` in [0, 1].

        Returns:
            The box around the predicted lungs with black pixels around them; the whole radiograph in Stage I and where
            no lungs are predicted.
        """
        return View.whole(pixels.shape) if stage == "lungs" else self.find_views([Image(pixels)])[0]

    def find_views(self, images: Sequence[Image]) -> list[View]:
        """Crop radiographs to their lungs, in one batch.

        Args:
            images: Radiographs.

        Returns:
            One view per radiograph; see `view`.
        """
        predictions = self.lungs.eval().predict(images)
        return [View.around(prediction["mask"], masked=True) for prediction in predictions]

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Compute both branches.

        Args:
            image: Lungs cut out `[n, C, S, S]`.

        Returns:
            Logits: `lesions` `[n, 1, S, S]` and `diseased` `[n]`.
        """
        lesions, diseased = self.network(image)
        return {"lesions": lesions, "diseased": diseased[:, 0]}

    def refine_map(self, outputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Zero the map of a radiograph that the classifier calls normal (Eqs. 1 and 2).

        Args:
            outputs: Logits `lesions` `[n, 1, S, S]` and `diseased` `[n]`.

        Returns:
            Probabilities `[n, S, S]`, all 0 where the probability of disease is below `refine_at`.
        """
        diseased = outputs["diseased"].sigmoid() >= self.settings["refine_at"]
        refined: torch.Tensor = outputs["lesions"][:, 0].sigmoid() * diseased[:, None, None]
        return refined

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the losses of a stage; Eq. 3 weighs them.

        Args:
            stage: The stage, with `seg` and in Stage II `cls` under `loss`.
            batch: Examples of the stage.

        Returns:
            `seg` of the raw map, and in Stage II `cls` of the classifier, scalars.
        """
        if stage.name == "lungs":
            return self.lungs.losses(stage, batch)
        outputs, name = self(batch["image"]), stage.loss_of("cls")
        diseased = outputs["diseased"] if name == "bce" else outputs["diseased"].sigmoid()
        return {
            "seg": compute_map_loss(stage.loss_of("seg"), outputs["lesions"], batch["lesions"]),
            "cls": compute_number_loss(name, diseased, batch["diseased"]),
        }

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """Compute the Dice coefficient in the network's square; in Stage II of the refined map.

        Args:
            stage: The stage.
            batch: Examples of the stage.

        Returns:
            `[n]`, higher is better; NaN where no mask is drawn.
        """
        if stage.name == "lungs":
            return self.lungs.quality(stage, batch)
        return compute_cut_dice(self.refine_map(self(batch["image"])), batch["lesions"], self.settings["threshold"])

    def choose_settings(self, cases: Sequence[Case], done: Done) -> None:
        """Choose the share from which a segment counts (Table 9); keep the recipe's where no case has a score.

        Args:
            cases: Training and validation cases.
            done: Called with the number of predicted cases and their total.
        """
        scored = [case for case in cases if case.targets.zone_severity is not None]
        shares: list[NDArray[np.float64]] = []
        for start in range(0, len(scored), BATCH_SIZE):
            images = [case.image() for case in scored[start : start + BATCH_SIZE]]
            shares += [prediction["_shares"] for prediction in self.predict(images)]
            done(len(shares), len(scored))
        truth = np.array([case.targets.zone_severity for case in scored], np.float64)
        best = find_best_share(np.reshape(shares, (-1, 6)), truth)
        self.settings["segment_share"] = self.settings["segment_share"] if best is None else best

    def to_prediction(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """Turn the outputs for one radiograph into its predictions.

        Args:
            outputs: Logits `lesions` `[1, S, S]` and `diseased`, a scalar.
            view: The crop, with the lung mask.
            image: Not used.

        Returns:
            One prediction per task: the mask `[H, W]`, the score 0-6 (0 where no lungs were found), the probability;
            and `_shares` `[6]`, the opaque share of each segment.
        """
        batch = {key: value[None] for key, value in outputs.items()}
        mask = from_square(self.refine_map(batch)[0].float().cpu().numpy(), view) > self.settings["threshold"]
        shares = np.zeros(6) if view.keep is None else compute_segment_shares(mask, view.keep)
        score = float(count_affected_segments(shares, self.settings["segment_share"]))
        return {
            "opacity-segmentation": {"mask": mask},
            "zone-severity": {"zone_severity": score},
            "detection": {"probability": float(outputs["diseased"].sigmoid())},
            "_shares": shares,
        }


def _make_lung_recipe(recipe: Recipe, options: DiseaseOptions) -> Recipe:
    """The recipe of the Stage I network alone."""
    network = {"decoder": options.lungs.decoder, "encoder": options.lungs.encoder, "pretrained": options.pretrained}
    spec = recipe.input.model_copy(update={"size": options.lungs.size})
    return recipe.model_copy(update={"system": "danilov-lungs", "input": spec, "network": network, "predict": {}})
