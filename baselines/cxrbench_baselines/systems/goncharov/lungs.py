"""Lungs of a CT by a plain 2-D U-Net, slice by slice (Goncharov et al. 2020, sections 2.1.1 and 4.2)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import IGNORE, Case, Image
from cxrbench.errors import UsageError
from numpy.typing import NDArray
from torch import nn

from cxrbench_baselines.ct.lungs import split_lungs
from cxrbench_baselines.ct.prepare import Series, window_hu
from cxrbench_baselines.ct.rescaling import read_shape, read_spacing, rescale_ct, rescale_labels
from cxrbench_baselines.nets.losses import compute_cut_dice, compute_map_loss
from cxrbench_baselines.recipe import InputSpec, Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Options, StageSpec, System, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.blocks import make_plain_unet
from cxrbench_baselines.systems.goncharov.ct_input import check_input, read_spacing_mm
from cxrbench_baselines.systems.goncharov.streaming import predict_map, quantise_pixels
from cxrbench_baselines.systems.goncharov.windows import SliceDataset, Volume

CHANNELS = (64, 128, 256, 512, 1024)
"""Of Ronneberger et al. 2015."""


class CtLungNetwork(nn.Module):
    """The lung U-Net, with the spacing in mm at which it was trained (0 where it was not)."""

    trained_at: torch.Tensor

    def __init__(self, channels: Sequence[int], spec: InputSpec) -> None:
        super().__init__()
        self.input, self.network = spec, make_plain_unet(channels)
        self.register_buffer("trained_at", torch.zeros(()))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Segment the lungs of slices.

        Args:
            image: Slices `[n, 1, h, w]`.

        Returns:
            Logits of the same shape.
        """
        logits: torch.Tensor = self.network(image)
        return logits

    def predict_probability(self, small: Image) -> NDArray[np.float32]:
        """Predict the probability that each voxel of a rescaled CT is lung.

        Args:
            small: A CT at the network's spacing.

        Returns:
            Probabilities `[D, h, w]`.
        """
        device = next(self.parameters()).device
        with torch.inference_mode():
            return predict_map(self, quantise_pixels(window_hu(np.asarray(small.pixels, np.int16))), self.input, device)

    def find(self, small: Image, *, where: str = "") -> NDArray[np.uint8]:
        """Segment both lungs and split them by k-means (section 2.1.1): the counterpart of `find_lungs`.

        Args:
            small: A CT at the network's spacing, `[D, h, w]`.
            where: Name of the series for errors.

        Returns:
            Labels uint8 `[D, h, w]`: 1 right, 2 left, 3 of unknown side.

        Raises:
            UsageError: The network has no weights, or was trained at another spacing.
        """
        self._check()
        return split_lungs(self.predict_probability(small) > 0.5, read_spacing(small, where)).labels

    def _check(self) -> None:
        trained, wanted = float(self.trained_at), read_spacing_mm(self.input)
        if not trained:
            raise UsageError("the lung network has no weights", "network.lungs: unet", "give --start lungs=FOLDER")
        if abs(trained - wanted) > 1e-3:
            fix = f"train it with --set input.spacing={wanted:g}, or set this to {trained:g}"
            raise UsageError(f"the lung network was trained at {trained:g} mm, not {wanted:g}", "network.lungs", fix)


class CtLungOptions(Options):
    """Channels of the levels, from full resolution down."""

    channels: tuple[int, ...] = CHANNELS


@systems.register("goncharov-lungs-unet")
class LungsUnet(System):
    """A lung mask of a whole CT: 1 where there is lung."""

    tasks = ("lung-segmentation",)
    stages = {"lungs": StageSpec(("lung-segmentation",), ("lungs",))}
    options = CtLungOptions
    batch_size = 1

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        check_input(recipe)
        self.lungs = CtLungNetwork(parse_section(CtLungOptions, recipe).channels, self.input)

    def accepts(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """Whether a case is a CT series; a dataset may hold radiographs too.

        Args:
            stage: Not used.
            case: The case.

        Returns:
            True for a CT.
        """
        return case.modality == "ct"

    def make_examples(
        self,
        stage: Stage,  # noqa: ARG002
        cases: Sequence[Case],
        seed: int,
        done: Done,
        *,
        learning: bool,
    ) -> SliceDataset:
        """Make the examples: slices of whole series, both lungs as one label.

        Args:
            stage: Not used.
            cases: CT series with drawn lungs.
            seed: Seed of the positions at which slices are cut.
            done: Called with the number of prepared series and their total.
            learning: Every slice (training), or some of each series (validation).

        Returns:
            The slices.
        """
        volumes = []
        for i, case in enumerate(cases):
            volumes.append(_make_volume(case, self.input))
            done(i + 1, len(cases))
        return SliceDataset(volumes, self.input, seed, learning=learning)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Segment the lungs of slices.

        Args:
            image: Slices `[n, 1, h, w]`.

        Returns:
            Logits of the same shape.
        """
        logits: torch.Tensor = self.lungs(image)
        return logits

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss of the mask.

        Args:
            stage: The stage, with `seg` under `loss`.
            batch: Slices with `image` and `labels`.

        Returns:
            `seg`, a scalar.
        """
        self.lungs.trained_at.fill_(read_spacing_mm(self.input))
        return {"seg": compute_map_loss(stage.loss["seg"], self(batch["image"]), batch["labels"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute the Dice coefficient of each slice.

        Args:
            stage: Not used.
            batch: Slices with `image` and `labels`.

        Returns:
            `[n]`, higher is better; NaN where no lungs are drawn.
        """
        return compute_cut_dice(self(batch["image"])[:, 0].sigmoid(), batch["labels"])

    def predict(self, images: Sequence[Image]) -> list[dict[str, Any]]:
        """Predict lung masks.

        Args:
            images: CT series.

        Returns:
            One dict per series: `mask` `[D, H, W]` in the series' own shape.
        """
        return [{"mask": self._predict_mask(image)} for image in images]

    def _predict_mask(self, image: Image) -> NDArray[np.bool_]:
        small = rescale_ct(image, to=read_spacing_mm(self.input), where=f"image {image.id}")
        return _to_series(small, read_shape(image)).restored(self.lungs.predict_probability(small))


def _to_series(small: Image, shape: tuple[int, int, int]) -> Series:
    """A rescaled CT that is not cropped."""
    whole = read_shape(small)
    pixels = np.asarray(small.pixels, np.int16)
    d, h, w = (slice(0, length) for length in whole)
    return Series(pixels, np.zeros(whole, np.uint8), read_spacing(small), (d, h, w), whole, shape)


def _make_volume(case: Case, spec: InputSpec) -> Volume:
    """A whole series and its drawn lungs at the network's spacing; `IGNORE` stays."""
    small = rescale_ct(case.image(), to=read_spacing_mm(spec), where=f"{case.dataset}/{case.id}")
    labels = None
    if case.targets.lung_mask is not None:
        drawn = case.targets.lung_mask()
        both = np.where(drawn == IGNORE, np.uint8(IGNORE), (drawn > 0).astype(np.uint8))
        labels = rescale_labels(both, read_shape(small))
    return Volume(quantise_pixels(window_hu(np.asarray(small.pixels, np.int16))), labels, np.nan)
