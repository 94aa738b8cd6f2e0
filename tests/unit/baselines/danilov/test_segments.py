"""Six equal-area segments and their score, by hand, against scipy's components and against loops."""

import numpy as np
import pytest
from cxrbench_baselines.systems.danilov.segments import (
    compute_segment_shares,
    count_affected_segments,
    find_best_share,
    find_third_rows,
    separate_lungs,
)
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from scipy import ndimage


def two_lungs(height=60, width=40):
    """An image-left lung of 30 rows x 10 columns, an image-right one of 30 x 12, and a speck."""
    lungs = np.zeros((height, width), bool)
    lungs[5:35, 3:13] = True
    lungs[10:40, 20:32] = True
    lungs[50, 1] = True
    return lungs


def test_the_two_largest_regions_are_the_lungs_left_first():
    left, right = separate_lungs(two_lungs())
    assert left.sum() == 300
    assert right.sum() == 360
    assert np.flatnonzero(left.any(0))[0] == 3


def test_lungs_that_touch_are_one_region_and_none_is_none():
    assert len(separate_lungs(np.ones((9, 9), bool))) == 1
    assert separate_lungs(np.zeros((9, 9), bool)) == []


@settings(deadline=None, max_examples=40)
@given(arrays.arrays(bool, (12, 14)))
def test_regions_are_those_of_scipy(mask):
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = sorted(ndimage.sum_labels(mask, labels, range(1, count + 1)), reverse=True)[:2]
    assert sorted((part.sum() for part in separate_lungs(mask)), reverse=True) == sizes


def test_a_rectangle_is_cut_into_thirds():
    assert find_third_rows(two_lungs()[:, :15]) == (15, 25)


@settings(deadline=None, max_examples=60)
@given(arrays.arrays(bool, (17, 5)).filter(lambda mask: mask.any()))
def test_no_other_row_is_nearer_to_a_third(lung):
    for row, part in zip(find_third_rows(lung), (1 / 3, 2 / 3), strict=True):
        gaps = [abs(lung[:y].sum() - part * lung.sum()) for y in range(len(lung) + 1)]
        assert abs(lung[:row].sum() - part * lung.sum()) == pytest.approx(min(gaps))


def test_shares_list_the_right_lung_downwards_then_the_left():
    lungs, opacities = two_lungs(), np.zeros((60, 40), bool)
    opacities[5:10, 3:13] = True  # half of the upper third of the patient's right lung
    opacities[30:60, :] = True  # the last five rows of that lung, the lower third of the other, and outside
    shares = compute_segment_shares(opacities, lungs)
    assert shares.tolist() == [0.5, 0, 0.5, 0, 0, 1]


def test_areas_of_segments_are_equal_but_for_a_row():
    rng = np.random.default_rng(0)
    lung = ndimage.binary_opening(rng.random((90, 40)) < 0.9)
    whole = max(separate_lungs(lung), key=np.sum)
    top, bottom = find_third_rows(whole)
    areas = [whole[:top].sum(), whole[top:bottom].sum(), whole[bottom:].sum()]
    assert max(areas) - min(areas) <= 2 * whole.sum(1).max()


def test_shares_do_not_depend_on_the_image_size():
    lungs, opacities = two_lungs(), np.zeros((60, 40), bool)
    opacities[8:27, 5:30] = True
    larger = [np.kron(mask, np.ones((3, 3), bool)) for mask in (opacities, lungs)]
    assert compute_segment_shares(*larger) == pytest.approx(compute_segment_shares(opacities, lungs), abs=0.05)


def test_no_lungs_and_one_lung():
    nothing = np.zeros((20, 20), bool)
    assert compute_segment_shares(~nothing, nothing).tolist() == [0] * 6
    single = nothing.copy()
    single[:, 4:9] = True
    assert compute_segment_shares(~nothing, single).tolist() == [1, 1, 1, 0, 0, 0]


def test_the_score_counts_segments_from_the_threshold_on():
    shares = np.array([[0.0, 0.1, 0.2, 0.3, 0.0, 1.0], [0] * 6])
    assert count_affected_segments(shares, 0.2).tolist() == [3, 0]
    assert count_affected_segments(shares, 0.0).tolist() == [4, 0]  # a segment without an opacity never counts


def test_the_best_threshold_is_that_of_a_plain_scan():
    rng = np.random.default_rng(3)
    shares = rng.random((40, 6)) * (rng.random((40, 6)) < 0.7)
    truth = (shares >= 0.35).sum(1).astype(float) + rng.choice([0, 0.5], 40)
    best = find_best_share(shares, truth)

    def mae(least):
        return np.mean([abs(sum(s >= least for s in row) - score) for row, score in zip(shares, truth, strict=True)])

    assert mae(best) == min(mae(least) for least in np.linspace(0.0001, 1, 3000))
    assert find_best_share(np.zeros((5, 6)), np.zeros(5)) is None
