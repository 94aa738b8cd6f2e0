"""Polygons: the even-odd rule at pixel centres, against a plain point-in-polygon test."""

import numpy as np
import pytest
from cxrbench.datasets.formats.polygons import fill_polygon
from hypothesis import given, settings
from hypothesis import strategies as st


def inside(x: float, y: float, points) -> bool:
    """Crossing number of the ray to the right of (x, y): the textbook test, one point at a time."""
    odd = False
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            odd = not odd
    return odd


def plain(points, height, width):
    return np.array([[inside(column + 0.5, row + 0.5, points) for column in range(width)] for row in range(height)])


corner = st.tuples(st.floats(-4, 20, width=32), st.floats(-4, 16, width=32))


@given(st.lists(corner, min_size=3, max_size=9))
@settings(max_examples=150, deadline=None)
def test_agrees_with_a_point_in_polygon_test(points):
    # corners on a grid of odd sixteenths: no centre lies on an outline by rounding
    moved = [(round(x * 8) / 8 + 0.017, round(y * 8) / 8 + 0.013) for x, y in points]
    np.testing.assert_array_equal(fill_polygon(np.array(moved), 12, 16), plain(moved, 12, 16))


def test_a_square_between_centres():
    mask = fill_polygon(np.array([[1.4, 1.4], [3.6, 1.4], [3.6, 2.6], [1.4, 2.6]]), 5, 5)
    expected = np.zeros((5, 5), bool)
    expected[1:3, 1:4] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_loop_within_a_loop_is_a_hole():
    outline = [[0, 0], [8, 0], [8, 8], [0, 8], [0, 0], [2, 2], [6, 2], [6, 6], [2, 6], [2, 2]]
    mask = fill_polygon(np.array(outline, float), 8, 8)
    assert mask.sum() == 64 - 16
    assert not mask[2:6, 2:6].any()


def test_neighbours_share_no_pixel_and_leave_no_gap():
    left = fill_polygon(np.array([[0, 0], [3.5, 0], [3.5, 6], [0, 6]]), 6, 8)
    right = fill_polygon(np.array([[3.5, 0], [8, 0], [8, 6], [3.5, 6]]), 6, 8)
    assert (left ^ right).all()


def test_the_part_outside_the_image_is_cut_off():
    assert fill_polygon(np.array([[-5, -5], [50, -5], [50, 50], [-5, 50]], float), 4, 6).all()
    assert not fill_polygon(np.array([[-9, 0], [-2, 0], [-2, 4]], float), 4, 6).any()


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.array([[1.0, 1.0]]), np.array([[0.0, 0.0], [4.0, 4.0]])])
def test_fewer_than_three_corners_enclose_nothing(points):
    assert not fill_polygon(points, 5, 5).any()


def test_the_area_of_a_circle():
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    circle = np.column_stack([150 + 100 * np.cos(turn), 140 + 100 * np.sin(turn)])
    assert fill_polygon(circle, 300, 300).sum() == pytest.approx(np.pi * 100**2, rel=1e-3)
