"""cxr-seg-100: RGBA crops placed in the image, lungs with sides, lesions clipped to them."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import CXR_SEG, CXR_SEG_OBJECTS, make_cxr_seg
from tests.fixtures.make_tables import write_csv, write_picture


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


def test_crops_are_placed_and_united(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100")
    write_picture(tmp_path / "cxr-seg-100/images/aa.jpg")
    case = load("cxr-seg-100", tmp_path).by_id["one.jpg"]
    lungs, lesions = np.zeros((20, 24), int), np.zeros((20, 24), bool)
    lungs[2:12, 2:8], lungs[2:12, 14:20] = 1, 2
    lungs[2, 2] = lungs[2, 14] = 0
    lesions[4:7, 2:5] = lesions[8:10, 16:18] = True
    lesions[8, 16] = False
    np.testing.assert_array_equal(case.targets.lung_mask(), lungs)
    np.testing.assert_array_equal(case.targets.lesion_mask(), lesions)
    assert case.patient == "12"
    assert case.image().pixels.shape == (20, 24)


def test_absent_images_are_taken_from_the_cohen_copy(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100")
    write_picture(tmp_path / "cohen/images/one.jpg")
    assert load("cxr-seg-100", tmp_path).by_id["one.jpg"].available


def test_masks_of_another_size_are_not_used(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100")
    write_picture(tmp_path / "cohen/images/one.jpg", 40, 48)
    dataset = load("cxr-seg-100", tmp_path)
    assert dataset.cases[0].targets.lung_mask is None
    assert reasons(dataset, "one.jpg") == ["masks for 20 x 24 pixels, image of 40 x 48: masks not used"]


def test_a_lung_that_was_not_drawn_is_reported(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100", CXR_SEG_OBJECTS[:1])
    dataset = load("cxr-seg-100", tmp_path)
    assert set(np.unique(dataset.cases[0].targets.lung_mask())) == {0, 1}
    assert "left lung not drawn" in reasons(dataset, "one.jpg")
    assert not dataset.cases[0].targets.lesion_mask().any()


def test_an_unknown_class_is_reported(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100", [*CXR_SEG_OBJECTS, ("Ghost", 0, 0, 2, 2)])
    dataset = load("cxr-seg-100", tmp_path)
    assert reasons(dataset, "one.jpg")[0] == "unknown class Ghost: masks not used"
    assert dataset.cases[0].targets.lesion_mask is None


def test_an_absent_mask_file_is_reported(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100")
    (tmp_path / "cxr-seg-100/masks/2.png").unlink()
    dataset = load("cxr-seg-100", tmp_path)
    assert reasons(dataset, "one.jpg")[0] == "mask file absent (2.png): masks not used"


def test_a_row_without_a_mask_is_reported(tmp_path):
    rows = make_cxr_seg(tmp_path / "cxr-seg-100")
    extra = (9, "COVID-19 Tubings", "one.jpg", "images/aa.jpg", "", "24x20", 0, 0, 24, 20)
    write_csv(tmp_path / "cxr-seg-100/structure.csv", CXR_SEG, [*rows, extra])
    assert reasons(load("cxr-seg-100", tmp_path), "structure.csv:9") == ["COVID-19 Tubings: no mask"]


def test_a_crop_that_leaves_its_image_is_an_error(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100", [("Right Lung", 15, 2, 10, 6)])
    with pytest.raises(DataError, match="a mask leaves its image"):
        load("cxr-seg-100", tmp_path).cases[0].targets.lung_mask()


def test_a_radiograph_with_contradictory_rows_is_left_out(tmp_path):
    rows = make_cxr_seg(tmp_path / "cxr-seg-100")
    other = (9, "COVID-19 Tubings", "one.jpg", "images/bb.jpg", "masks/1.png", "24x20", 0, 0, 6, 10)
    write_csv(tmp_path / "cxr-seg-100/structure.csv", CXR_SEG, [*rows, other])
    dataset = load("cxr-seg-100", tmp_path)
    assert dataset.cases == ()
    assert reasons(dataset, "one.jpg") == ["rows give several images or sizes: left out"]


def check_masks(dataset):
    """Masks have the size of their image, sides as on the radiograph, and lesions inside the lungs."""
    case = next(case for case in dataset.cases if case.available and case.targets.lung_mask)
    lungs, lesions = case.targets.lung_mask(), case.targets.lesion_mask()
    assert lungs.shape == lesions.shape == case.image().pixels.shape
    columns = [np.argwhere(lungs == side)[:, 1].mean() for side in (1, 2)]
    assert columns[0] < columns[1], "the right lung is at image-left"
    assert not (lesions & (lungs == 0)).any()


def test_masks_fit_their_image_and_each_other(tmp_path):
    make_cxr_seg(tmp_path / "cxr-seg-100")
    write_picture(tmp_path / "cxr-seg-100/images/aa.jpg")
    check_masks(load("cxr-seg-100", tmp_path))


def test_the_real_radiographs(real_data):
    dataset = load("cxr-seg-100", real_data)
    assert len(dataset.cases) == 100
    assert sum(problem.reason.endswith("no mask") for problem in dataset.problems) == 14
    check_masks(dataset)
