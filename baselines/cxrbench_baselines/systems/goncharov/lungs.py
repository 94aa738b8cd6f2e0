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
from cxrbench_baselines.ct.prepare import Series, rescaled, rescaled_labels, shape_of, spacing_of, windowed
from cxrbench_baselines.nets.losses import cut_dice, map_loss
from cxrbench_baselines.recipe import Input, Recipe, Stage
from cxrbench_baselines.system import Batch, Done, Learns, Options, System, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.blocks import plain_unet
from cxrbench_baselines.systems.goncharov.ct_input import checked_input, spacing_mm
from cxrbench_baselines.systems.goncharov.streaming import grey, mapped
from cxrbench_baselines.systems.goncharov.windows import Slices, Volume

CHANNELS = (64, 128, 256, 512, 1024)
"""Of Ronneberger et al. 2015."""


class LungNetwork(nn.Module):
    """The network, which knows at which spacing it was trained (0: it was not)."""

    trained_at: torch.Tensor

    def __init__(self, channels: Sequence[int], given: Input) -> None:
        super().__init__()
        self.given, self.network = given, plain_unet(channels)
        self.register_buffer("trained_at", torch.zeros(()))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Slices `[n, 1, h, w]` to logits of the same shape."""
        found: torch.Tensor = self.network(image)
        return found

    def probability(self, small: Image) -> NDArray[np.float32]:
        """How likely each voxel of a rescaled CT is lung, `[D, h, w]`."""
        device = next(self.parameters()).device
        with torch.inference_mode():
            return mapped(self, grey(windowed(np.asarray(small.pixels, np.int16))), self.given, device)

    def find(self, small: Image, *, where: str = "") -> NDArray[np.uint8]:
        """Both lungs of a rescaled CT `[D, h, w]`, told apart by k-means: what `find_lungs` gives without weights.

        Raises `UsageError` where the network has no weights, or those of another spacing.
        """
        self._check()
        return split_lungs(self.probability(small) > 0.5, spacing_of(small, where)).labels

    def _check(self) -> None:
        learnt, asked = float(self.trained_at), spacing_mm(self.given)
        if not learnt:
            raise UsageError("the lung network has no weights", "network.lungs: unet", "give --start lungs=FOLDER")
        if abs(learnt - asked) > 1e-3:
            fix = f"train it with --set input.spacing={asked:g}, or set this to {learnt:g}"
            raise UsageError(f"the lung network was trained at {learnt:g} mm, not {asked:g}", "network.lungs", fix)


class LungsOptions(Options):
    """Channels of the levels, from full resolution down."""

    channels: tuple[int, ...] = CHANNELS


@systems.register("goncharov-lungs-unet")
class LungsUnet(System):
    """A lung mask of a whole CT: 1 where there is lung."""

    tasks = ("lung-segmentation",)
    stages = {"lungs": Learns(("lung-segmentation",), ("lungs",))}
    options = LungsOptions
    batch_size = 1

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        checked_input(recipe)
        self.lungs = LungNetwork(checked(LungsOptions, recipe).channels, self.given)

    def takes(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """CT series; a dataset may hold films too."""
        return case.modality == "ct"

    def examples(self, stage: Stage, cases: Sequence[Case], seed: int, done: Done, *, learning: bool) -> Slices:  # noqa: ARG002
        """Slices of whole series with their lungs as one label."""
        volumes = []
        for i, case in enumerate(cases):
            volumes.append(_volume(case, self.given))
            done(i + 1, len(cases))
        return Slices(volumes, self.given, seed, learning=learning)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Slices to logits."""
        found: torch.Tensor = self.lungs(image)
        return found

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg`."""
        self.lungs.trained_at.fill_(spacing_mm(self.given))
        return {"seg": map_loss(stage.loss["seg"], self(batch["image"]), batch["labels"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Dice of each slice."""
        return cut_dice(self(batch["image"])[:, 0].sigmoid(), batch["labels"])

    def predict(self, images: Sequence[Image]) -> list[dict[str, Any]]:
        """A mask in each image's own shape."""
        return [{"mask": self._mask(image)} for image in images]

    def _mask(self, image: Image) -> NDArray[np.bool_]:
        small = rescaled(image, to=spacing_mm(self.given), where=f"image {image.id}")
        return _whole(small, shape_of(image)).restored(self.lungs.probability(small))


def _whole(small: Image, shape: tuple[int, int, int]) -> Series:
    """A rescaled CT that is not cropped."""
    own = shape_of(small)
    pixels = np.asarray(small.pixels, np.int16)
    d, h, w = (slice(0, length) for length in own)
    return Series(pixels, np.zeros(own, np.uint8), spacing_of(small), (d, h, w), own, shape)


def _volume(case: Case, given: Input) -> Volume:
    """A whole series and its drawn lungs at the network's spacing; `IGNORE` stays."""
    small = rescaled(case.image(), to=spacing_mm(given), where=f"{case.dataset}/{case.id}")
    labels = None
    if case.targets.lung_mask is not None:
        drawn = case.targets.lung_mask()
        one = np.where(drawn == IGNORE, np.uint8(IGNORE), (drawn > 0).astype(np.uint8))
        labels = rescaled_labels(one, shape_of(small))
    return Volume(grey(windowed(np.asarray(small.pixels, np.int16))), labels, np.nan)
