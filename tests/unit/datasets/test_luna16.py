"""LUNA16: airways are no lung, sides, folds, what is absent."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import LUNA_LABELS, LUNA_UID, make_luna16
from tests.fixtures.make_volumes import body


@pytest.mark.parametrize("place", ["luna16", ""])
def test_right_and_left_lung_without_the_airways(tmp_path, place):
    make_luna16(tmp_path / place)
    dataset = load("luna16", tmp_path)
    (case,) = dataset.cases
    lung = case.targets.lung_mask()
    assert (lung[..., 0] == 1).all()
    assert (lung[..., 8] == 2).all()
    assert not lung[..., 4].any()
    assert lung[0, 0, 1] == 3
    np.testing.assert_array_equal(case.image().pixels, body())
    assert case.meta == {"fold": "subset0", "nodules": 2}
    assert (case.targets.category, case.targets.finding) == ("other", True)
    assert not [problem for problem in dataset.problems if problem.bad]


def test_a_scan_without_nodules_is_not_called_healthy(tmp_path):
    make_luna16(make_luna16(tmp_path), uid="1.2", subset="subset3")
    case = load("luna16", tmp_path).by_id["1.2"]
    assert (case.targets.category, case.targets.finding, case.meta["nodules"]) == ("other", None, 0)


def test_what_is_absent_is_reported(tmp_path):
    make_luna16(tmp_path)
    (tmp_path / "subset9").rmdir()
    (tmp_path / "annotations.csv").unlink()
    (tmp_path / "seg-lungs-LUNA16" / f"{LUNA_UID}.mhd").rename(tmp_path / "seg-lungs-LUNA16" / "9.9.mhd")
    dataset = load("luna16", tmp_path)
    assert [problem.file for problem in dataset.problems if problem.bad] == [
        "annotations.csv",
        "subset9",
        f"seg-lungs-LUNA16/{LUNA_UID}.mhd",
        "seg-lungs-LUNA16/9.9.mhd",
    ]
    assert dataset.cases[0].targets.lung_mask is None


def test_absent_voxels_and_an_unknown_label_are_errors(tmp_path):
    make_luna16(tmp_path, labels=np.full_like(LUNA_LABELS, 7))
    (case,) = load("luna16", tmp_path).cases
    with pytest.raises(DataError, match=r"unknown labels \[7\]"):
        case.targets.lung_mask()
    (tmp_path / "subset0" / f"{LUNA_UID}.raw").unlink()
    with pytest.raises(DataError, match=r"voxel file not found.*\.raw"):
        case.image()
