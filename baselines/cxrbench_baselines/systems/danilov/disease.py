"""Stage II of Danilov et al. 2022: opacities in the lungs that Stage I cut out, and a score of six segments.

One network has two branches on one encoder: a map of opacities, and the probability that the film shows disease at all,
which refines the map (Eqs. 1 and 2). Their losses are weighed by how far each has come (Eq. 3).
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

from cxrbench_baselines.framing import View, unsquare
from cxrbench_baselines.nets.encoders import segmenter
from cxrbench_baselines.nets.losses import cut_dice, map_loss, number_loss
from cxrbench_baselines.recipe import Recipe, Share, Stage, Strict
from cxrbench_baselines.system import Batch, Done, Learns, System, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.danilov.lungs import Decoder, LungOptions, Lungs, check_side
from cxrbench_baselines.systems.danilov.segments import best_share, segment_shares, severity

AT_ONCE = 4
"""Films that are predicted together while the threshold of the score is chosen."""


class LungsPart(Strict):
    """The Stage I network in front; `size` is the side of its square in pixels."""

    decoder: Decoder
    encoder: str
    size: Annotated[int, Field(ge=32, le=2048)]


class DiseaseOptions(LungOptions):
    """Decoder and encoder as in Stage I, the dropout before the classifier's one neuron, and the lungs' network."""

    dropout: Share
    lungs: LungsPart


class Cuts(Strict):
    """Of prediction: T of Eq. 2, where the map is cut, and the opaque share from which a segment counts."""

    refine_at: Share = 0.5
    threshold: Share = 0.5
    segment_share: Share = 0.01


@systems.register("danilov-disease")
class Disease(System):
    """Opacities, the probability of disease, and the number of affected segments of one radiograph."""

    tasks = ("opacity-segmentation", "zone-severity", "detection")
    stages: ClassVar = {
        "lungs": Lungs.stages["lungs"],
        "disease": Learns(("opacity-segmentation", "detection"), ("lesions", "diseased")),
    }
    options = DiseaseOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(DiseaseOptions, recipe)
        check_side(own.decoder, self.given.size)
        self.settings = checked(Cuts, recipe, "predict").model_dump()
        self.lungs = Lungs(_of_lungs(recipe, own))
        head = {"pooling": "avg", "dropout": own.dropout, "classes": 1}
        self.network, origin = segmenter(own.decoder, own.encoder, self.given.channels, own.pretrained, aux_params=head)
        self.origin = origin if origin == self.lungs.origin else f"{origin}; of the lungs: {self.lungs.origin}"

    def parts(self, stage: str) -> Sequence[nn.Module]:
        """Stage I alone, then Stage II alone."""
        return [self.lungs] if stage == "lungs" else [self.network]

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:
        """Whole films at the lungs' own size, then lungs cut out."""
        if stage.name == "lungs":
            return self.lungs.examples(stage, cases, seed, done, learning=learning)
        return super().examples(stage, cases, seed, done, learning=learning)

    def view(self, stage: str | None, pixels: NDArray[np.float32]) -> View:
        """The box around the lungs with nothing but lungs in it; all of a film where none are found."""
        return View.whole(pixels.shape) if stage == "lungs" else self.views([Image(pixels)])[0]

    def views(self, images: Sequence[Image]) -> list[View]:
        """The same for the films of a batch."""
        found = self.lungs.eval().predict(images)
        return [View.around(one["mask"], masked=True) for one in found]

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """`[n, C, S, S]` to logits: `lesions` `[n, 1, S, S]`, `diseased` `[n]`."""
        lesions, diseased = self.network(image)
        return {"lesions": lesions, "diseased": diseased[:, 0]}

    def refined(self, outputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Eqs. 1 and 2: the map `[n, S, S]` of probabilities, all 0 where the classifier sees no disease."""
        ill = outputs["diseased"].sigmoid() >= self.settings["refine_at"]
        found: torch.Tensor = outputs["lesions"][:, 0].sigmoid() * ill[:, None, None]
        return found

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's losses `seg` of the raw map and `cls` of the classifier."""
        if stage.name == "lungs":
            return self.lungs.losses(stage, batch)
        outputs, name = self(batch["image"]), stage.loss_of("cls")
        diseased = outputs["diseased"] if name == "bce" else outputs["diseased"].sigmoid()
        return {
            "seg": map_loss(stage.loss_of("seg"), outputs["lesions"], batch["lesions"]),
            "cls": number_loss(name, diseased, batch["diseased"]),
        }

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:
        """Dice in the network's square, of the refined map."""
        if stage.name == "lungs":
            return self.lungs.quality(stage, batch)
        return cut_dice(self.refined(self(batch["image"])), batch["lesions"], self.settings["threshold"])

    def tuned(self, cases: Sequence[Case], done: Done) -> None:
        """Choose the share from which a segment counts on the scored films (Table 9); keep it where there is none."""
        scored = [case for case in cases if case.targets.zone_severity is not None]
        shares: list[NDArray[np.float64]] = []
        for start in range(0, len(scored), AT_ONCE):
            images = [case.image() for case in scored[start : start + AT_ONCE]]
            shares += [one["_shares"] for one in self.predict(images)]
            done(len(shares), len(scored))
        truth = np.array([case.targets.zone_severity for case in scored], np.float64)
        best = best_share(np.reshape(shares, (-1, 6)), truth)
        self.settings["segment_share"] = self.settings["segment_share"] if best is None else best

    def decoded(self, outputs: Mapping[str, torch.Tensor], view: View, image: Image) -> dict[str, Any]:  # noqa: ARG002
        """The mask at the image's own size, the probability, and the score; 0 where no lungs were found."""
        one = {key: value[None] for key, value in outputs.items()}
        mask = unsquare(self.refined(one)[0].float().cpu().numpy(), view) > self.settings["threshold"]
        shares = np.zeros(6) if view.keep is None else segment_shares(mask, view.keep)
        return {
            "opacity-segmentation": {"mask": mask},
            "zone-severity": {"zone_severity": float(severity(shares, self.settings["segment_share"]))},
            "detection": {"probability": float(outputs["diseased"].sigmoid())},
            "_shares": shares,
        }


def _of_lungs(recipe: Recipe, own: DiseaseOptions) -> Recipe:
    """The recipe as its Stage I network would have it alone."""
    network = {"decoder": own.lungs.decoder, "encoder": own.lungs.encoder, "pretrained": own.pretrained}
    given = recipe.input.model_copy(update={"size": own.lungs.size})
    return recipe.model_copy(update={"system": "danilov-lungs", "input": given, "network": network, "predict": {}})
