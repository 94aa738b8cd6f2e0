"""DLNet-1 and DLNet-2: pneumonia detected and localised at once, learnt from boxes (Amer et al. 2020, III and IV-B).

Stage `dlnet` makes DLNet-1. DLNet-2 is one stage more: it goes on with boxes replaced by Grad-CAM proposals for half of
the positives that the first is sure of. With LSNet's lungs (stage `lungs`) the map gives the ratio and the extent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from torch.nn import functional
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, unsquare
from cxrbench_baselines.lungs_first import Finder, LungFinder, LungsFirst
from cxrbench_baselines.nets.losses import number_loss
from cxrbench_baselines.recipe import Recipe, Share, Stage, Strict
from cxrbench_baselines.system import Batch, Done, Learns, Options, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.dlnet.choices import chosen
from cxrbench_baselines.systems.dlnet.extent import OPACITY_OF_EXTENT, boxes, extent, pneumonia_ratio
from cxrbench_baselines.systems.dlnet.network import MAPS, DLNet, Seen, one_map, to_unit
from cxrbench_baselines.systems.dlnet.refining import Proposals, refined
from cxrbench_baselines.systems.dlnet.targets import known, target

Tensor = torch.Tensor
PIXELS = MAPS * 56 * 56
"""Values of the printed network's maps. The squared error is summed over them, as the weight 1e-5 asks for: of a mean
it would be nothing beside the cross-entropy. With smaller maps the sum is scaled to this number."""


class DLNetOptions(Options):
    """`backbone` by timm's name, `dropout` of the detection head, `sigma` of the targets' blur in input pixels."""

    backbone: str = "resnet50"
    dropout: float = 0.5
    sigma: float = 5.0
    lungs: Finder
    proposals: Proposals = Proposals()


class Cuts(Strict):
    """The `predict` section: where detection and map are cut, and whether both are chosen anew after the training."""

    operating_point: Share = 0.62
    map_threshold: Share = 0.8
    choose: bool = False


@systems.register("dlnet")
class DLNetSystem(LungsFirst):
    """Probability, boxes, and extent of pneumonia.

    `predict` has the `operating_point` of the detection and the `map_threshold` of the localisation; both are chosen
    anew after the training where `choose` is true, by the paper's rules.
    """

    tasks = ("detection", "localization", "extent-opacity")
    stages: ClassVar = {
        "lungs": LungsFirst.LUNGS,
        "dlnet": Learns(("localization", "detection"), ("boxes", "finding")),
        "proposals": Learns(("localization", "detection"), ("boxes", "finding")),
    }
    options = DLNetOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.own = checked(DLNetOptions, recipe)
        self.settings = checked(Cuts, recipe, "predict").model_dump()
        self.lungs = LungFinder(self.own.lungs, self.own.pretrained)
        self.dlnet = DLNet(self.own.backbone, self.given.channels, self.own.dropout, self.own.pretrained)
        self.origin = self.dlnet.origin

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Dataset[Batch]:
        """Radiographs with their boxes; in the second stage's training some have a proposal instead (`refined` 1)."""
        found = super().examples(stage, cases, seed, done, learning=learning)
        if stage.name == "lungs":
            return found
        second = stage.name == "proposals" and learning
        refined(self, found, self.own.proposals if second else None, seed)
        return found

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """`[n, C, S, S]` to `finding`: logits `[n]`, and `map`: `[n, S / 8, S / 8]` in [0, 1]."""
        seen = self.dlnet(image)
        return {"finding": seen.logit, "map": one_map(seen.maps)}

    def own_losses(self, stage: Stage, batch: Batch) -> dict[str, Tensor]:
        """Eq. 1: cross-entropy of the label, and the squared error of the 128 maps, summed, times `lambda`."""
        seen = self.dlnet(batch["image"])
        located = self._error(seen, batch)[known(batch["boxes"])]
        error = located.mean() if len(located) else seen.maps.sum() * 0
        return {
            "detection": number_loss("bce", seen.logit, batch["finding"]),
            "localization": float(stage.loss_of("lambda")) * error,
        }

    def _error(self, seen: Seen, batch: Batch) -> Tensor:
        """The squared error of each image's maps, scaled to [0, 1], against its target: `[n]`, summed over `PIXELS`."""
        wanted = target(batch["boxes"], batch["refined"], self.own.sigma, seen.maps.shape[-1])
        return PIXELS * (to_unit(seen.maps) - wanted[:, None]).square().mean((1, 2, 3))

    def own_quality(self, stage: Stage, batch: Batch) -> Tensor:
        """The loss of each image with the sign turned, so that higher is better: it moves the learning rate."""
        seen = self.dlnet(batch["image"])
        entropy = functional.binary_cross_entropy_with_logits(
            seen.logit, batch["finding"].nan_to_num(), reduction="none"
        )
        error = float(stage.loss_of("lambda")) * self._error(seen, batch) * known(batch["boxes"])
        return torch.where(batch["finding"].isnan(), torch.nan, -entropy - error)

    def tuned(self, cases: Sequence[Case], done: Done) -> None:
        """Where the recipe says `choose`: the operating point and the threshold of the map, on these cases."""
        if self.settings["choose"]:
            self.settings |= chosen(self, cases, done)

    def decoded(self, outputs: Mapping[str, Tensor], view: View, image: Image) -> dict[str, Any]:
        """Nothing is localised, and the extent is 0, below the operating point."""
        probability = float(outputs["finding"].float().sigmoid())
        heat = unsquare(outputs["map"].float().cpu().numpy(), view)
        if probability < float(self.settings["operating_point"]):
            heat = np.zeros_like(heat)
        found, confidence = boxes(heat, float(self.settings["map_threshold"]))
        return {
            "detection": {"probability": probability},
            "localization": {"boxes": found, "confidence": confidence},
            "extent-opacity": self._severity(heat, np.asarray(image.pixels, np.float32)),
        }

    def _severity(self, heat: NDArray[np.float32], pixels: NDArray[np.float32]) -> dict[str, float]:
        """Extent in the lungs, and the opacity that goes with it; `_ratio` is Eq. 2 in percent."""
        pneumonia = heat > float(self.settings["map_threshold"])
        if not pneumonia.any():
            return {"extent": 0.0, "opacity": 0.0, "_ratio": 0.0}
        lungs = self.lungs.find(pixels)
        score = extent(pneumonia, lungs)
        ratio = pneumonia_ratio(pneumonia, lungs)
        return {"extent": float(score), "opacity": OPACITY_OF_EXTENT * score, "_ratio": ratio}
