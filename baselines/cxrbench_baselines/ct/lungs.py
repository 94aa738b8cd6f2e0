"""Lungs of a CT without weights, and which of them is the right one (Goncharov et al. 2020, section 2.1.1).

The paper finds lungs with a network; this extractor is the fallback where there are no weights:

1. air is what lies below -400 HU;
2. air that reaches the side, front or back of a slice is around the body, not in it;
3. pockets of gas without tissue (below -950 HU over more than 2 ml: stomach, bowel, the wide airways) are taken out;
4. of the connected rest, parts of at least a tenth of the largest one are lungs with the airways;
5. the trachea, where it is left, is followed downwards as long as it stays small, and taken out;
6. the lungs are split in two; in each, gaps of up to 30 mm (vessels, lesions) are closed slice by slice, and holes
   filled, which brings back what lies within a lung, such as a bulla.

What it cannot do: dense consolidation that reaches the pleura over more than the closing's width is lost, and with it
a part of the affected fraction; so are lungs that are wholly white, and bullae at the border of a lung. Gas in the
bowel that a thin wall parts from the base of a lung may be taken for lung.

The split is the paper's k-means with two clusters, on coordinates in mm, started from the two ends of the left-right
axis (the paper says neither unit nor start); a connected part that lies nearly all in one cluster goes there whole, so
that the border between the clusters cuts no lung that stands free. The paper takes the larger cluster for the right
lung. Here the orientation of the volume decides, in which the right lung has the lower columns; the size rule is only
checked, since collapse, effusion or surgery make the right lung the smaller one. `Split.remark` tells where the two
disagree.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from cxrbench.case import LUNG, Image
from cxrbench.errors import DataError
from numpy.typing import NDArray
from scipy import ndimage

from cxrbench_baselines.ct.airways import without_trachea

AIR_HU = -400
LEAST_ML = 50.0
"""Less air than this inside the body is no lung; the bases of both lungs on an abdominal CT have more."""
LEAST_SHARE = 0.1
"""Parts below this share of the largest one are bowel or noise."""
GAS_HU, GAS_ML = -950, 2.0
"""The mean of 3 x 3 pixels, and the volume, that tell gas from lung."""
CLOSING_MM = 15.0
"""Radius of the closing: gaps of twice this width are bridged."""
WHOLE = 0.75
"""A connected part with this share in one cluster belongs to it whole."""
LEAST_GAP_MM = 80.0
"""Centres of two lungs lie further apart than this in an adult (about 150 mm), those of the halves of one do not."""
SAMPLED = 50_000
"""How many voxels the clusters are fitted on; all are assigned."""

RIGHT, LEFT = 1, 2
Labels = NDArray[np.uint8]
Volume = NDArray[np.int16]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Split:
    """Lungs told apart: `labels` uint8 `[D, H, W]`, 1 right and 2 left, or 3 throughout where there are no two sides.

    `remark` says, in one line, where the clusters disagree with the paper's rule; empty where they do not.
    """

    labels: Labels
    remark: str = ""


def find_lungs(image: Image, *, where: str = "") -> Labels:
    """Both lungs of a canonical CT with spacing: uint8 `[D, H, W]`, 1 right, 2 left, 3 where sides cannot be told.

    `where` names the series in the error. Raises `DataError` where no lungs are found.
    """
    return found_lungs(image, where=where).labels


def found_lungs(image: Image, *, where: str = "") -> Split:
    """The same, with the remark on its sides."""
    if image.spacing is None:
        raise DataError("a CT without spacing", where, "give it with its header")
    spacing = (image.spacing[0], image.spacing[1], image.spacing[2])
    inside = without_trachea(_inner_air(np.asarray(image.pixels, np.int16), spacing, where), spacing)
    split = split_lungs(inside, spacing)
    return Split(_filled(split.labels, spacing), split.remark)


def _inner_air(hu: Volume, spacing: Spacing, where: str) -> Bools:
    """Steps 1 to 4: the large parts of the air inside the body."""
    inside = _within_body(np.asarray(hu < AIR_HU))
    parts, count = ndimage.label(inside & ~_gas(hu, inside, spacing))
    sizes = np.bincount(parts.ravel(), minlength=2)[1:]
    largest_ml = float(sizes.max()) * float(np.prod(spacing)) / 1000
    if not count or largest_ml < LEAST_ML:
        raise DataError(_not_found(hu, largest_ml), where, "check that this is a CT of the chest, in HU")
    kept = np.concatenate([[False], sizes >= LEAST_SHARE * sizes.max()])
    return np.asarray(kept[parts])


def _gas(hu: Volume, inside: Bools, spacing: Spacing) -> Bools:
    """Step 3: large pockets of gas with the pixels around them, whose values the wall raises."""
    thin = np.stack([cv2.blur(plane, (3, 3)) < GAS_HU for plane in np.asarray(hu, np.float32)]) & inside
    parts, _ = ndimage.label(thin)
    large = np.bincount(parts.ravel()) * np.prod(spacing) / 1000 >= GAS_ML
    large[0] = False
    around = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))
    return np.stack([cv2.dilate(plane.astype(np.uint8), around) > 0 for plane in large[parts]])


def _not_found(hu: Volume, largest_ml: float) -> str:
    values = f"values {hu.min()} to {hu.max()} HU, {np.mean(hu < AIR_HU):.0%} of them below {AIR_HU}"
    return f"no lungs found: at most {largest_ml:.0f} ml of air inside the body, {LEAST_ML:.0f} needed ({values})"


def _within_body(air: Bools) -> Bools:
    """Air without what is connected to the four sides of its slice."""
    inner = np.empty_like(air)
    for plane, out in zip(air, inner, strict=True):
        outside = np.pad(plane.astype(np.uint8), 1, constant_values=1)
        cv2.floodFill(outside, None, (0, 0), 2)
        out[:] = outside[1:-1, 1:-1] == 1
    return inner


def split_lungs(lungs: Bools, spacing: Spacing) -> Split:
    """Tell the two lungs apart by k-means on voxel coordinates; see the module's docstring.

    `lungs` bool `[D, H, W]` in LPS, spacing in mm. Where the two clusters do not lie side by side, as far
    apart as two lungs (one is missing or white), all voxels are 3 and `remark` says so.
    """
    from sklearn.cluster import KMeans

    voxels = np.argwhere(lungs)
    if len(voxels) < 2:
        return Split(np.asarray(lungs * np.uint8(LUNG)), "fewer than two voxels of lung: sides not told")
    points = voxels * np.asarray(spacing)
    ends = np.tile(points.mean(axis=0), (2, 1))
    ends[:, 2] = points[:, 2].min(), points[:, 2].max()
    sample = points[:: max(1, len(points) // SAMPLED)]
    model = KMeans(2, init=ends, n_init=1).fit(sample)
    gap = model.cluster_centers_[1] - model.cluster_centers_[0]
    labels = np.zeros(lungs.shape, np.uint8)
    if abs(gap[2]) < max(LEAST_GAP_MM, np.hypot(gap[0], gap[1])):
        labels[lungs] = LUNG
        return Split(labels, "the two clusters do not lie like two lungs: one may be missing; sides not told")
    labels[lungs] = np.where((model.predict(points) == 1) == (gap[2] > 0), LEFT, RIGHT)
    labels = _whole_parts(labels)
    return Split(labels, _size_remark(labels, spacing))


def _whole_parts(labels: Labels) -> Labels:
    """Connected parts that lie nearly all on one side, given to it whole."""
    parts, count = ndimage.label(labels > 0)
    left = np.bincount(parts.ravel(), labels.ravel() == LEFT, count + 1) / np.bincount(parts.ravel())
    side = np.select([left >= WHOLE, left <= 1 - WHOLE], [LEFT, RIGHT], 0).astype(np.uint8)
    side[0] = 0
    return np.where(side[parts] > 0, side[parts], labels)


def _size_remark(labels: Labels, spacing: Spacing) -> str:
    """The paper's rule, the larger cluster is the right lung, against the orientation."""
    ml = {side: float((labels == side).sum() * np.prod(spacing) / 1000) for side in (RIGHT, LEFT)}
    if ml[RIGHT] >= ml[LEFT]:
        return ""
    sizes = f"{ml[RIGHT]:.0f} ml on the right, {ml[LEFT]:.0f} ml on the left"
    return f"the larger lung is not the right one ({sizes}): the sides are those of the volume's orientation"


def _filled(labels: Labels, spacing: Spacing) -> Labels:
    """Step 6: each lung closed and its holes filled, slice by slice; neither grows into the other."""
    filled = labels.copy()
    for side in np.unique(labels[labels > 0]).tolist():
        for index in np.flatnonzero((labels == side).any(axis=(1, 2))).tolist():
            whole = _closed((labels[index] == side).astype(np.uint8), spacing)
            filled[index][whole & (labels[index] == 0)] = side
    return filled


def _closed(plane: NDArray[np.uint8], spacing: Spacing) -> Bools:
    """A slice closed with a disc of `CLOSING_MM`, then without holes."""
    rows, columns = (max(1, round(CLOSING_MM / step)) for step in spacing[1:])
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * columns + 1, 2 * rows + 1))
    padded = np.pad(plane, ((rows, rows), (columns, columns)))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[rows:-rows, columns:-columns]
    return np.asarray(ndimage.binary_fill_holes(closed))
