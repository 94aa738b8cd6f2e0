"""Shared by the two systems that classify whole series: slices spread over it, in a square of fixed size."""

from collections.abc import Sequence

import numpy as np
import torch

from cxrbench_baselines.recipe import InputSpec
from cxrbench_baselines.systems.goncharov.streaming import Bytes
from cxrbench_baselines.systems.goncharov.triage import TriageOptions
from cxrbench_baselines.systems.goncharov.windows import Volume, WindowDataset


class SeriesOptions(TriageOptions):
    """Slices of a series that are trained on at a time (prediction takes all), and its draws per epoch."""

    slices: int = 32
    draws: int = 1


def make_windows(
    volumes: Sequence[Volume], spec: InputSpec, options: SeriesOptions, seed: int, *, learning: bool
) -> WindowDataset:
    """Make windows of slices that are spread over each series.

    Args:
        volumes: Prepared series.
        spec: The recipe's `input`.
        options: The number of slices and draws.
        seed: Seed of the draws.
        learning: Draw at random (training), or take the middle (validation).

    Returns:
        The windows.
    """
    return WindowDataset(
        volumes, spec, seed, slices=options.slices, mode="spread", draws=options.draws, learning=learning
    )


def pad_series(volume: Bytes, size: int) -> tuple[Bytes, tuple[slice, slice]]:
    """Centre the slices of a series in squares of at least a size, as in training.

    Args:
        volume: Series uint8 `[d, h, w]`.
        size: The least side in pixels.

    Returns:
        The padded series, and the rows and columns of the original in it.
    """
    gaps = [max(size - length, 0) for length in volume.shape[1:]]
    ends = [(gap // 2, gap - gap // 2) for gap in gaps]
    rows, columns = (slice(a, a + length) for (a, _), length in zip(ends, volume.shape[1:], strict=True))
    return np.pad(volume, [(0, 0), *ends]), (rows, columns)


def compute_agreement(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Compute the probability of the true class.

    Args:
        logits: `[n]`.
        truth: `[n]` of 1 and 0; NaN where unknown.

    Returns:
        Probabilities `[n]`; NaN where the truth is unknown.
    """
    return 1 - (logits.sigmoid() - truth).abs()
