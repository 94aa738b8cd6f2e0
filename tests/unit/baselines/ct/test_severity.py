"""The affected fraction by hand, and the phantom's stated fraction from its masks."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError
from cxrbench_baselines.ct.severity import affected_fraction, compute_local_severity

from tests.fixtures.make_chest import chest


def test_the_larger_lung_fraction_counts_and_lesions_outside_do_not():
    lungs = np.zeros((2, 4, 5), np.uint8)
    lungs[:, :, 0], lungs[:, :, 4] = 1, 2
    lesions = np.zeros(lungs.shape, bool)
    lesions[0], lesions[1, :2, 4] = True, True
    assert affected_fraction(lesions, lungs) == {"right": 0.5, "left": 0.75, "larger": 0.75}


def test_lungs_of_unknown_side_are_one_missing_ones_none():
    lungs = np.full((2, 2, 2), 3, np.uint8)
    lesions = np.zeros(lungs.shape, bool)
    lesions[0, 0] = True
    assert affected_fraction(lesions, lungs) == {"both": 0.25, "larger": 0.25}
    lungs[...] = 2
    assert set(affected_fraction(lesions, lungs)) == {"left", "larger"}


def test_without_lungs_the_fraction_is_undefined():
    nothing = np.zeros((2, 2, 2), np.uint8)
    with pytest.raises(DataError, match=r"no lungs.*study 9"):
        affected_fraction(nothing > 0, nothing, where="study 9")


def test_the_phantom_states_what_its_masks_measure():
    cases = [case for case in load("phantom-ct").cases if case.targets.category == "covid"][:4]
    for case in cases:
        fractions = affected_fraction(case.targets.lesion_mask(), case.targets.lung_mask())
        assert fractions == pytest.approx(dict(case.targets.affected_fraction), abs=0.02)


def test_local_severity_is_the_affected_share_behind_each_pixel():
    ct = chest()
    share = compute_local_severity(ct.lesions, ct.lungs)
    assert share.shape == (ct.hu.shape[0], ct.hu.shape[2])
    lung = (ct.lungs > 0).any(axis=1)
    np.testing.assert_array_equal(np.isnan(share), ~lung)
    depth = (ct.lungs > 0).sum(axis=1)
    assert np.nansum(share * depth) == pytest.approx(ct.lesions.sum(), rel=1e-5)
