"""Lungs of a CT without weights, and which of them is the right one (Goncharov et al. 2020, section 2.1.1).

The paper segments lungs with a network; this extractor is the fallback where there are no weights:

1. voxels below -400 HU are air;
2. air that reaches the side, front or back of a slice is outside the body;
3. pockets of gas without tissue (below -950 HU over more than 2 ml: stomach, bowel, the wide airways) are removed;
4. of the connected rest, parts of at least a tenth of the largest one are lungs with the airways;
5. the trachea, where it remains, is followed downwards as long as it stays small, and removed;
6. the lungs are split in two; in each, gaps of up to 30 mm (vessels, lesions) are closed slice by slice, and holes
   are filled, which restores structures within a lung, such as a bulla.

Limitations: dense consolidation that reaches the pleura over more than the closing's width is lost, and with it a part
of the affected fraction; so are completely opaque lungs, and bullae at the border of a lung. Gas in the bowel that only
a thin wall separates from the base of a lung may be taken for lung.

The split is the paper's k-means with two clusters, on coordinates in mm, started from the two ends of the left-right
axis (the paper states neither unit nor start); a connected part that belongs almost entirely to one cluster is assigned
to it as a whole, so that the border between the clusters cuts no separate lung. The paper takes the larger cluster for
the right lung. Here the orientation of the volume decides, in which the right lung has the lower columns; the size rule
is only checked, since collapse, effusion or surgery make the right lung the smaller one. `LungSplit.remark` states
where the two disagree.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from cxrbench.case import LUNG, Image
from cxrbench.errors import DataError
from numpy.typing import NDArray
from scipy import ndimage

from cxrbench_baselines.ct.airways import remove_trachea

AIR_HU = -400
LEAST_ML = 50.0
"""Less air than this inside the body is no lung; the bases of both lungs on an abdominal CT have more."""
LEAST_SHARE = 0.1
"""Parts below this share of the largest one are bowel or noise."""
GAS_HU, GAS_ML = -950, 2.0
"""The mean of 3 x 3 pixels, and the volume, that distinguish gas from lung."""
CLOSING_MM = 15.0
"""Radius of the closing: gaps of twice this width are bridged."""
WHOLE_PART_SHARE = 0.75
"""A connected part with at least this share in one cluster is assigned to it as a whole."""
LEAST_GAP_MM = 80.0
"""The centres of an adult's lungs are further apart (about 150 mm), those of two halves of one lung are not."""
SAMPLED_VOXELS = 50_000
"""Number of voxels that the clusters are fitted on; all are assigned."""

RIGHT, LEFT = 1, 2
Labels = NDArray[np.uint8]
Volume = NDArray[np.int16]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class LungSplit:
    """Lungs by side: `labels` uint8 `[D, H, W]`, 1 right and 2 left, or 3 throughout where the sides are unknown.

    `remark` states in one line where the clusters disagree with the paper's rule; empty where they do not.
    """

    labels: Labels
    remark: str = ""


def find_lungs(image: Image, *, where: str = "") -> Labels:
    """Find both lungs of a CT without weights.

    Args:
        image: A canonical CT `[D, H, W]` in HU with spacing.
        where: Name of the series for errors.

    Returns:
        Labels uint8 `[D, H, W]`: 1 right, 2 left, 3 of unknown side.

    Raises:
        DataError: No lungs are found, or the spacing is missing.
    """
    return find_lung_sides(image, where=where).labels


def find_lung_sides(image: Image, *, where: str = "") -> LungSplit:
    """Find both lungs of a CT without weights, with a remark on their sides.

    Args:
        image: A canonical CT `[D, H, W]` in HU with spacing.
        where: Name of the series for errors.

    Returns:
        The labels and the remark.

    Raises:
        DataError: No lungs are found, or the spacing is missing.
    """
    if image.spacing is None:
        raise DataError("a CT without spacing", where, "give it with its header")
    spacing = (image.spacing[0], image.spacing[1], image.spacing[2])
    inside = remove_trachea(_find_inner_air(np.asarray(image.pixels, np.int16), spacing, where), spacing)
    split = split_lungs(inside, spacing)
    return LungSplit(_fill_lungs(split.labels, spacing), split.remark)


def _find_inner_air(hu: Volume, spacing: Spacing, where: str) -> Bools:
    """Steps 1 to 4: the large parts of the air inside the body."""
    inside = _remove_outside_air(np.asarray(hu < AIR_HU))
    parts, count = ndimage.label(inside & ~_find_gas(hu, inside, spacing))
    sizes = np.bincount(parts.ravel(), minlength=2)[1:]
    largest_ml = float(sizes.max()) * float(np.prod(spacing)) / 1000
    if not count or largest_ml < LEAST_ML:
        raise DataError(_describe_failure(hu, largest_ml), where, "check that this is a CT of the chest, in HU")
    kept = np.concatenate([[False], sizes >= LEAST_SHARE * sizes.max()])
    return np.asarray(kept[parts])


def _find_gas(hu: Volume, inside: Bools, spacing: Spacing) -> Bools:
    """Step 3: large pockets of gas, with the pixels around them, whose values are raised by the wall."""
    thin = np.stack([cv2.blur(plane, (3, 3)) < GAS_HU for plane in np.asarray(hu, np.float32)]) & inside
    parts, _ = ndimage.label(thin)
    large = np.bincount(parts.ravel()) * np.prod(spacing) / 1000 >= GAS_ML
    large[0] = False
    around = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))
    return np.stack([cv2.dilate(plane.astype(np.uint8), around) > 0 for plane in large[parts]])


def _describe_failure(hu: Volume, largest_ml: float) -> str:
    values = f"values {hu.min()} to {hu.max()} HU, {np.mean(hu < AIR_HU):.0%} of them below {AIR_HU}"
    return f"no lungs found: at most {largest_ml:.0f} ml of air inside the body, {LEAST_ML:.0f} needed ({values})"


def _remove_outside_air(air: Bools) -> Bools:
    """Step 2: air that is not connected to the four sides of its slice."""
    inner = np.empty_like(air)
    for plane, out in zip(air, inner, strict=True):
        outside = np.pad(plane.astype(np.uint8), 1, constant_values=1)
        cv2.floodFill(outside, None, (0, 0), 2)
        out[:] = outside[1:-1, 1:-1] == 1
    return inner


def split_lungs(lungs: Bools, spacing: Spacing) -> LungSplit:
    """Split a lung mask into right and left by k-means on voxel coordinates; see the module's docstring.

    Args:
        lungs: Lung mask `[D, H, W]` in LPS.
        spacing: Spacing in mm, in the same order.

    Returns:
        The labels, with a remark. All voxels are 3 where the two clusters are not side by side, as far apart as two
        lungs (one is missing or opaque).
    """
    from sklearn.cluster import KMeans

    voxels = np.argwhere(lungs)
    if len(voxels) < 2:
        return LungSplit(np.asarray(lungs * np.uint8(LUNG)), "fewer than two voxels of lung: sides unknown")
    points = voxels * np.asarray(spacing)
    ends = np.tile(points.mean(axis=0), (2, 1))
    ends[:, 2] = points[:, 2].min(), points[:, 2].max()
    sample = points[:: max(1, len(points) // SAMPLED_VOXELS)]
    model = KMeans(2, init=ends, n_init=1).fit(sample)
    gap = model.cluster_centers_[1] - model.cluster_centers_[0]
    labels = np.zeros(lungs.shape, np.uint8)
    if abs(gap[2]) < max(LEAST_GAP_MM, np.hypot(gap[0], gap[1])):
        labels[lungs] = LUNG
        return LungSplit(labels, "the two clusters are not placed like two lungs: one may be missing; sides unknown")
    labels[lungs] = np.where((model.predict(points) == 1) == (gap[2] > 0), LEFT, RIGHT)
    labels = _assign_whole_parts(labels)
    return LungSplit(labels, _describe_sizes(labels, spacing))


def _assign_whole_parts(labels: Labels) -> Labels:
    """Assign connected parts that are almost entirely on one side to it as a whole."""
    parts, count = ndimage.label(labels > 0)
    left = np.bincount(parts.ravel(), labels.ravel() == LEFT, count + 1) / np.bincount(parts.ravel())
    side = np.select([left >= WHOLE_PART_SHARE, left <= 1 - WHOLE_PART_SHARE], [LEFT, RIGHT], 0).astype(np.uint8)
    side[0] = 0
    return np.where(side[parts] > 0, side[parts], labels)


def _describe_sizes(labels: Labels, spacing: Spacing) -> str:
    """The paper's rule, the larger cluster is the right lung, against the orientation."""
    ml = {side: float((labels == side).sum() * np.prod(spacing) / 1000) for side in (RIGHT, LEFT)}
    if ml[RIGHT] >= ml[LEFT]:
        return ""
    sizes = f"{ml[RIGHT]:.0f} ml on the right, {ml[LEFT]:.0f} ml on the left"
    return f"the larger lung is not the right one ({sizes}): the sides are those of the volume's orientation"


def _fill_lungs(labels: Labels, spacing: Spacing) -> Labels:
    """Step 6: close each lung and fill its holes, slice by slice; neither grows into the other."""
    filled = labels.copy()
    for side in np.unique(labels[labels > 0]).tolist():
        for index in np.flatnonzero((labels == side).any(axis=(1, 2))).tolist():
            whole = _close_plane((labels[index] == side).astype(np.uint8), spacing)
            filled[index][whole & (labels[index] == 0)] = side
    return filled


def _close_plane(plane: NDArray[np.uint8], spacing: Spacing) -> Bools:
    """A slice closed with a disc of `CLOSING_MM`, then without holes."""
    rows, columns = (max(1, round(CLOSING_MM / step)) for step in spacing[1:])
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * columns + 1, 2 * rows + 1))
    padded = np.pad(plane, ((rows, rows), (columns, columns)))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[rows:-rows, columns:-columns]
    return np.asarray(ndimage.binary_fill_holes(closed))
