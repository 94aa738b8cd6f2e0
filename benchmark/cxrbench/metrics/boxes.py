"""RSNA-style precision of boxes: TP / (TP + FP + FN) an image, over IoU thresholds 0.40, 0.45 ... 0.75.

The RSNA Pneumonia Detection Challenge calls the mean of it mAP, though no precision-recall curve is involved. Its
text leaves points open, a popular re-implementation reads others differently, and the DLNet paper (Amer et al. 2020,
eq. 3-5) prints a formula without an order of boxes; `Reading` names each choice, and three readings have names.

Boxes lie in columns: one array of all boxes and the offset at which each image begins. What is computed is a value
an image and a threshold, so that a mean over any weights of images (a bootstrap draw) is a weighted mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

THRESHOLDS = tuple(percent / 100 for percent in range(40, 80, 5))
"""0.40, 0.45 ... 0.75 as the nearest floats; steps of 0.05 added up would drift to 0.7500000000000001."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the metric is read where its sources differ.

    strict: a hit needs IoU > t; otherwise IoU >= t.
    order: "confidence": predictions in falling confidence (ties in file order), each takes one free truth. "truth":
        truths in file order, each takes the free prediction of highest confidence that fits. "none": the largest
        one-to-one matching there is, whatever the order.
    several: which free truth a prediction takes where several fit: the "best" IoU, or the "first" in file order.
    empty: an image without truth and without predictions is left out ("skip"), or counts as 1 ("one") or 0 ("zero").

    An image without truth but with predictions always counts as 0, and is always in the mean.
    """

    strict: bool = True
    order: Literal["confidence", "truth", "none"] = "confidence"
    several: Literal["best", "first"] = "best"
    empty: Literal["skip", "one", "zero"] = "skip"


CHALLENGE = Reading()
"""The challenge's text. It does not say which truth of several is taken, nor what an empty image without predictions
counts; its wording ("included in the mean" for those with predictions) implies that the latter is left out."""
KERNEL = Reading(strict=False, order="truth", several="first")
"""The re-implementation that many public repositories share: IoU >= t, truths choose."""
DLNET = Reading(order="none", empty="zero")
"""Amer et al. 2020, eq. 3-5: no order, the mean over all images. For an image without truth and predictions the
formula is 0 / 0; in a sum divided by the number of all images such a term adds nothing, which is read as 0."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes of n images in columns.

    `xywh` `[boxes, 4]` as x, y, width, height (area width x height, no added pixel); the boxes of image i are rows
    `offsets[i]` up to `offsets[i + 1]`; `confidence` `[boxes]`, all 1 where there is none.
    """

    xywh: Floats
    offsets: Ints
    confidence: Floats

    @property
    def counts(self) -> Ints:
        """Boxes of each image, `[n]`."""
        return np.diff(self.offsets)

    def ordered(self) -> "Boxes":
        """The same with each image's boxes in falling confidence, ties as they were."""
        image = np.repeat(np.arange(len(self.counts)), self.counts)
        order = np.lexsort((-self.confidence, image))
        return Boxes(self.xywh[order], self.offsets, self.confidence[order])


def pack(boxes: Sequence[ArrayLike], confidence: Sequence[ArrayLike] | None = None) -> Boxes:
    """Boxes of n images, a list `[k, 4]` an image (and their confidences `[k]`), in columns.

    Raises `ValueError` for boxes that are not rows of four finite numbers, a negative width or height, or another
    number of confidences than boxes.
    """
    counts = np.fromiter(map(len, boxes), np.intp, len(boxes))  # type: ignore[arg-type]
    xywh = _rows(boxes, int(counts.sum()))
    scores = np.ones(len(xywh)) if confidence is None else _scores(confidence, counts)
    if not np.isfinite(xywh).all() or not np.isfinite(scores).all():
        raise ValueError("boxes and confidences must be finite")
    if (xywh[:, 2:] < 0).any():
        raise ValueError("a box's width and height must be at least 0")
    return Boxes(xywh, np.concatenate([[0], np.cumsum(counts)]), scores)


def _rows(boxes: Sequence[ArrayLike], total: int) -> Floats:
    filled = [one for one in boxes if len(one)]  # type: ignore[arg-type]
    arrays = all(isinstance(one, np.ndarray) and one.ndim == 2 for one in filled)
    flat = np.concatenate(filled) if filled and arrays else np.array(list(chain.from_iterable(filled)))  # type: ignore[arg-type]
    if total and flat.shape != (total, 4):
        raise ValueError("boxes must be rows of x, y, width, height")
    return flat.reshape(total, 4).astype(np.float64)


def _scores(confidence: Sequence[ArrayLike], counts: Ints) -> Floats:
    sizes = np.fromiter(map(len, confidence), np.intp, len(confidence))  # type: ignore[arg-type]
    if not np.array_equal(sizes, counts):
        raise ValueError("every box needs one confidence")
    return np.fromiter(chain.from_iterable(confidence), np.float64, int(counts.sum()))  # type: ignore[arg-type]


def iou(left: Floats, right: Floats) -> Floats:
    """Intersection over union of boxes `[..., 4]` (x, y, w, h), broadcast; 0 where the union has no area.

    >>> float(iou(np.array([0.0, 0, 2, 2]), np.array([1.0, 0, 2, 2])))
    0.3333333333333333
    """
    near = np.maximum(left[..., :2], right[..., :2])
    far = np.minimum(left[..., :2] + left[..., 2:], right[..., :2] + right[..., 2:])
    sides = np.maximum(far - near, 0)
    both = sides[..., 0] * sides[..., 1]
    union = left[..., 2] * left[..., 3] + right[..., 2] * right[..., 3] - both
    return np.asarray(both / np.where(union > 0, union, 1.0))


@dataclass(frozen=True, slots=True)
class ImagePrecision:
    """TP / (TP + FP + FN) of each image at each threshold, `[n, thresholds]`, and which images are in the mean."""

    values: Floats
    counted: Bools
    thresholds: tuple[float, ...] = THRESHOLDS

    @property
    def skipped(self) -> int:
        """Images left out: without truth and without predictions, where the reading skips them."""
        return int((~self.counted).sum())

    @property
    def mean(self) -> float:
        """The metric: the mean over thresholds, then over the images that count; NaN where none does."""
        return float(self.values[self.counted].mean()) if self.counted.any() else float("nan")


def image_precision(
    truth: Boxes, pred: Boxes, reading: Reading = CHALLENGE, thresholds: Sequence[float] = THRESHOLDS
) -> ImagePrecision:
    """The RSNA challenge's precision of each image at each IoU threshold; see `Reading` for what is read how.

    Source: the challenge's evaluation text (Kaggle, 2018). An image that does not count has the value 0 and
    `counted` False. Raises `ValueError` where truth and prediction are of different numbers of images.

    >>> one = pack([[[0, 0, 10, 10]]])
    >>> image_precision(one, pack([[[0, 0, 10, 6]]], [[0.9]])).mean  # IoU 0.6: a hit at 0.40 ... 0.55
    0.5
    """
    if len(truth.offsets) != len(pred.offsets):
        raise ValueError(f"truth of {len(truth.counts)} images, predictions of {len(pred.counts)}")
    near, guess = _near(truth, pred, min(thresholds))
    hits = _hits(near, guess.ordered(), reading, np.array(thresholds))
    boxes = (truth.counts + pred.counts)[:, None] - hits
    values = np.divide(hits, boxes, out=np.zeros(hits.shape), where=boxes > 0)
    empty = boxes[:, 0] == 0
    values[empty] = float(reading.empty == "one")
    counted = ~empty if reading.empty == "skip" else np.ones(len(empty), bool)
    return ImagePrecision(values, counted, tuple(thresholds))


def rsna_map(truth: Boxes, pred: Boxes, reading: Reading = CHALLENGE) -> float:
    """Mean over images and thresholds of `image_precision`; NaN where no image counts."""
    return image_precision(truth, pred, reading).mean


def _near(truth: Boxes, pred: Boxes, threshold: float) -> tuple[Boxes, Boxes]:
    """Both sides without the boxes that reach the lowest threshold with none of the other: they can never hit."""
    right, left = _pairs(truth, pred)
    close = iou(truth.xywh[right], pred.xywh[left]) >= threshold
    return _kept(truth, right[close]), _kept(pred, left[close])


def _kept(boxes: Boxes, rows: Ints) -> Boxes:
    keep = np.zeros(len(boxes.xywh) + 1, bool)
    keep[rows + 1] = True
    return Boxes(boxes.xywh[keep[1:]], np.cumsum(keep)[boxes.offsets], boxes.confidence[keep[1:]])


def _hits(truth: Boxes, pred: Boxes, reading: Reading, thresholds: Floats) -> Ints:
    """True positives `[n, thresholds]`."""
    if reading.order == "none":
        return _largest(truth, pred, strict=reading.strict, thresholds=thresholds)
    by_truth = reading.order == "truth"
    takers, offers = (truth, pred) if by_truth else (pred, truth)
    best = reading.several == "best" and not by_truth
    return _greedy(takers, offers, best=best, strict=reading.strict, thresholds=thresholds)


def _greedy(takers: Boxes, offers: Boxes, *, best: bool, strict: bool, thresholds: Floats) -> Ints:
    """Takers in their order take one free offer each; all images and thresholds at once, a rank at a time."""
    width = int(offers.counts.max(initial=0))
    hits = np.zeros((len(thresholds), len(takers.counts)), np.intp)
    slots = offers.offsets[:-1, None] + np.arange(width)
    there = np.arange(width) < offers.counts[:, None]
    free = np.broadcast_to(there, (len(thresholds), *there.shape)).copy()
    for rank in range(int(takers.counts.max(initial=0)) if width else 0):
        images = np.flatnonzero((takers.counts > rank) & (offers.counts > 0))
        taker = takers.xywh[takers.offsets[images] + rank]
        overlap = iou(taker[:, None], offers.xywh[np.minimum(slots[images], len(offers.xywh) - 1)])
        fits = _fits(overlap, thresholds[:, None, None], strict=strict) & free[:, images]
        chosen = (np.where(fits, overlap, -1.0) if best else fits).argmax(-1)
        level, row = np.nonzero(fits.any(-1))
        hits[level, images[row]] += 1
        free[level, images[row], chosen[level, row]] = False
    return hits.T


def _fits(overlap: Floats, threshold: Floats, *, strict: bool) -> Bools:
    return overlap > threshold if strict else overlap >= threshold


def _largest(truth: Boxes, pred: Boxes, *, strict: bool, thresholds: Floats) -> Ints:
    """The most hits that a one-to-one matching allows: one sparse graph of all images a threshold (Hopcroft-Karp)."""
    left, right = _pairs(pred, truth)
    overlap = iou(pred.xywh[left], truth.xywh[right])
    shape = (len(pred.xywh), len(truth.xywh))
    image = np.repeat(np.arange(len(pred.counts)), pred.counts)
    hits = np.zeros((len(thresholds), len(pred.counts)), np.intp)
    for level, threshold in enumerate(thresholds):
        fits = _fits(overlap, threshold, strict=strict)
        graph = csr_array((np.ones(fits.sum(), np.int8), (left[fits], right[fits])), shape=shape)
        matched = maximum_bipartite_matching(graph, perm_type="column") >= 0 if min(shape) else np.zeros(shape[0], bool)
        hits[level] = np.bincount(image[matched], minlength=len(pred.counts))
    return hits.T


def _pairs(left: Boxes, right: Boxes) -> tuple[Ints, Ints]:
    """Rows of every pair of a left and a right box of one image."""
    partners = np.repeat(right.counts, left.counts)
    first = np.repeat(np.repeat(right.offsets[:-1], left.counts), partners)
    within = np.arange(int(partners.sum())) - np.repeat(np.cumsum(partners) - partners, partners)
    return np.repeat(np.arange(len(left.xywh)), partners), first + within
