"""JSRT and the SCR masks: sides, folds, sizes."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import make_jsrt


def bad(dataset):
    return [(problem.file, problem.reason) for problem in dataset.problems if problem.bad]


@pytest.mark.parametrize(("place", "scratch"), [("jsrt", "scratch"), ("jsrt", "."), ("", "annotations")])
def test_masks_are_enlarged_and_give_the_fold(tmp_path, place, scratch):
    make_jsrt(tmp_path / place, scratch)
    dataset = load("jsrt", tmp_path)
    assert len(dataset.cases) == 247
    nodule, none = dataset.by_id["JPCLN001"], dataset.by_id["JPCNN002"]
    assert (nodule.meta["fold"], none.meta["fold"]) == (1, 2)
    assert (nodule.targets.finding, none.targets.finding) == (True, False)
    mask = nodule.targets.lung_mask()
    assert mask.shape == nodule.image().pixels.shape == (2048, 2048)
    small = mask[::32, ::32]
    np.testing.assert_array_equal(mask, small.repeat(32, 0).repeat(32, 1))
    assert set(small[20, 8:28]) == {1}
    assert set(small[20, 28:30]) == {3}
    assert set(small[20, 30:60]) == {2}
    assert not small[:16].any()


def test_absent_radiographs_and_folds_are_reported(tmp_path):
    make_jsrt(tmp_path)
    (tmp_path / "scratch" / "fold2").rename(tmp_path / "elsewhere")
    wrong = bad(load("jsrt", tmp_path))
    assert wrong.count(("JPCLN002", "radiograph absent")) == 1
    assert len(wrong) == 245 + 1
    assert wrong[-1] == ("fold2", "SCR masks absent")


def test_a_mask_whose_size_is_no_divisor_is_refused(tmp_path):
    make_jsrt(tmp_path, size=60)
    with pytest.raises(DataError, match="60 x 60"):
        load("jsrt", tmp_path).by_id["JPCLN001"].targets.lung_mask()
