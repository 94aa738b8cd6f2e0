"""Boxes, the pneumonia ratio and the extent at the borders of its classes, by hand."""

import numpy as np
import pytest
from cxrbench_baselines.systems.dlnet.extent import (
    compute_extent,
    compute_pneumonia_ratio,
    find_boxes,
    grade_lung,
    split_lung_mask,
)

LUNGS = np.zeros((40, 60), bool)
LUNGS[0:40, 0:20] = LUNGS[0:40, 40:60] = True  # 800 pixels per lung


@pytest.mark.parametrize(
    ("ratio", "score"), [(0, 0), (0.01, 1), (24.99, 1), (25, 2), (49.99, 2), (50, 3), (75, 3), (75.01, 4), (100, 4)]
)
def test_the_classes_of_a_lung_at_their_borders(ratio, score):
    assert grade_lung(ratio) == score


@pytest.mark.parametrize(
    ("right", "left", "score"), [(0, 0, 0), (1, 0, 1), (10, 0, 2), (9, 20, 4), (30, 31, 7), (40, 40, 8)]
)
def test_both_lungs_are_added(right, left, score):
    sick = np.zeros_like(LUNGS)
    sick[:right, :20] = True  # a row is 2.5 % of a lung
    sick[:left, 40:] = True
    assert compute_extent(sick, LUNGS) == score


def test_the_ratio_is_of_pixels_within_the_lungs():
    sick = np.zeros_like(LUNGS)
    sick[:20] = True  # also between the lungs, which does not count
    assert compute_pneumonia_ratio(sick, LUNGS) == 50
    assert compute_pneumonia_ratio(sick, np.zeros_like(LUNGS)) == 0
    assert compute_extent(sick, np.zeros_like(LUNGS)) == 0


def test_touching_lungs_are_divided_into_halves_of_equal_area():
    joined = LUNGS.copy()
    joined[20:22] = True
    first, second = split_lung_mask(joined)
    assert not (first & second).any()
    assert np.array_equal(first | second, joined)
    assert abs(int(first.sum()) - int(second.sum())) <= 40  # a column


def test_the_first_lung_is_at_image_left():
    first, second = split_lung_mask(LUNGS)
    assert first[:, :20].all()
    assert second[:, 40:].all()
    assert not first[:, 20:].any()


def test_boxes_are_tight_and_their_confidence_is_the_regions_mean():
    heat = np.zeros((20, 30), np.float32)
    heat[2:6, 3:10], heat[10:12, 20:25] = 0.9, 0.81
    heat[2, 3] = 0.8  # not above the threshold: the box stays tight around the rest
    boxes, confidence = find_boxes(heat, 0.8)
    assert boxes.tolist() == [[3, 2, 7, 4], [20, 10, 5, 2]]
    assert confidence == pytest.approx([0.9, 0.81])


def test_no_region_gives_no_box():
    boxes, confidence = find_boxes(np.zeros((9, 9), np.float32), 0.5)
    assert boxes.shape == (0, 4)
    assert confidence.shape == (0,)
