"""HD95: the 95th percentile of the distances between the edges of two masks, in 2-D and 3-D, with spacing.

Three definitions are in use, and they differ. Ours is the first:

- Each edge pixel has its distance to the nearest edge pixel of the other mask; the value is the larger of the two
  directed 95th percentiles (linear interpolation). MONAI's `compute_hausdorff_distance(percentile=95)`.
- The same with each edge element weighted by its area, on a grid shifted by half a pixel: DeepMind's
  `surface-distance`. The two agree for large smooth masks to a fraction of a pixel.
- One percentile of both directions pooled: medpy's `hd95`. It is at most the larger of the two.

An edge pixel is a pixel of the mask with a neighbour across a side (4 in 2-D, 6 in 3-D) outside it; what is beyond
the border of the image is outside. Where both masks are empty the distance is 0; where one is, it is undefined
(NaN), for no number of millimetres stands for a miss: callers say how many cases that left out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PERCENTILE = 95.0


def edges(mask: ArrayLike) -> Bools:
    """The edge pixels of a mask of any dimension; see the module's docstring for what an edge is.

    >>> edges(np.ones((3, 4))).astype(int).tolist()
    [[1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    """
    inside = np.asarray(mask).astype(bool)
    core = inside.copy()
    for axis in range(inside.ndim):
        one, whole = np.moveaxis(core, axis, 0), np.moveaxis(inside, axis, 0)
        one[1:] &= whole[:-1]
        one[:-1] &= whole[1:]
        one[:1] = False
        one[-1:] = False
    return np.asarray(inside & ~core)


def hausdorff(
    truth: ArrayLike, pred: ArrayLike, spacing: Sequence[float] | None = None, *, percentile: float = PERCENTILE
) -> float:
    """HD95 of two masks, in the unit of `spacing` (mm along each axis), or in pixels without it; lower is better.

    `percentile` 100 gives Hausdorff's distance between the edges. 0 where both masks are empty, NaN where one is.
    Source: Huttenlocher et al. 1993, with the percentile as in MONAI (see above). Raises `ValueError` where shapes
    differ or the spacing is not one positive number an axis.

    >>> hausdorff([[1, 0, 0, 0]], [[0, 0, 0, 1]], spacing=(1.0, 0.5))
    1.5
    """
    left, right = np.asarray(truth).astype(bool), np.asarray(pred).astype(bool)
    step = np.ones(left.ndim) if spacing is None else np.asarray(spacing, np.float64)
    if left.shape != right.shape:
        raise ValueError(f"masks differ in shape: {left.shape}, {right.shape}")
    if step.shape != (left.ndim,) or not (np.isfinite(step) & (step > 0)).all():
        raise ValueError(f"spacing must be {left.ndim} positive numbers, got {spacing}")
    window = _window(left | right)
    if window is None:
        return 0.0
    return _between(edges(left[window]), edges(right[window]), step, percentile)


def _window(mask: Bools) -> tuple[slice, ...] | None:
    """The smallest box around a mask; None where it is empty."""
    spans = [
        np.flatnonzero(mask.any(tuple(other for other in range(mask.ndim) if other != axis)))
        for axis in range(mask.ndim)
    ]
    return tuple(slice(span[0], span[-1] + 1) for span in spans) if spans[0].size else None


def _between(left: Bools, right: Bools, step: Floats, percentile: float) -> float:
    """The larger of the two directed percentiles between two sets of edge pixels."""
    if not left.any() or not right.any():
        return float("nan")
    return max(_directed(left, right, step, percentile), _directed(right, left, step, percentile))


def _directed(source: Bools, target: Bools, step: Floats, percentile: float) -> float:
    """The percentile of the distances from `source` to `target`; pixels that are in both need no search."""
    from scipy.spatial import cKDTree

    apart = np.argwhere(source & ~target) * step
    distances = np.zeros(np.count_nonzero(source))
    if len(apart):
        tree = cKDTree(np.argwhere(target) * step, balanced_tree=False, compact_nodes=False)
        distances[: len(apart)] = tree.query(apart)[0]
    return float(np.percentile(distances, percentile))
