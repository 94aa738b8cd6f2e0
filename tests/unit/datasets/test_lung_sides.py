"""Right and left lung by their position."""

import numpy as np
from cxrbench.datasets.formats.lung_sides import label_sides

from tests.fixtures.make_copies import IMAGE_LEFT, IMAGE_RIGHT


def test_sides_come_from_the_position_alone():
    left, right = IMAGE_LEFT > 0, IMAGE_RIGHT > 0
    np.testing.assert_array_equal(label_sides([right, left]), label_sides([left, right]))
    both = label_sides([left, right | left])
    assert set(np.unique(both[left])) == {3}
    assert set(np.unique(label_sides([left, left & False]))) == {0, 3}
    assert set(np.unique(label_sides([left | right]))) == {0, 3}
    assert set(np.unique(label_sides([left, right, left]))) == {0, 3}
