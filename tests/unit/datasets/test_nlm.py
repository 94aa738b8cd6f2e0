"""Montgomery and Shenzhen: which mask belongs to which radiograph, sides, readings."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import IMAGE_LEFT, IMAGE_RIGHT, draw_lung, make_montgomery, make_shenzhen, save


def bad(dataset):
    return [(problem.file, problem.reason) for problem in dataset.problems if problem.bad]


@pytest.mark.parametrize("place", ["montgomery", "montgomery/MontgomerySet", "MontgomerySet", ""])
def test_montgomery_the_right_lung_is_at_image_left(tmp_path, place):
    make_montgomery(make_montgomery(tmp_path / place), "MCUCXR_0104_1")
    dataset = load("montgomery", tmp_path)
    assert [(case.id, case.targets.category, case.patient) for case in dataset.cases] == [
        ("MCUCXR_0001_0", "healthy", "MCUCXR_0001_0"),
        ("MCUCXR_0104_1", "other", "MCUCXR_0104_1"),
    ]
    mask = dataset.cases[0].targets.lung_mask()
    np.testing.assert_array_equal(mask == 1, IMAGE_LEFT > 0)
    np.testing.assert_array_equal(mask == 2, IMAGE_RIGHT > 0)
    assert dataset.cases[0].meta == {"view": "PA", "sex": "F", "age": 27, "finding": "normal"}
    assert dataset.cases[0].image().pixels.shape == mask.shape
    assert not bad(dataset)


def test_montgomery_absent_masks_and_radiographs_are_reported(tmp_path):
    make_montgomery(tmp_path)
    (tmp_path / "ManualMask" / "leftMask" / "MCUCXR_0001_0.png").unlink()
    save(tmp_path / "ManualMask" / "leftMask" / "MCUCXR_0009_0.png", IMAGE_LEFT)
    save(tmp_path / "CXR_png" / "MCUCXR_0002_x.png", draw_lung(0, 30))
    dataset = load("montgomery", tmp_path)
    assert bad(dataset) == [
        ("MCUCXR_0001_0", "a lung mask is absent"),
        ("MCUCXR_0002_x", "a lung mask is absent"),
        ("MCUCXR_0002_x", "the name does not end in _0 or _1: finding unknown"),
        ("ManualMask/leftMask/MCUCXR_0009_0.png", "mask without a radiograph"),
    ]
    assert dataset.cases[0].targets.lung_mask is None


def test_montgomery_masks_of_two_sizes_are_refused(tmp_path):
    make_montgomery(tmp_path)
    save(tmp_path / "ManualMask" / "leftMask" / "MCUCXR_0001_0.png", IMAGE_RIGHT[1:])
    with pytest.raises(DataError, match="differ in size"):
        load("montgomery", tmp_path).cases[0].targets.lung_mask()


@pytest.mark.parametrize(
    ("place", "layout"),
    [
        ("shenzhen", {}),
        ("", {"masks": "masks", "base": "."}),
        ("", {"masks": "mask", "suffix": ""}),
        ("", {"masks": "ChinaSet_AllFiles/mask"}),
    ],
)
def test_shenzhen_masks_in_any_layout(tmp_path, place, layout):
    make_shenzhen(tmp_path / place, **layout)
    dataset = load("shenzhen", tmp_path)
    bare, drawn = dataset.cases
    assert (bare.id, bare.targets.lung_mask, bare.targets.category) == ("CHNCXR_0001_0", None, "healthy")
    np.testing.assert_array_equal(drawn.targets.lung_mask(), np.where(IMAGE_LEFT | IMAGE_RIGHT, 3, 0))
    assert bare.meta == {"sex": "M", "age": 45, "finding": "normal"}
    assert drawn.meta == {"sex": "F", "age": 30, "finding": "right upper PTB"}
    assert drawn.image().pixels.shape == (24, 30)
    assert not bad(dataset)
    assert any("1 of 2 radiographs have no lung mask" in problem.reason for problem in dataset.problems)


def test_shenzhen_a_mask_without_a_radiograph_is_reported(tmp_path):
    save(make_shenzhen(tmp_path) / "mask" / "mask" / "CHNCXR_0700_1_mask.png", IMAGE_LEFT)
    assert bad(load("shenzhen", tmp_path)) == [("CHNCXR_0700_1_mask.png", "mask without a radiograph")]
