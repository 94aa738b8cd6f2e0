"""Training examples of CT series: prepared once, kept in memory as bytes, cut into windows of one size in every epoch.

A prepared series takes one byte per voxel and another for its labels: about 1 MB for a series of 40 slices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from cxrbench.case import IGNORE
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrbench_baselines.examples.radiographs import derive_seed
from cxrbench_baselines.framing import normalise_square
from cxrbench_baselines.recipe import InputSpec

Batch = dict[str, torch.Tensor]
Bytes = NDArray[np.uint8]
WindowMode = Literal["run", "spread"]
VALIDATION_SLICES = 8
"""Slices of each series that a validation looks at, evenly spaced."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A prepared series: `pixels` uint8 `[d, h, w]` (the window of HU in 256 steps) and its truth.

    `labels` uint8 of the same shape, 0, 1 or `IGNORE`; None where nothing is drawn. `covid` is 1, 0 or NaN.
    """

    pixels: Bytes
    labels: Bytes | None
    covid: float


class SliceDataset(Dataset[Batch]):
    """Single slices: `image` `[1, S, S]` and `labels` `[S, S]`; every slice of every series once per epoch.

    A slice that is larger than the square is cut at a position that changes with `epoch`, a smaller one is centred. For
    validation (`learning` False) there are `VALIDATION_SLICES` slices per series, cut in the middle.
    """

    def __init__(self, volumes: Sequence[Volume], spec: InputSpec, seed: int, *, learning: bool) -> None:
        self.volumes, self.input, self.seed, self.learning, self.epoch = volumes, spec, seed, learning, 0
        self.places = [(i, z) for i, volume in enumerate(volumes) for z in _select_slices(len(volume.pixels), learning)]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Batch:
        """Return example `index` of this epoch."""
        number, z = self.places[index]
        rng = np.random.default_rng(derive_seed(self.seed, self.epoch, index)) if self.learning else None
        window = cut_window(self.volumes[number], [z], self.input, rng)
        return {"image": window["image"][:, 0], "labels": window["labels"][0], "covid": window["covid"]}


class WindowDataset(Dataset[Batch]):
    """Windows of N = `slices` slices: `image` `[1, N, S, S]`, `labels` `[N, S, S]`, `covid`.

    An epoch has `draws` windows of each series. `mode`: a "run" consists of neighbouring slices from a random position
    on, and a series that is shorter is centred in it; "spread" takes one slice from each of N equal parts of the
    series. Validation takes the middle.
    """

    def __init__(
        self,
        volumes: Sequence[Volume],
        spec: InputSpec,
        seed: int,
        *,
        slices: int,
        mode: WindowMode,
        draws: int = 1,
        learning: bool,
    ) -> None:
        self.volumes, self.input, self.seed, self.learning, self.epoch = volumes, spec, seed, learning, 0
        self.slices, self.mode, self.draws = slices, mode, draws if learning else 1

    def __len__(self) -> int:
        return len(self.volumes) * self.draws

    def __getitem__(self, index: int) -> Batch:
        """Return example `index` of this epoch."""
        rng = np.random.default_rng(derive_seed(self.seed, self.epoch, index)) if self.learning else None
        volume = self.volumes[index // self.draws]
        if self.mode == "spread":
            return cut_window(volume, spread_slices(len(volume.pixels), self.slices, rng), self.input, rng)
        source, target = place_window(len(volume.pixels), self.slices, rng)
        window = cut_window(volume, range(source.start, source.stop), self.input, rng)
        return {key: _centre_run(value, key, target, self.slices) for key, value in window.items()}


def _centre_run(values: torch.Tensor, key: str, target: slice, slices: int) -> torch.Tensor:
    """A run of slices that is shorter than the window, with black slices before and after it."""
    axis = {"image": 1, "labels": 0}.get(key)
    if axis is None or target == slice(0, slices):
        return values
    full = values.new_zeros([slices if i == axis else length for i, length in enumerate(values.shape)])
    full.narrow(axis, target.start, target.stop - target.start).copy_(values)
    return full


def _select_slices(depth: int, learning: bool) -> list[int]:
    return list(range(depth)) if learning else sorted(set(spread_slices(depth, VALIDATION_SLICES, None)))


def spread_slices(depth: int, count: int, rng: np.random.Generator | None) -> list[int]:
    """Choose one slice of each of `count` equal parts of a series, in order.

    Args:
        depth: Slices of the series.
        count: Slices to choose.
        rng: Source of the random choice; without it the middle slice of each part is chosen.

    Returns:
        Indices `[count]`; they repeat where the series is shorter.

    Example:
        >>> spread_slices(8, 4, None)
        [1, 3, 5, 7]
    """
    within = np.full(count, 0.5) if rng is None else rng.random(count)
    indices: list[int] = np.minimum((np.arange(count) + within) * depth / count, depth - 1).astype(int).tolist()
    return indices


def place_window(length: int, size: int, rng: np.random.Generator | None) -> tuple[slice, slice]:
    """Place a window on an axis: a longer axis is cut, a shorter one is centred in the window.

    Args:
        length: Length of the axis.
        size: Length of the window.
        rng: Source of the random position of the cut; without it the axis is cut in the middle.

    Returns:
        The part of the axis that is taken, and the part of the window that it fills.

    Example:
        >>> place_window(10, 4, None), place_window(2, 4, None)
        ((slice(3, 7, None), slice(0, 4, None)), (slice(0, 2, None), slice(1, 3, None)))
    """
    if length <= size:
        start = (size - length) // 2
        return slice(0, length), slice(start, start + length)
    start = (length - size) // 2 if rng is None else int(rng.integers(length - size + 1))
    return slice(start, start + size), slice(0, size)


def cut_window(volume: Volume, slices: Sequence[int], spec: InputSpec, rng: np.random.Generator | None) -> Batch:
    """Cut slices of a series into squares; around a smaller slice there is air, which has no lesion.

    Args:
        volume: The prepared series.
        slices: Indices of the slices.
        spec: The recipe's `input`, for size and normalisation.
        rng: Source of the random position of the cut; without it slices are cut in the middle.

    Returns:
        `image` float32 `[1, N, S, S]`, `labels` uint8 `[N, S, S]` (`IGNORE` where nothing is drawn) and `covid`.
    """
    (rows, at_rows), (columns, at_columns) = (
        place_window(length, spec.size, rng) for length in volume.pixels.shape[1:]
    )
    shape = (len(slices), spec.size, spec.size)
    pixels, labels = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    pixels[:, at_rows, at_columns] = volume.pixels[list(slices), rows, columns]
    if volume.labels is None:
        labels[:] = IGNORE
    else:
        labels[:, at_rows, at_columns] = volume.labels[list(slices), rows, columns]
    return {
        "image": torch.from_numpy(normalise_square(pixels, spec)),
        "labels": torch.from_numpy(labels),
        "covid": torch.tensor(volume.covid, dtype=torch.float32),
    }
