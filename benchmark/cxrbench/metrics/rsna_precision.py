"""RSNA-style precision of boxes: TP / (TP + FP + FN) per image, over IoU thresholds 0.40, 0.45 ... 0.75.

The RSNA Pneumonia Detection Challenge calls the mean of it mAP, though no precision-recall curve is involved. Its
text leaves points open, a popular re-implementation decides others differently, and the DLNet paper (Amer et al.
2020, eq. 3-5) prints a formula without an order of boxes. `MatchingRules` names each choice, and three sets of rules
have names.

The result is a value per image and threshold, so that a mean over any weights of images (a bootstrap draw) is a
weighted mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from cxrbench.metrics.boxes import Boxes, Floats, Ints, box_iou, list_box_pairs, select_boxes

Bools = NDArray[np.bool_]

THRESHOLDS = tuple(percent / 100 for percent in range(40, 80, 5))
"""0.40, 0.45 ... 0.75 as the nearest floats; the sum of steps of 0.05 would drift to 0.7500000000000001."""


@dataclass(frozen=True, slots=True)
class MatchingRules:
    """The choices that the sources of the metric leave open.

    An image without truth but with predictions always counts as 0, and is always in the mean.

    Attributes:
        strict: Whether a hit needs IoU > t; otherwise IoU >= t.
        order: "confidence": predictions in falling confidence (ties in file order), each takes one free truth.
            "truth": truths in file order, each takes the free prediction of highest confidence that fits. "none":
            the largest one-to-one matching there is, whatever the order.
        several: Which free truth a prediction takes where several fit: the "best" IoU, or the "first" in file order.
        empty: An image without truth and without predictions is left out ("skip"), or counts as 1 ("one") or 0
            ("zero").
    """

    strict: bool = True
    order: Literal["confidence", "truth", "none"] = "confidence"
    several: Literal["best", "first"] = "best"
    empty: Literal["skip", "one", "zero"] = "skip"


CHALLENGE = MatchingRules()
"""The text of the challenge. It does not say which truth of several is taken, nor what an empty image without
predictions counts; its wording ("included in the mean" for those with predictions) implies that it is left out."""
KERNEL = MatchingRules(strict=False, order="truth", several="first")
"""The re-implementation that many public repositories share: IoU >= t, truths choose."""
DLNET = MatchingRules(order="none", empty="zero")
"""Amer et al. 2020, eq. 3-5: no order, the mean over all images. For an image without truth and predictions the
formula is 0 / 0; in a sum divided by the number of all images such a term adds nothing, so it counts as 0."""


@dataclass(frozen=True, slots=True)
class ImagePrecision:
    """TP / (TP + FP + FN) of each image at each IoU threshold.

    Attributes:
        values: The precision `[n, thresholds]`, in [0, 1].
        counted: Which images are in the mean `[n]`.
        thresholds: The IoU thresholds.
    """

    values: Floats
    counted: Bools
    thresholds: tuple[float, ...] = THRESHOLDS

    @property
    def skipped(self) -> int:
        """How many images are left out: those without truth and predictions, where the rules skip them."""
        return int((~self.counted).sum())

    @property
    def mean(self) -> float:
        """The metric: the mean over thresholds, then over the images that count; NaN where none does."""
        return float(self.values[self.counted].mean()) if self.counted.any() else float("nan")


def image_precision(
    truth: Boxes, pred: Boxes, rules: MatchingRules = CHALLENGE, thresholds: Sequence[float] = THRESHOLDS
) -> ImagePrecision:
    """Compute the precision of the RSNA challenge for each image and IoU threshold.

    Source: the evaluation text of the challenge (Kaggle, 2018).

    Args:
        truth: True boxes of n images.
        pred: Predicted boxes of the same images.
        rules: The choices that the text leaves open.
        thresholds: The IoU thresholds.

    Returns:
        The precision of each image; an image that does not count has the value 0.

    Raises:
        ValueError: Where truth and prediction are of different numbers of images.

    Example:
        >>> from cxrbench.metrics.boxes import pack_boxes
        >>> truth = pack_boxes([[[0, 0, 10, 10]]])
        >>> image_precision(truth, pack_boxes([[[0, 0, 10, 6]]], [[0.9]])).mean  # IoU 0.6: a hit at 0.40 ... 0.55
        0.5
    """
    if len(truth.offsets) != len(pred.offsets):
        raise ValueError(f"truth of {len(truth.counts)} images, predictions of {len(pred.counts)}")
    targets, candidates = _drop_unreachable(truth, pred, min(thresholds))
    hits = _count_hits(targets, candidates.sort_by_confidence(), rules, np.array(thresholds))
    boxes = (truth.counts + pred.counts)[:, None] - hits
    values = np.divide(hits, boxes, out=np.zeros(hits.shape), where=boxes > 0)
    empty = boxes[:, 0] == 0
    values[empty] = float(rules.empty == "one")
    counted = ~empty if rules.empty == "skip" else np.ones(len(empty), bool)
    return ImagePrecision(values, counted, tuple(thresholds))


def rsna_map(truth: Boxes, pred: Boxes, rules: MatchingRules = CHALLENGE) -> float:
    """Compute the mAP of the RSNA challenge: the mean of `image_precision` over images and thresholds.

    Args:
        truth: True boxes of n images.
        pred: Predicted boxes of the same images.
        rules: The choices that the text of the challenge leaves open.

    Returns:
        The mean, in [0, 1]; NaN where no image counts.

    Raises:
        ValueError: Where truth and prediction are of different numbers of images.

    Example:
        >>> from cxrbench.metrics.boxes import pack_boxes
        >>> truth = pack_boxes([[[0, 0, 10, 10]], []])
        >>> rsna_map(truth, pack_boxes([[[0, 0, 10, 10]], [[5, 5, 2, 2]]], [[0.9], [0.4]]))
        0.5
        >>> rsna_map(truth, pack_boxes([[[0, 0, 10, 10]], []]), DLNET)
        0.5
    """
    return image_precision(truth, pred, rules).mean


def _drop_unreachable(truth: Boxes, pred: Boxes, threshold: float) -> tuple[Boxes, Boxes]:
    """Both sides without boxes that reach the lowest threshold with no box of the other side: they can never hit."""
    right, left = list_box_pairs(truth, pred)
    close = box_iou(truth.xywh[right], pred.xywh[left]) >= threshold
    return select_boxes(truth, right[close]), select_boxes(pred, left[close])


def _count_hits(truth: Boxes, pred: Boxes, rules: MatchingRules, thresholds: Floats) -> Ints:
    """True positives `[n, thresholds]`."""
    if rules.order == "none":
        return _match_maximally(truth, pred, strict=rules.strict, thresholds=thresholds)
    by_truth = rules.order == "truth"
    takers, offers = (truth, pred) if by_truth else (pred, truth)
    best = rules.several == "best" and not by_truth
    return _match_greedily(takers, offers, best=best, strict=rules.strict, thresholds=thresholds)


def _match_greedily(takers: Boxes, offers: Boxes, *, best: bool, strict: bool, thresholds: Floats) -> Ints:
    """Let takers in their order take one free offer each, for all images and thresholds at once, rank by rank."""
    width = int(offers.counts.max(initial=0))
    hits = np.zeros((len(thresholds), len(takers.counts)), np.intp)
    slots = offers.offsets[:-1, None] + np.arange(width)
    there = np.arange(width) < offers.counts[:, None]
    free = np.broadcast_to(there, (len(thresholds), *there.shape)).copy()
    for rank in range(int(takers.counts.max(initial=0)) if width else 0):
        images = np.flatnonzero((takers.counts > rank) & (offers.counts > 0))
        taker = takers.xywh[takers.offsets[images] + rank]
        overlap = box_iou(taker[:, None], offers.xywh[np.minimum(slots[images], len(offers.xywh) - 1)])
        fits = _exceeds_threshold(overlap, thresholds[:, None, None], strict=strict) & free[:, images]
        chosen = (np.where(fits, overlap, -1.0) if best else fits).argmax(-1)
        level, row = np.nonzero(fits.any(-1))
        hits[level, images[row]] += 1
        free[level, images[row], chosen[level, row]] = False
    return hits.T


def _exceeds_threshold(overlap: Floats, threshold: Floats, *, strict: bool) -> Bools:
    return overlap > threshold if strict else overlap >= threshold


def _match_maximally(truth: Boxes, pred: Boxes, *, strict: bool, thresholds: Floats) -> Ints:
    """The most hits of a one-to-one matching: one sparse graph of all images per threshold (Hopcroft-Karp)."""
    left, right = list_box_pairs(pred, truth)
    overlap = box_iou(pred.xywh[left], truth.xywh[right])
    shape = (len(pred.xywh), len(truth.xywh))
    image = np.repeat(np.arange(len(pred.counts)), pred.counts)
    hits = np.zeros((len(thresholds), len(pred.counts)), np.intp)
    for level, threshold in enumerate(thresholds):
        fits = _exceeds_threshold(overlap, threshold, strict=strict)
        graph = csr_array((np.ones(fits.sum(), np.int8), (left[fits], right[fits])), shape=shape)
        matched = maximum_bipartite_matching(graph, perm_type="column") >= 0 if min(shape) else np.zeros(shape[0], bool)
        hits[level] = np.bincount(image[matched], minlength=len(pred.counts))
    return hits.T
