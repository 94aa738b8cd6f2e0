"""DLNet-1 and DLNet-2: pneumonia detected and localised at once, trained on boxes (Amer et al. 2020, III and IV-B).

Stage `dlnet` makes DLNet-1. DLNet-2 adds the stage `proposals`, which replaces boxes by Grad-CAM proposals for half of
the positive images that DLNet-1 detects with certainty. With LSNet's lungs (stage `lungs`) the map gives the ratio and
the extent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from cxrbench.case import Case, Image
from numpy.typing import NDArray
from torch.nn import functional
from torch.utils.data import Dataset

from cxrbench_baselines.framing import View, from_square
from cxrbench_baselines.lungs_first import LungFinder, LungFinderOptions, LungsFirst
from cxrbench_baselines.nets.losses import compute_number_loss
from cxrbench_baselines.recipe import Fraction, Recipe, Stage, StrictModel
from cxrbench_baselines.system import Batch, Done, Options, StageSpec, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.dlnet.choices import choose_thresholds
from cxrbench_baselines.systems.dlnet.extent import (
    OPACITY_OF_EXTENT,
    compute_extent,
    compute_pneumonia_ratio,
    find_boxes,
)
from cxrbench_baselines.systems.dlnet.network import MAPS, DLNet, DLNetOutput, merge_maps, scale_to_unit
from cxrbench_baselines.systems.dlnet.refining import ProposalOptions, replace_boxes
from cxrbench_baselines.systems.dlnet.targets import find_known_boxes, make_target_maps

Tensor = torch.Tensor
MAP_PIXELS = MAPS * 56 * 56
"""Values of the printed network's maps. The squared error is summed over them, as the weight 1e-5 asks for: their mean
would be negligible against the cross-entropy. With smaller maps the sum is scaled to this number."""


class DLNetOptions(Options):
    """`backbone` by timm's name, `dropout` of the detection head, `sigma` of the targets' blur in input pixels."""

    backbone: str = "resnet50"
    dropout: float = 0.5
    sigma: float = 5.0
    lungs: LungFinderOptions
    proposals: ProposalOptions = ProposalOptions()


class DLNetThresholds(StrictModel):
    """The `predict` section: thresholds of the detection and of the map, and whether to choose them after training."""

    operating_point: Fraction = 0.62
    map_threshold: Fraction = 0.8
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
        "dlnet": StageSpec(("localization", "detection"), ("boxes", "finding")),
        "proposals": StageSpec(("localization", "detection"), ("boxes", "finding")),
    }
    options = DLNetOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.network_options = parse_section(DLNetOptions, recipe)
        self.settings = parse_section(DLNetThresholds, recipe, "predict").model_dump()
        self.lungs = LungFinder(self.network_options.lungs, self.network_options.pretrained)
        self.dlnet = DLNet(
            self.network_options.backbone,
            self.input.channels,
            self.network_options.dropout,
            self.network_options.pretrained,
        )
        self.origin = self.dlnet.origin

    def make_examples(
        self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool
    ) -> Dataset[Batch]:
        """Make the examples of a stage; in the training of `proposals` some have a proposal instead of their boxes.

        Args:
            stage: The stage.
            cases: Cases with the stage's truth.
            seed: Seed of the augmentation and of the choice of images.
            done: Called with the number of prepared cases and their total.
            learning: Training, not validation.

        Returns:
            Radiographs with `boxes` and `finding`; `refined` is 1 where a proposal replaces the boxes.
        """
        examples = super().make_examples(stage, cases, seed, done, learning=learning)
        if stage.name == "lungs":
            return examples
        second = stage.name == "proposals" and learning
        replace_boxes(self, self.dlnet, examples, self.network_options.proposals if second else None, seed)
        return examples

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Detect and localise pneumonia.

        Args:
            image: Radiographs `[n, C, S, S]`, S a multiple of 32.

        Returns:
            `finding`: logits `[n]`, and `map`: `[n, S / 8, S / 8]` in [0, 1].
        """
        outputs = self.dlnet(image)
        return {"finding": outputs.logit, "map": merge_maps(outputs.maps)}

    def own_losses(self, stage: Stage, batch: Batch) -> dict[str, Tensor]:
        """Compute Eq. 1: cross-entropy of the label, and `lambda` times the squared error summed over the 128 maps.

        Args:
            stage: The stage, with `lambda` under `loss`.
            batch: Examples with `image`, `boxes`, `refined` and `finding`.

        Returns:
            `detection` and `localization`, scalars; 0 where no image has a label, or boxes.
        """
        outputs = self.dlnet(batch["image"])
        located = self._compute_error(outputs, batch)[find_known_boxes(batch["boxes"])]
        error = located.mean() if len(located) else outputs.maps.sum() * 0
        return {
            "detection": compute_number_loss("bce", outputs.logit, batch["finding"]),
            "localization": float(stage.loss_of("lambda")) * error,
        }

    def _compute_error(self, outputs: DLNetOutput, batch: Batch) -> Tensor:
        """Squared error of each image's maps, scaled to [0, 1], summed over `MAP_PIXELS`: `[n]`."""
        target = make_target_maps(batch["boxes"], batch["refined"], self.network_options.sigma, outputs.maps.shape[-1])
        return MAP_PIXELS * (scale_to_unit(outputs.maps) - target[:, None]).square().mean((1, 2, 3))

    def own_quality(self, stage: Stage, batch: Batch) -> Tensor:
        """Compute minus the loss of each image, which the plateau schedule watches.

        Args:
            stage: The stage, with `lambda` under `loss`.
            batch: Examples with `image`, `boxes`, `refined` and `finding`.

        Returns:
            `[n]`, higher is better; NaN where the label is unknown.
        """
        outputs = self.dlnet(batch["image"])
        entropy = functional.binary_cross_entropy_with_logits(
            outputs.logit, batch["finding"].nan_to_num(), reduction="none"
        )
        known = find_known_boxes(batch["boxes"])
        error = float(stage.loss_of("lambda")) * self._compute_error(outputs, batch) * known
        return torch.where(batch["finding"].isnan(), torch.nan, -entropy - error)

    def choose_settings(self, cases: Sequence[Case], done: Done) -> None:
        """Choose the operating point and the threshold of the map, where the recipe says `choose`.

        Args:
            cases: Training and validation cases.
            done: Called with the number of predicted cases and their total.
        """
        if self.settings["choose"]:
            self.settings |= choose_thresholds(self, cases, done)

    def to_prediction(self, outputs: Mapping[str, Tensor], view: View, image: Image) -> dict[str, Any]:
        """Turn the outputs for one radiograph into its predictions (IV-B, Fig. 6).

        Args:
            outputs: `finding`: a logit, and `map` `[S / 8, S / 8]` in [0, 1].
            view: What of the radiograph the network saw.
            image: The radiograph.

        Returns:
            One prediction per task. Below the operating point there are no boxes, and the extent is 0.
        """
        probability = float(outputs["finding"].float().sigmoid())
        heat = from_square(outputs["map"].float().cpu().numpy(), view)
        if probability < float(self.settings["operating_point"]):
            heat = np.zeros_like(heat)
        boxes, confidence = find_boxes(heat, float(self.settings["map_threshold"]))
        return {
            "detection": {"probability": probability},
            "localization": {"boxes": boxes, "confidence": confidence},
            "extent-opacity": self._measure_severity(heat, np.asarray(image.pixels, np.float32)),
        }

    def _measure_severity(self, heat: NDArray[np.float32], pixels: NDArray[np.float32]) -> dict[str, float]:
        """Extent in the lungs, and the corresponding opacity; `_ratio` is Eq. 2 in percent."""
        pneumonia = heat > float(self.settings["map_threshold"])
        if not pneumonia.any():
            return {"extent": 0.0, "opacity": 0.0, "_ratio": 0.0}
        lungs = self.lungs.find(pixels)
        extent = compute_extent(pneumonia, lungs)
        ratio = compute_pneumonia_ratio(pneumonia, lungs)
        return {"extent": float(extent), "opacity": OPACITY_OF_EXTENT * extent, "_ratio": ratio}
