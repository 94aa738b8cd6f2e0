"""RSNA precision of 1,124 images from lists of boxes, against a plain Python loop over the same lists."""

import time

import numpy as np
import pytest
from cxrbench.metrics.boxes import pack_boxes
from cxrbench.metrics.rsna_precision import THRESHOLDS, rsna_map

IMAGES = 1124
AT_LEAST = 4
"""Times as fast as the loop, at the least; ten is what a quiet machine shows."""


@pytest.fixture(scope="module")
def lists():
    """Truth, predictions and confidences: half of the images have 1-3 boxes, predictions near and beside them."""
    rng = np.random.default_rng(0)
    truth, pred, confidence = [], [], []
    for _ in range(IMAGES):
        count = int(rng.choice([0, 0, 0, 1, 2, 3]))
        boxes = np.column_stack([rng.uniform(0, 700, (count, 2)), rng.uniform(50, 300, (count, 2))])
        beside = int(rng.integers(0, 3))
        stray = np.column_stack([rng.uniform(0, 700, (beside, 2)), rng.uniform(50, 300, (beside, 2))])
        near = np.concatenate([abs(boxes + rng.normal(0, 20, boxes.shape)), stray])
        truth.append(boxes.tolist())
        pred.append(near.tolist())
        confidence.append(rng.random(len(near)).tolist())
    return truth, pred, confidence


def overlap(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def precision(truth, pred, threshold):
    free, hits = list(range(len(truth))), 0
    for box in pred:
        fits = [(overlap(box, truth[i]), -i) for i in free if overlap(box, truth[i]) > threshold]
        if fits:
            free.remove(-max(fits)[1])
            hits += 1
    return hits / (len(truth) + len(pred) - hits)


def loop(truth, pred, confidence):
    values = []
    for boxes, guesses, scores in zip(truth, pred, confidence, strict=True):
        if boxes or guesses:
            order = sorted(range(len(guesses)), key=lambda i: -scores[i])
            ranked = [guesses[i] for i in order]
            values.append(sum(precision(boxes, ranked, t) for t in THRESHOLDS) / len(THRESHOLDS))
    return sum(values) / len(values)


def ours(truth, pred, confidence):
    return rsna_map(pack_boxes(truth), pack_boxes(pred, confidence))


@pytest.mark.parametrize("way", [ours, loop], ids=["ours, from lists", "plain loop"])
def test_rsna_map(benchmark, lists, way):
    assert benchmark(way, *lists) == pytest.approx(ours(*lists))


def test_rsna_map_from_columns(benchmark, lists):
    truth, pred, confidence = lists
    packed = pack_boxes(truth), pack_boxes(pred, confidence)
    assert benchmark(rsna_map, *packed) == pytest.approx(ours(*lists))


def test_at_least_so_many_times_as_fast(lists):
    """The best of several alternating rounds, so that other load on the machine does not decide."""
    ratios = []
    for _ in range(5):
        begin = time.perf_counter()
        loop(*lists)
        middle = time.perf_counter()
        ours(*lists)
        ratios.append((middle - begin) / (time.perf_counter() - middle))
    assert max(ratios) >= AT_LEAST
