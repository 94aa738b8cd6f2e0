"""2-D U-Net, 2-D U-Net+ and 3-D U-Net: lesions drawn, COVID-19 by the affected share (sections 2.1.2, 4.3)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import Case
from torch.utils.data import Dataset

from cxrbench_baselines.ct.prepare import Series as Prepared
from cxrbench_baselines.framing import normalised
from cxrbench_baselines.nets.losses import map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, Learns, checked
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.blocks import unet
from cxrbench_baselines.systems.goncharov.streaming import Bytes, grey, mapped, probability
from cxrbench_baselines.systems.goncharov.triage import Floats, Triage, TriageOptions, dice
from cxrbench_baselines.systems.goncharov.windows import Series, Slices, Volume


class Unet2dOptions(TriageOptions):
    """Channels of the levels, and whether series without COVID-19 are learnt from as ones without lesions."""

    channels: tuple[int, ...] = (32, 64, 128, 256, 512)
    negatives: bool = False


class Unet3dOptions(TriageOptions):
    """Channels of the levels; windows of `slices` slices, `draws` of each series an epoch."""

    channels: tuple[int, ...] = (16, 32, 64, 128)
    slices: int = 32
    draws: int = 1


class Segmentation(Triage):
    """A U-Net whose map is all it has; learnt from drawn lesions of COVID-19."""

    stages = {"lesions": Learns(("ct-triage", "opacity-segmentation"), ("lesions", "covid"))}
    network: torch.nn.Module

    def takes(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """COVID-19 with drawn lesions and, with `negatives`, all that is known to be none."""
        if case.modality != "ct":
            return False
        category = case.targets.category
        drawn = category == "covid" and case.targets.lesion_mask is not None
        return drawn or (self.negatives and category in ("other", "healthy"))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """`[n, 1, ...]` to logits of the same shape."""
        found: torch.Tensor = self.network(image)
        return found

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """The recipe's loss `seg`."""
        return {"seg": map_loss(stage.loss["seg"], self(batch["image"]), batch["labels"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Dice of each window."""
        return dice(self(batch["image"]), batch["labels"])

    def told(self, series: Prepared) -> dict[str, Any]:
        """Both rankings by the affected share, and the map at one half."""
        return self.by_share(series, self.lesions(grey(series.pixels)))

    def lesions(self, volume: Bytes) -> Floats:
        """The probability map of a prepared series `[d, h, w]`."""
        raise NotImplementedError


@systems.register("goncharov-2d-unet")
class Unet2d(Segmentation):
    """Axial slices, each on its own."""

    options = Unet2dOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        own = checked(Unet2dOptions, recipe)
        self.network, self.negatives = unet(2, own.channels), own.negatives

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Single slices."""
        return Slices(volumes, self.given, seed, learning=learning)

    def lesions(self, volume: Bytes) -> Floats:
        """Slice after slice, whole."""
        return mapped(self.network, volume, self.given, self.device)


@systems.register("goncharov-3d-unet")
class Unet3d(Segmentation):
    """The whole series at once; one of more than `predict.slices` slices in overlapping runs of so many.

    A run keeps what lies `predict.margin` slices inside it, so that memory does not grow with the series.
    """

    options = Unet3dOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.own = checked(Unet3dOptions, recipe)
        self.network = unet(3, self.own.channels)

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Runs of neighbouring slices."""
        own = self.own
        return Series(volumes, self.given, seed, slices=own.slices, way="run", draws=own.draws, learning=learning)

    def lesions(self, volume: Bytes) -> Floats:
        """Run after run, mostly one."""
        found = np.empty(volume.shape, np.float32)
        slices, margin = int(self.settings.get("slices", 96)), int(self.settings.get("margin", 16))
        for run, kept in runs(len(volume), slices, margin):
            image = torch.from_numpy(normalised(volume[run], self.given))[None].to(self.device)
            within = slice(kept.start - run.start, kept.stop - run.start)
            found[kept] = probability(self.network(image))[0, within]
        return found


def runs(depth: int, slices: int, margin: int) -> Iterator[tuple[slice, slice]]:
    """Runs of at most `slices` slices that cover a series, and what of it each is trusted with.

    >>> [(run.start, run.stop, kept.start, kept.stop) for run, kept in runs(10, 6, 1)]
    [(0, 6, 0, 5), (4, 10, 5, 10)]
    """
    start = done = 0
    margin = min(margin, (slices - 1) // 2)
    while done < depth:
        start = min(start, max(depth - slices, 0))
        stop = min(start + slices, depth)
        end = depth if stop == depth else stop - margin
        yield slice(start, stop), slice(done, end)
        done, start = end, end - margin
