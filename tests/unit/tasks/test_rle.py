"""Run lengths: there and back for any mask, in the order that the text promises."""

import numpy as np
import pytest
from cxrbench.tasks.masks import rle
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp


@settings(max_examples=80, deadline=None)
@given(mask=hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=3, max_side=8)))
def test_there_and_back(mask):
    runs = rle.encode_mask(mask)
    assert np.array_equal(rle.decode_mask(runs, mask.shape), mask)
    assert (runs[1:] > 0).all(), "only the first run may be empty"
    again, shape = rle.parse_runs(rle.format_runs(runs, mask.shape))
    assert np.array_equal(again, runs)
    assert shape == mask.shape


def test_the_last_axis_runs_fastest():
    mask = np.zeros((2, 3, 4), bool)
    mask[1, 0, 1:3] = True
    assert rle.format_runs(rle.encode_mask(mask), mask.shape) == "2x3x4:13 2 9"


@pytest.mark.parametrize(
    "text", ["", "2x3", "2x3:1 2", "2x3:1 -1 6", "2x3:a", "6:6", "0x3:0", "1x1x1x1:1", "nan", "9999999999x9999999999:1"]
)
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match=r"mask"):
        rle.parse_runs(text)
