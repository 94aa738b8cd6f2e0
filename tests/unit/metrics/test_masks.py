"""Dice and IoU against scikit-learn, on any shape, with the rules for empty masks and ignored pixels."""

import math

import numpy as np
import pytest
from cxrbench.metrics.masks import Overlap, count_overlap, dice, iou, pack_mask, separate_ignored, stack_overlaps
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score, jaccard_score

shapes = hnp.array_shapes(min_dims=1, max_dims=3, max_side=9)
pairs = shapes.flatmap(lambda shape: st.tuples(*[hnp.arrays(bool, shape)] * 3))


@settings(max_examples=80, deadline=None)
@given(masks=pairs)
def test_equal_scikit_learn(masks):
    truth, pred, _ = masks
    counts, flat = count_overlap(truth, pred), (truth.ravel(), pred.ravel())
    assert float(dice(counts)) == pytest.approx(f1_score(*flat, zero_division=1.0), abs=1e-12)
    assert float(iou(counts)) == pytest.approx(jaccard_score(*flat, zero_division=1.0), abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(masks=pairs)
def test_properties(masks):
    truth, pred, _ = masks
    d, j = float(dice(count_overlap(truth, pred))), float(iou(count_overlap(truth, pred)))
    assert 0 <= j <= d <= 1
    assert d == pytest.approx(2 * j / (1 + j))
    assert d == float(dice(count_overlap(pred, truth)))
    assert float(dice(count_overlap(truth, truth))) == 1
    assert d == float(dice(count_overlap(np.flip(truth), np.flip(pred))))


@settings(max_examples=60, deadline=None)
@given(masks=pairs)
def test_ignored_pixels_count_for_neither_side(masks):
    truth, pred, ignored = masks
    kept = count_overlap(truth[~ignored], pred[~ignored])
    counts = count_overlap(truth, pred, ignored)
    assert (counts.truth, counts.pred, counts.both) == (kept.truth, kept.pred, kept.both)


@pytest.mark.parametrize(("truth", "pred", "value"), [([0, 0], [0, 0], 1), ([0, 0], [0, 1], 0), ([1, 0], [0, 0], 0)])
def test_empty_masks(truth, pred, value):
    assert float(dice(count_overlap([truth], [pred]))) == value
    assert float(iou(count_overlap([truth], [pred]))) == value


def test_both_empty_can_be_left_undefined():
    counts = stack_overlaps([count_overlap([[0]], [[0]]), count_overlap([[1]], [[1]])])
    assert counts.blank.tolist() == [True, False]
    values = dice(counts, empty=math.nan)
    assert math.isnan(values[0])
    assert values[1] == 1


def test_smoothed_iou_of_empty_masks():
    missed = count_overlap(np.zeros((320, 320)), np.ones((320, 320)))
    assert float(iou(missed, smooth=1e-7)) == pytest.approx(1e-7 / 320**2, rel=1e-6)
    assert float(iou(count_overlap([[0]], [[0]]), smooth=1e-7)) == 1
    assert float(dice(count_overlap([[1, 1]], [[1, 0]]), smooth=1.0)) == pytest.approx(3 / 4)


def test_pooled_is_of_all_pixels():
    counts = Overlap(np.array([10.0, 0, 90]), np.array([10.0, 5, 90]), np.array([10.0, 0, 30]))
    assert float(dice(counts.pooled)) == pytest.approx(80 / 205)
    assert dice(counts).tolist() == pytest.approx([1, 0, 1 / 3])


def test_labels_of_any_number_are_mask_but_for_ignore():
    mask, ignored = separate_ignored(np.array([[0, 127, 255, 1, 2]], np.uint8), 127)
    assert mask.tolist() == [[False, False, True, True, True]]
    assert ignored.tolist() == [[False, True, False, False, False]]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32])
def test_every_type_of_mask_packs_alike(dtype):
    mask = np.random.default_rng(0).integers(0, 2, (5, 13)).astype(dtype)
    counts = count_overlap(mask, pack_mask(mask))
    assert counts.both == np.count_nonzero(mask)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        count_overlap(np.zeros((2, 3)), np.zeros((3, 2)))
