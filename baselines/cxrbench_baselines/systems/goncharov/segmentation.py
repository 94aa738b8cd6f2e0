"""2-D U-Net, 2-D U-Net+ and 3-D U-Net: lesion maps, and COVID-19 by the affected share (sections 2.1.2, 4.3)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from cxrbench.case import Case
from torch.utils.data import Dataset

from cxrbench_baselines.ct.prepare import Series
from cxrbench_baselines.framing import normalise_square
from cxrbench_baselines.nets.losses import compute_map_loss
from cxrbench_baselines.recipe import Recipe, Stage
from cxrbench_baselines.system import Batch, StageSpec, parse_section
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.blocks import make_unet
from cxrbench_baselines.systems.goncharov.streaming import Bytes, predict_map, quantise_pixels, to_probability
from cxrbench_baselines.systems.goncharov.triage import Floats, TriageOptions, TriageSystem, compute_dice
from cxrbench_baselines.systems.goncharov.windows import SliceDataset, Volume, WindowDataset


class Unet2dOptions(TriageOptions):
    """Channels of the levels, and whether series without COVID-19 are used for training as series without lesions."""

    channels: tuple[int, ...] = (32, 64, 128, 256, 512)
    negatives: bool = False


class Unet3dOptions(TriageOptions):
    """Channels of the levels; windows of `slices` slices, `draws` of each series per epoch."""

    channels: tuple[int, ...] = (16, 32, 64, 128)
    slices: int = 32
    draws: int = 1


class LesionSegmentation(TriageSystem):
    """A U-Net with a lesion map alone; trained on drawn lesions of COVID-19."""

    stages = {"lesions": StageSpec(("ct-triage", "opacity-segmentation"), ("lesions", "covid"))}
    network: torch.nn.Module

    def accepts(self, stage: Stage, case: Case) -> bool:  # noqa: ARG002
        """Whether a case has drawn lesions of COVID-19, or with `negatives` is known to have none.

        Args:
            stage: Not used.
            case: The case.

        Returns:
            True for a CT to train on.
        """
        if case.modality != "ct":
            return False
        category = case.targets.category
        drawn = category == "covid" and case.targets.lesion_mask is not None
        return drawn or (self.negatives and category in ("other", "healthy"))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Segment lesions.

        Args:
            image: Slices `[n, 1, h, w]` or series `[n, 1, d, h, w]`.

        Returns:
            Logits of the same shape.
        """
        logits: torch.Tensor = self.network(image)
        return logits

    def losses(self, stage: Stage, batch: Batch) -> dict[str, torch.Tensor]:
        """Compute the recipe's loss of the map; the paper's is the binary cross-entropy.

        Args:
            stage: The stage, with `seg` under `loss`.
            batch: Windows with `image` and `labels`.

        Returns:
            `seg`, a scalar.
        """
        return {"seg": compute_map_loss(stage.loss["seg"], self(batch["image"]), batch["labels"])}

    def quality(self, stage: Stage, batch: Batch) -> torch.Tensor:  # noqa: ARG002
        """Compute the Dice coefficient of each window.

        Args:
            stage: Not used.
            batch: Windows with `image` and `labels`.

        Returns:
            `[n]`, higher is better; NaN where no lesions are drawn.
        """
        return compute_dice(self(batch["image"]), batch["labels"])

    def predict_series(self, series: Series) -> dict[str, Any]:
        """Predict a prepared series.

        Args:
            series: The series, cropped to its lungs.

        Returns:
            Both rankings by the affected share, and the mask.
        """
        return self.rank_by_share(series, self.predict_lesions(quantise_pixels(series.pixels)))

    def predict_lesions(self, volume: Bytes) -> Floats:
        """Predict the lesion map of a prepared series.

        Args:
            volume: Series uint8 `[d, h, w]`.

        Returns:
            Probabilities `[d, h, w]`.
        """
        raise NotImplementedError


@systems.register("goncharov-2d-unet")
class Unet2d(LesionSegmentation):
    """Axial slices, each on its own (section 2.1.2)."""

    options = Unet2dOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        options = parse_section(Unet2dOptions, recipe)
        self.network, self.negatives = make_unet(2, options.channels), options.negatives

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Make examples: single slices.

        Args:
            volumes: Prepared series.
            seed: Seed of the positions at which slices are cut.
            learning: Every slice (training), or some of each series (validation).

        Returns:
            The slices.
        """
        return SliceDataset(volumes, self.input, seed, learning=learning)

    def predict_lesions(self, volume: Bytes) -> Floats:
        """Predict the lesion map slice by slice, each slice whole.

        Args:
            volume: Series uint8 `[d, h, w]`.

        Returns:
            Probabilities `[d, h, w]`.
        """
        return predict_map(self.network, volume, self.input, self.device)


@systems.register("goncharov-3d-unet")
class Unet3d(LesionSegmentation):
    """The whole series at once (section 2.1.2); more than `predict.slices` slices in overlapping runs of this length.

    Of a run, `predict.margin` slices at each inner end are discarded, so that memory does not grow with the series.
    """

    options = Unet3dOptions

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.network_options = parse_section(Unet3dOptions, recipe)
        self.network = make_unet(3, self.network_options.channels)

    def windows(self, volumes: Sequence[Volume], seed: int, *, learning: bool) -> Dataset[Batch]:
        """Make examples: runs of neighbouring slices.

        Args:
            volumes: Prepared series.
            seed: Seed of the draws.
            learning: Draw at random (training), or take the middle (validation).

        Returns:
            The windows.
        """
        options = self.network_options
        return WindowDataset(
            volumes, self.input, seed, slices=options.slices, mode="run", draws=options.draws, learning=learning
        )

    def predict_lesions(self, volume: Bytes) -> Floats:
        """Predict the lesion map run by run; most series are one run.

        Args:
            volume: Series uint8 `[d, h, w]`.

        Returns:
            Probabilities `[d, h, w]`.
        """
        lesions = np.empty(volume.shape, np.float32)
        slices, margin = int(self.settings.get("slices", 96)), int(self.settings.get("margin", 16))
        for run, kept in split_into_runs(len(volume), slices, margin):
            image = torch.from_numpy(normalise_square(volume[run], self.input))[None].to(self.device)
            within = slice(kept.start - run.start, kept.stop - run.start)
            lesions[kept] = to_probability(self.network(image))[0, within]
        return lesions


def split_into_runs(depth: int, slices: int, margin: int) -> Iterator[tuple[slice, slice]]:
    """Split a series into overlapping runs.

    Args:
        depth: Slices of the series.
        slices: The most slices of a run.
        margin: Slices at each inner end of a run whose prediction is discarded.

    Yields:
        The slices of a run, and those of them whose prediction is kept.

    Example:
        >>> [(run.start, run.stop, kept.start, kept.stop) for run, kept in split_into_runs(10, 6, 1)]
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
