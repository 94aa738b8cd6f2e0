"""Training examples of CT series: prepared once, kept in memory as bytes, cut into windows of one size anew each epoch.

A prepared series takes a byte a voxel and another for its labels: about 1 MB for a series of 40 slices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from cxrbench.case import IGNORE
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrbench_baselines.framing import normalised
from cxrbench_baselines.recipe import Input
from cxrbench_baselines.training.examples import seed_of

Batch = dict[str, torch.Tensor]
Bytes = NDArray[np.uint8]
Way = Literal["run", "spread"]
CHECKED = 8
"""Slices of each series that a validation looks at, evenly spaced."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A prepared series: `pixels` uint8 `[d, h, w]` (the window of HU in 256 steps) and what is known of it.

    `labels` uint8 of the same shape, 0, 1 or `IGNORE`; None where nothing is drawn. `covid` is 1, 0 or NaN.
    """

    pixels: Bytes
    labels: Bytes | None
    covid: float


class Slices(Dataset[Batch]):
    """Single slices: `image` `[1, S, S]` and `labels` `[S, S]`; every slice of every series once an epoch.

    A slice that is larger than the square is cut at a place that `epoch` moves on, a smaller one stands in its middle.
    For validation (`learning` False) it is `CHECKED` slices a series, cut in the middle.
    """

    def __init__(self, volumes: Sequence[Volume], given: Input, seed: int, *, learning: bool) -> None:
        self.volumes, self.given, self.seed, self.learning, self.epoch = volumes, given, seed, learning, 0
        self.places = [(i, z) for i, one in enumerate(volumes) for z in _looked_at(len(one.pixels), learning)]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Batch:
        """Example `index` of this epoch."""
        number, z = self.places[index]
        rng = np.random.default_rng(seed_of(self.seed, self.epoch, index)) if self.learning else None
        found = windowed(self.volumes[number], [z], self.given, rng)
        return {"image": found["image"][:, 0], "labels": found["labels"][0], "covid": found["covid"]}


class Series(Dataset[Batch]):
    """Windows of N = `slices` slices: `image` `[1, N, S, S]`, `labels` `[N, S, S]`, `covid`.

    `draws` windows of each series make an epoch. `way`: a "run" is of neighbouring slices from a random place on, and
    a series that is shorter stands in the middle of it; "spread" takes one slice from each of N equal parts of the
    series. Validation takes the middle.
    """

    def __init__(
        self,
        volumes: Sequence[Volume],
        given: Input,
        seed: int,
        *,
        slices: int,
        way: Way,
        draws: int = 1,
        learning: bool,
    ) -> None:
        self.volumes, self.given, self.seed, self.learning, self.epoch = volumes, given, seed, learning, 0
        self.slices, self.way, self.draws = slices, way, draws if learning else 1

    def __len__(self) -> int:
        return len(self.volumes) * self.draws

    def __getitem__(self, index: int) -> Batch:
        """Example `index` of this epoch."""
        rng = np.random.default_rng(seed_of(self.seed, self.epoch, index)) if self.learning else None
        volume = self.volumes[index // self.draws]
        if self.way == "spread":
            return windowed(volume, spread(len(volume.pixels), self.slices, rng), self.given, rng)
        source, target = placed(len(volume.pixels), self.slices, rng)
        found = windowed(volume, range(source.start, source.stop), self.given, rng)
        return {key: _in_the_middle(value, key, target, self.slices) for key, value in found.items()}


def _in_the_middle(values: torch.Tensor, key: str, target: slice, slices: int) -> torch.Tensor:
    """A run of slices that is shorter than the window, with black slices before and after it."""
    axis = {"image": 1, "labels": 0}.get(key)
    if axis is None or target == slice(0, slices):
        return values
    full = values.new_zeros([slices if i == axis else length for i, length in enumerate(values.shape)])
    full.narrow(axis, target.start, target.stop - target.start).copy_(values)
    return full


def _looked_at(depth: int, learning: bool) -> list[int]:
    return list(range(depth)) if learning else sorted(set(spread(depth, CHECKED, None)))


def spread(depth: int, count: int, rng: np.random.Generator | None) -> list[int]:
    """One slice of each of `count` equal parts of a series, in order: at random, or the middle one without `rng`.

    >>> spread(8, 4, None)
    [1, 3, 5, 7]
    """
    within = np.full(count, 0.5) if rng is None else rng.random(count)
    found: list[int] = np.minimum((np.arange(count) + within) * depth / count, depth - 1).astype(int).tolist()
    return found


def placed(length: int, size: int, rng: np.random.Generator | None) -> tuple[slice, slice]:
    """Where a window of `size` takes from an axis, and where in the window that goes.

    A longer axis is cut at random (in the middle without `rng`); a shorter one stands in the middle.

    >>> placed(10, 4, None), placed(2, 4, None)
    ((slice(3, 7, None), slice(0, 4, None)), (slice(0, 2, None), slice(1, 3, None)))
    """
    if length <= size:
        start = (size - length) // 2
        return slice(0, length), slice(start, start + length)
    start = (length - size) // 2 if rng is None else int(rng.integers(length - size + 1))
    return slice(start, start + size), slice(0, size)


def windowed(volume: Volume, slices: Sequence[int], given: Input, rng: np.random.Generator | None) -> Batch:
    """The named slices in squares of `given.size`; around a smaller slice lies air, which has no lesion."""
    (rows, at_rows), (columns, at_columns) = (placed(one, given.size, rng) for one in volume.pixels.shape[1:])
    shape = (len(slices), given.size, given.size)
    pixels, labels = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    pixels[:, at_rows, at_columns] = volume.pixels[list(slices), rows, columns]
    if volume.labels is None:
        labels[:] = IGNORE
    else:
        labels[:, at_rows, at_columns] = volume.labels[list(slices), rows, columns]
    return {
        "image": torch.from_numpy(normalised(pixels, given)),
        "labels": torch.from_numpy(labels),
        "covid": torch.tensor(volume.covid, dtype=torch.float32),
    }
