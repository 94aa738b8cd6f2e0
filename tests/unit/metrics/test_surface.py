"""HD95 against brute force over all edge pixels, scipy's Hausdorff distance and its distance transform."""

import math

import numpy as np
import pytest
from cxrbench.metrics.surface import find_edges, hausdorff_distance
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import binary_erosion, distance_transform_edt
from scipy.spatial.distance import cdist, directed_hausdorff

pairs = hnp.array_shapes(min_dims=2, max_dims=3, max_side=7).flatmap(
    lambda shape: st.tuples(*[hnp.arrays(bool, shape)] * 2, st.tuples(*[st.sampled_from([0.5, 1.0, 2.5])] * len(shape)))
)


def points(mask, spacing):
    return np.argwhere(mask & ~binary_erosion(mask)) * np.array(spacing)


@settings(max_examples=80, deadline=None)
@given(given_masks=pairs)
def test_equals_brute_force(given_masks):
    truth, pred, spacing = given_masks
    assume(truth.any() and pred.any())
    a, b = points(truth, spacing), points(pred, spacing)
    distances = cdist(a, b)
    expected = max(np.percentile(distances.min(1), 95), np.percentile(distances.min(0), 95))
    assert hausdorff_distance(truth, pred, spacing) == pytest.approx(expected, abs=1e-12)
    whole = max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0])
    assert hausdorff_distance(truth, pred, spacing, percentile=100) == pytest.approx(whole, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(given_masks=pairs)
def test_properties(given_masks):
    truth, pred, spacing = given_masks
    value = hausdorff_distance(truth, pred, spacing)
    assert value == pytest.approx(hausdorff_distance(pred, truth, spacing), nan_ok=True)
    assert hausdorff_distance(truth, truth, spacing) == 0
    assert hausdorff_distance(truth, pred, [2 * step for step in spacing]) == pytest.approx(2 * value, nan_ok=True)
    padded = [np.pad(side, 3) for side in (truth, pred)]
    assert hausdorff_distance(*padded, spacing) == pytest.approx(value, nan_ok=True)
    assert np.array_equal(find_edges(truth), truth & ~binary_erosion(truth))


def test_large_masks_equal_the_distance_transform():
    y, x = np.indices((200, 180))
    truth, pred = (y - 90) ** 2 / 2 + (x - 80) ** 2 < 40**2, (y - 96) ** 2 / 2 + (x - 83) ** 2 < 38**2
    ways = []
    for source, target in ((truth, pred), (pred, truth)):
        away = distance_transform_edt(~find_edges(target), sampling=(0.7, 0.9))
        ways.append(np.percentile(away[find_edges(source)], 95))
    assert hausdorff_distance(truth, pred, (0.7, 0.9)) == pytest.approx(max(ways), abs=1e-12)


def test_a_shifted_square_is_as_far_as_it_was_shifted():
    square = np.zeros((40, 40), bool)
    square[10:20, 10:20] = True
    assert hausdorff_distance(square, np.roll(square, 4, 1)) == 4
    assert hausdorff_distance(square, np.roll(square, 4, 1), (1.0, 0.25)) == 1


def test_empty_masks():
    empty, full = np.zeros((4, 4)), np.ones((4, 4))
    assert hausdorff_distance(empty, empty) == 0
    assert math.isnan(hausdorff_distance(empty, full))
    assert math.isnan(hausdorff_distance(full, empty))


@pytest.mark.parametrize("spacing", [(1.0,), (1.0, 0.0), (1.0, -1.0), (1.0, math.nan)])
def test_a_spacing_that_is_none_is_refused(spacing):
    with pytest.raises(ValueError, match="spacing"):
        hausdorff_distance(np.ones((2, 2)), np.ones((2, 2)), spacing)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        hausdorff_distance(np.ones((2, 3)), np.ones((3, 2)))
