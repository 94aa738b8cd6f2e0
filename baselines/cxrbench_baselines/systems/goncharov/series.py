"""What the two systems share that judge a series as a whole: slices spread over it, in a square of fixed size."""

from collections.abc import Sequence

import numpy as np
import torch

from cxrbench_baselines.recipe import Input
from cxrbench_baselines.systems.goncharov.streaming import Bytes
from cxrbench_baselines.systems.goncharov.triage import TriageOptions
from cxrbench_baselines.systems.goncharov.windows import Series, Volume


class SeriesOptions(TriageOptions):
    """How many slices of a series are learnt from at a time (prediction takes all), and its draws an epoch."""

    slices: int = 32
    draws: int = 1


def windows_of(volumes: Sequence[Volume], given: Input, own: SeriesOptions, seed: int, *, learning: bool) -> Series:
    """Slices spread over each series."""
    return Series(volumes, given, seed, slices=own.slices, way="spread", draws=own.draws, learning=learning)


def padded(volume: Bytes, size: int) -> tuple[Bytes, tuple[slice, slice]]:
    """A series `[d, h, w]` in the middle of squares of at least `size`, as in training, and where in them it lies."""
    gaps = [max(size - length, 0) for length in volume.shape[1:]]
    ends = [(gap // 2, gap - gap // 2) for gap in gaps]
    rows, columns = (slice(a, a + length) for (a, _), length in zip(ends, volume.shape[1:], strict=True))
    return np.pad(volume, [(0, 0), *ends]), (rows, columns)


def agreement(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The probability that logits `[n]` give to the truth (1 or 0); NaN where it is unknown."""
    return 1 - (logits.sigmoid() - truth).abs()
