"""HU thresholding: lesions without weights, and the grid search for its parameters (Goncharov et al. 2020, 2.1.2).

1. Voxels of the lungs with `hu_min` <= HU <= `hu_max` are 1, all others 0;
2. this map is blurred with a Gaussian of `sigma`, and voxels above 0.5 are kept;
3. connected 3-D components smaller than `v_min` times the lungs' volume are removed.

The paper (section 4.3) found -700, 300, 4 and 0.1 %, by mean Dice over its training masks; it states neither the grid
nor the unit of sigma, nor whether the blur is 3-D. Here the blur is slice by slice, like all preprocessing of the
paper, and `sigma` is in pixels of 2 mm; 0 means no blur. Outside the lungs the map is 0. Components are connected
through faces.

The search shares the computations that its settings have in common, and equals `threshold_lesions` for each (a test):

- the blur is linear: the blurred map of a band is the difference of the blurred maps of "at least `hu_min`" and "above
  `hu_max`", so that each limit is blurred once per sigma;
- components are found once for (`hu_min`, `hu_max`, `sigma`); from their sizes and overlaps with the truth, the Dice of
  every `v_min` is a sum over the components that are large enough.
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
"""One half plus the rounding error of single precision: an exact half is removed in whatever order it is summed."""
BLUR_REACH = 4
"""Radius at which the Gaussian is cut off, in sigmas."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parameters:
    """HU limits (both inclusive), sigma in pixels of 2 mm, the smallest component as a share of the lungs' volume."""

    hu_min: int = -700
    hu_max: int = 300
    sigma: float = 4.0
    v_min: float = 0.001


@dataclass(frozen=True, slots=True)
class Grid:
    """The values of each parameter that the search combines."""

    hu_min: tuple[int, ...] = (-800, -750, -700, -650, -600, -500)
    hu_max: tuple[int, ...] = (-200, -100, 0, 100, 300)
    sigma: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)
    v_min: tuple[float, ...] = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01)

    def __iter__(self) -> Iterator[Parameters]:
        """Every combination; `v_min` changes fastest, `hu_min` slowest."""
        return (Parameters(*values) for values in product(self.hu_min, self.hu_max, self.sigma, self.v_min))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of values per parameter."""
        return len(self.hu_min), len(self.hu_max), len(self.sigma), len(self.v_min)


@dataclass(frozen=True, slots=True)
class GridSearchResult:
    """The best parameters, their mean Dice, the mean Dice of every combination, and the number of studies `n`.

    `table` has the shape of the grid.
    """

    best: Parameters
    dice: float
    table: Floats
    n: int


DEFAULT_GRID = Grid()
Study = tuple[Series, Bools]
"""A prepared series, and its drawn lesions on the same grid."""


def threshold_lesions(series: Series, parameters: Parameters) -> Bools:
    """Segment the lesions of a prepared series (section 2.1.2, three steps).

    Args:
        series: The prepared series.
        parameters: HU limits, sigma and smallest component.

    Returns:
        Lesion mask `[d, h, w]`.
    """
    hu, inside = series.hu, series.lungs > 0
    band = (inside & (hu >= parameters.hu_min) & (hu <= parameters.hu_max)).astype(np.float32)
    kept = blur_slices(band, parameters.sigma) > BINARISE_AT
    parts, _ = ndimage.label(kept)
    large = np.bincount(parts.ravel()) >= parameters.v_min * np.count_nonzero(inside)
    large[0] = False
    return np.asarray(large[parts])


def blur_slices(volume: Map, sigma: float) -> Map:
    """Blur each slice with a Gaussian, with 0 beyond its border.

    Args:
        volume: Map `[d, h, w]`.
        sigma: Sigma in pixels; 0 means no blur.

    Returns:
        The map `[d, h, w]`.
    """
    if sigma == 0:
        return volume
    size = 2 * int(BLUR_REACH * sigma + 0.5) + 1
    edge = cv2.BORDER_CONSTANT
    return np.stack([cv2.GaussianBlur(plane, (size, size), sigma, borderType=edge) for plane in volume])


def search_grid(studies: Iterable[Study], grid: Grid = DEFAULT_GRID) -> GridSearchResult:
    """Search for the parameters with the best mean Dice.

    To distribute the studies over processes, call `compute_dice_table` there and give the tables to `choose_best`.

    Args:
        studies: Prepared series and their drawn lesions on the same grid. They should have lesions: the Dice of the
            others says little (the paper searched on 79 such series).
        grid: The values to combine.

    Returns:
        The best parameters and the table.
    """
    return choose_best([compute_dice_table(study, grid) for study in studies], grid)


def choose_best(tables: Sequence[Floats], grid: Grid = DEFAULT_GRID) -> GridSearchResult:
    """Choose the parameters with the best mean over the tables of single studies.

    Args:
        tables: One table per study, see `compute_dice_table`.
        grid: The grid of the tables.

    Returns:
        The best parameters, the first in the grid's order among equals, and the mean table.
    """
    mean = np.mean(tables, axis=0)
    at = np.unravel_index(int(mean.argmax()), grid.shape)
    axes = (grid.hu_min, grid.hu_max, grid.sigma, grid.v_min)
    i, j, k, m = (axis[int(index)] for axis, index in zip(axes, at, strict=True))
    return GridSearchResult(Parameters(int(i), int(j), float(k), float(m)), float(mean.max()), mean, len(tables))


def compute_dice_table(study: Study, grid: Grid = DEFAULT_GRID) -> Floats:
    """Compute the Dice of every combination for one study.

    Args:
        study: A prepared series and its drawn lesions on the same grid.
        grid: The values to combine.

    Returns:
        Dice coefficients of the grid's shape; 1 where both masks are empty.
    """
    series, truth = study
    inside = series.lungs > 0
    least = np.asarray(grid.v_min, np.float64) * np.count_nonzero(inside)
    table = np.empty(grid.shape)
    for k, sigma in enumerate(grid.sigma):
        above = {
            limit: blur_slices((inside & (series.hu >= limit)).astype(np.float32), sigma)
            for limit in _list_limits(grid)
        }
        for (i, low), (j, high) in product(enumerate(grid.hu_min), enumerate(grid.hu_max)):
            kept = above[low] - above[high + 1] > BINARISE_AT
            table[i, j, k] = _compute_dice_by_size(kept, truth, least)
    return table


def _list_limits(grid: Grid) -> Sequence[int]:
    """Every HU at which a band starts, or above which it ends."""
    return sorted({*grid.hu_min, *(high + 1 for high in grid.hu_max)})


def _compute_dice_by_size(kept: Bools, truth: Bools, least: Floats) -> Floats:
    """Dice of the components of `kept` with at least `least` voxels, for each such size; 1 where both are empty."""
    parts, count = ndimage.label(kept)
    labels = parts[kept]
    sizes = np.bincount(labels, minlength=count + 1)[1:]
    hits = np.bincount(labels[truth[kept]], minlength=count + 1)[1:]
    large = sizes >= least[:, None]
    size, hit = (large * sizes).sum(axis=1), (large * hits).sum(axis=1)
    both = size + np.count_nonzero(truth)
    return np.asarray(np.where(both > 0, 2.0 * hit / np.maximum(both, 1), 1.0))


# The former names, which submitted code imports.
threshold = threshold_lesions
best_of = choose_best
table_of = compute_dice_table
