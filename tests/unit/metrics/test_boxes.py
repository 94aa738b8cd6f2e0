"""RSNA precision: worked by hand, against plain loops for each reading, and its properties."""

import math
from itertools import permutations

import numpy as np
import pytest
from cxrbench.metrics.boxes import box_iou, pack_boxes
from cxrbench.metrics.rsna_precision import (
    CHALLENGE,
    DLNET,
    KERNEL,
    THRESHOLDS,
    MatchingRules,
    image_precision,
    rsna_map,
)
from hypothesis import given, settings
from hypothesis import strategies as st

BOX = [0, 0, 10, 10]
FAR = [500, 500, 10, 10]


def overlap(a, b) -> float:
    """IoU by counting unit squares of integer boxes."""
    squares = [{(x, y) for x in range(q[0], q[0] + q[2]) for y in range(q[1], q[1] + q[3])} for q in (a, b)]
    union = len(squares[0] | squares[1])
    return len(squares[0] & squares[1]) / union if union else 0.0


def greedy(truth, pred, threshold) -> int:
    """The challenge's text as a loop: predictions in falling confidence, each takes the best free truth."""
    free, hits = list(range(len(truth))), 0
    for box in pred:
        fits = [(overlap(box, truth[i]), -i) for i in free if overlap(box, truth[i]) > threshold]
        if fits:
            free.remove(-max(fits)[1])
            hits += 1
    return hits


def truths_choose(truth, pred, threshold) -> int:
    """The popular re-implementation as a loop: each truth takes the first free prediction that reaches it."""
    free, hits = list(range(len(pred))), 0
    for box in truth:
        fits = [j for j in free if overlap(box, pred[j]) >= threshold]
        if fits:
            free.remove(fits[0])
            hits += 1
    return hits


def largest(truth, pred, threshold) -> int:
    """The most hits over every assignment of the shorter side to the longer."""
    few, many = sorted((truth, pred), key=len)
    return max(
        sum(overlap(a, b) > threshold for a, b in zip(few, some, strict=True)) for some in permutations(many, len(few))
    )


LOOPS = {"challenge": (CHALLENGE, greedy), "kernel": (KERNEL, truths_choose), "dlnet": (DLNET, largest)}
EMPTY = {"challenge": None, "kernel": None, "dlnet": 0.0}

box = st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(1, 6)] * 2)
image = st.tuples(st.lists(box, max_size=4), st.lists(box, max_size=4))


@pytest.mark.parametrize("name", LOOPS)
@settings(max_examples=60, deadline=None)
@given(images=st.lists(image, min_size=1, max_size=4))
def test_equals_a_plain_loop(name, images):
    reading, loop = LOOPS[name]
    expected = []
    for truth, pred in images:
        if truth or pred:
            hits = [loop(truth, pred, t) for t in THRESHOLDS]
            expected.append(np.mean([hit / (len(truth) + len(pred) - hit) for hit in hits]))
        elif EMPTY[name] is not None:
            expected.append(EMPTY[name])
    confidence = [np.linspace(1, 0.1, len(pred)) for _, pred in images]
    value = rsna_map(pack_boxes([t for t, _ in images]), pack_boxes([p for _, p in images], confidence), reading)
    assert value == pytest.approx(np.mean(expected)) if expected else math.isnan(value)


@settings(max_examples=40, deadline=None)
@given(images=st.lists(image, min_size=2, max_size=5), seed=st.integers(0, 99))
def test_order_of_images_and_of_rows_does_not_matter(images, seed):
    rng = np.random.default_rng(seed)
    confidence = [rng.permutation(len(pred)) / 10 for _, pred in images]
    whole = rsna_map(pack_boxes([t for t, _ in images]), pack_boxes([p for _, p in images], confidence))
    order = rng.permutation(len(images))
    inside = [rng.permutation(len(images[i][1])) for i in order]
    mixed = pack_boxes(
        [[images[i][1][j] for j in rows] for i, rows in zip(order, inside, strict=True)],
        [confidence[i][rows] for i, rows in zip(order, inside, strict=True)],
    )
    again = rsna_map(pack_boxes([images[i][0] for i in order]), mixed)
    assert again == pytest.approx(whole, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(images=st.lists(image, min_size=1, max_size=5))
def test_bounds_and_perfect_predictions(images):
    truth, pred = pack_boxes([t for t, _ in images]), pack_boxes([p for _, p in images])
    values = image_precision(truth, pred).values
    assert ((values >= 0) & (values <= 1)).all()
    assert (np.diff(values, axis=1) <= 0).all(), "a higher threshold cannot give more hits"
    perfect = image_precision(truth, truth, DLNET)
    assert (perfect.values == (truth.counts > 0)[:, None]).all()


def test_the_threshold_itself_is_no_hit_but_for_the_kernel():
    half = pack_boxes([[[0, 0, 10, 5]]])
    assert box_iou(half.xywh[0], np.array(BOX, float)) == 0.5
    strict = image_precision(pack_boxes([[BOX]]), half)
    assert strict.values[0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert image_precision(pack_boxes([[BOX]]), half, KERNEL).values[0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert THRESHOLDS == (0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75)


@pytest.mark.parametrize(("empty", "value", "skipped"), [("skip", 0.5, 1), ("one", 2 / 3, 0), ("zero", 1 / 3, 0)])
def test_images_without_a_drawn_box(empty, value, skipped):
    truth, pred = pack_boxes([[BOX], [], []]), pack_boxes([[BOX], [FAR], []])
    precision = image_precision(truth, pred, MatchingRules(empty=empty))
    assert precision.mean == pytest.approx(value)
    assert precision.skipped == skipped


def test_nothing_drawn_and_nothing_predicted_is_undefined():
    assert math.isnan(rsna_map(pack_boxes([[], []]), pack_boxes([[], []])))
    assert math.isnan(rsna_map(pack_boxes([]), pack_boxes([])))


def test_confidence_decides_who_takes_the_truth():
    truth = pack_boxes([[[0, 0, 10, 10], [4, 0, 10, 10]]])
    first, second = [0, 0, 10, 10], [1, 0, 10, 10]
    surer_first = rsna_map(truth, pack_boxes([[first, second]], [[0.9, 0.1]]))
    surer_second = rsna_map(truth, pack_boxes([[first, second]], [[0.1, 0.9]]))
    assert surer_first == pytest.approx((3 * 1 + 5 / 3) / 8), "the second reaches its truth up to 0.5"
    assert surer_second == pytest.approx((1 * 1 + 7 / 3) / 8), "the second took the better truth from the first"


def test_weighting_images_equals_repeating_them():
    rng = np.random.default_rng(0)
    boxes = [[rng.integers(1, 9, 4).tolist() for _ in range(k)] for k in (1, 2, 0, 3, 1)]
    preds = [[rng.integers(1, 9, 4).tolist() for _ in range(k)] for k in (2, 1, 0, 2, 0)]
    weights = np.array([2, 0, 1, 3, 1])
    precision = image_precision(pack_boxes(boxes), pack_boxes(preds))
    drawn = np.repeat(np.arange(5), weights)
    mean = (weights * precision.values.mean(1))[precision.counted].sum() / weights[precision.counted].sum()
    assert mean == pytest.approx(rsna_map(pack_boxes([boxes[i] for i in drawn]), pack_boxes([preds[i] for i in drawn])))


@pytest.mark.parametrize(
    ("boxes", "confidence", "message"),
    [
        ([[[0, 0, 1]]], None, "x, y, width, height"),
        ([[[0, 0, -1, 1]]], None, "at least 0"),
        ([[[0, 0, math.nan, 1]]], None, "finite"),
        ([[BOX]], [[]], "one confidence"),
        ([[BOX]], [[math.inf]], "finite"),
    ],
)
def test_invalid_boxes_are_refused(boxes, confidence, message):
    with pytest.raises(ValueError, match=message):
        pack_boxes(boxes, confidence)


def test_other_numbers_of_images_are_refused():
    with pytest.raises(ValueError, match="2 images"):
        rsna_map(pack_boxes([[BOX], [BOX]]), pack_boxes([[BOX]]))
