"""HU thresholding: lesions without weights, and the grid search for its four numbers (Goncharov et al. 2020, 2.1.2).

1. Voxels of the lungs with `hu_min` <= HU <= `hu_max` are 1, all others 0;
2. this map is blurred with a Gaussian of `sigma`, and what exceeds 0.5 is kept;
3. connected 3-D parts smaller than `v_min` times the lungs' volume are dropped.

The paper found -700, 300, 4 and 0.1 %, by mean Dice over its training masks; it gives neither the grid nor the unit of
sigma, nor says whether the blur is 3-D. Here the blur is slice by slice, as is all else that the paper does before its
networks, and `sigma` is in pixels of 2 mm; 0 leaves the map as it is. Outside the lungs the map is 0. Parts are
connected through faces.

The search shares what its settings have in common, and gives what `threshold` gives for each (a test):

- the blur is linear: the blurred map of a band is the difference of the blurred maps of "at least `hu_min`" and "above
  `hu_max`", so that each limit is blurred once a sigma, whatever it is combined with;
- parts are found once for (`hu_min`, `hu_max`, `sigma`); with their sizes and overlaps with the truth in columns,
  every `v_min` is a sum over the parts that are large enough.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cxrbench_baselines.ct.prepare import Series

BINARISE_AT = 0.5 + 1e-6
"""A half, and what single precision may add to it: an exact half is dropped however it is summed."""
REACH = 4
"""Where the Gaussian is cut off, in sigmas."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parameters:
    """HU limits (both inclusive), sigma in pixels of 2 mm, the least part as a share of the lungs' volume."""

    hu_min: int = -700
    hu_max: int = 300
    sigma: float = 4.0
    v_min: float = 0.001


@dataclass(frozen=True, slots=True)
class Grid:
    """The values that the search combines."""

    hu_min: tuple[int, ...] = (-800, -750, -700, -650, -600, -500)
    hu_max: tuple[int, ...] = (-200, -100, 0, 100, 300)
    sigma: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)
    v_min: tuple[float, ...] = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01)

    def __iter__(self) -> Iterator[Parameters]:
        """Every combination; `v_min` changes fastest, `hu_min` slowest."""
        return (Parameters(*values) for values in product(self.hu_min, self.hu_max, self.sigma, self.v_min))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """How many values each axis has."""
        return len(self.hu_min), len(self.hu_max), len(self.sigma), len(self.v_min)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the best parameters, their mean Dice, and that of every combination, in the grid's order."""

    best: Parameters
    dice: float
    table: Floats
    n: int


DEFAULT_GRID = Grid()
Study = tuple[Series, Bools]
"""A prepared series, and its drawn lesions on the same grid."""


def threshold(series: Series, parameters: Parameters) -> Bools:
    """The lesions of a prepared series: bool `[d, h, w]`."""
    hu, inside = series.hu, series.lungs > 0
    band = (inside & (hu >= parameters.hu_min) & (hu <= parameters.hu_max)).astype(np.float32)
    kept = blurred(band, parameters.sigma) > BINARISE_AT
    parts, _ = ndimage.label(kept)
    large = np.bincount(parts.ravel()) >= parameters.v_min * np.count_nonzero(inside)
    large[0] = False
    return np.asarray(large[parts])


def blurred(volume: Map, sigma: float) -> Map:
    """Each slice with a Gaussian of `sigma` pixels, 0 beyond its border; as it is for a sigma of 0."""
    if sigma == 0:
        return volume
    size = 2 * int(REACH * sigma + 0.5) + 1
    edge = cv2.BORDER_CONSTANT
    return np.stack([cv2.GaussianBlur(plane, (size, size), sigma, borderType=edge) for plane in volume])


def search(studies: Iterable[Study], grid: Grid = DEFAULT_GRID) -> Found:
    """The combination with the best mean Dice over prepared series and their drawn lesions on the same grid.

    Give studies with lesions: Dice says little of the others (the paper searched on 79 such series). To spread the
    studies over processes, have `table_of` called there and give the tables to `best_of`.
    """
    return best_of([table_of(study, grid) for study in studies], grid)


def best_of(tables: Sequence[Floats], grid: Grid = DEFAULT_GRID) -> Found:
    """The best mean over the tables of single studies; of equals the first in the grid's order."""
    mean = np.mean(tables, axis=0)
    at = np.unravel_index(int(mean.argmax()), grid.shape)
    axes = (grid.hu_min, grid.hu_max, grid.sigma, grid.v_min)
    i, j, k, m = (axis[int(index)] for axis, index in zip(axes, at, strict=True))
    return Found(Parameters(int(i), int(j), float(k), float(m)), float(mean.max()), mean, len(tables))


def table_of(study: Study, grid: Grid = DEFAULT_GRID) -> Floats:
    """The Dice of every combination for one study, of the grid's shape."""
    series, truth = study
    inside = series.lungs > 0
    least = np.asarray(grid.v_min, np.float64) * np.count_nonzero(inside)
    table = np.empty(grid.shape)
    for k, sigma in enumerate(grid.sigma):
        above = {limit: blurred((inside & (series.hu >= limit)).astype(np.float32), sigma) for limit in _limits(grid)}
        for (i, low), (j, high) in product(enumerate(grid.hu_min), enumerate(grid.hu_max)):
            kept = above[low] - above[high + 1] > BINARISE_AT
            table[i, j, k] = _dice_by_size(kept, truth, least)
    return table


def _limits(grid: Grid) -> Sequence[int]:
    """Every HU from which a band starts, or from which it is over."""
    return sorted({*grid.hu_min, *(high + 1 for high in grid.hu_max)})


def _dice_by_size(kept: Bools, truth: Bools, least: Floats) -> Floats:
    """Dice of the parts of `kept` that have at least `least` voxels, for each of these; 1 where both are empty."""
    parts, count = ndimage.label(kept)
    labels = parts[kept]
    sizes = np.bincount(labels, minlength=count + 1)[1:]
    hits = np.bincount(labels[truth[kept]], minlength=count + 1)[1:]
    large = sizes >= least[:, None]
    size, hit = (large * sizes).sum(axis=1), (large * hits).sum(axis=1)
    both = size + np.count_nonzero(truth)
    return np.asarray(np.where(both > 0, 2.0 * hit / np.maximum(both, 1), 1.0))
