"""cxr-seg-100: RGBA crops placed in the image, lungs with sides, lesions clipped to them."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError
from PIL import Image

from tests.fixtures.make_tables import COHEN, cohen_row, write_csv, write_picture

HEADER = ("#", "Class", "Filename", "Image", "Mask", "Resolution", "Top", "Left", "Width", "Height")


def write_crop(path, height, width):
    """Drawn pixels coloured, the others black, alpha opaque all over."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[..., :2] = 124
    pixels[0, 0, :3] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def make(root, objects, name="one.jpg", size="24x20"):
    rows = []
    for i, (label, top, left, height, width) in enumerate(objects, 1):
        write_crop(root / f"masks/{i}.png", height, width)
        rows.append((i, f"COVID-19 {label}", name, "images/aa.jpg", f"masks/{i}.png", size, top, left, width, height))
    write_csv(root / "structure.csv", HEADER, rows)
    write_csv(root / "metadata.csv", COHEN, [cohen_row(12, "one.jpg")])
    return rows


OBJECTS = [
    ("Right Lung", 2, 2, 10, 6),
    ("Left Lung", 2, 14, 10, 6),
    ("Ground Glass Opacities", 4, 1, 3, 4),
    ("Consolidation", 8, 16, 2, 2),
    ("Pleural Effusion", 10, 14, 2, 6),
    ("Tubings", 0, 10, 20, 2),
]


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


def test_crops_are_placed_and_united(tmp_path):
    make(tmp_path / "cxr-seg-100", OBJECTS)
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


def test_images_of_the_cohen_copy_are_used_where_the_own_are_absent(tmp_path):
    make(tmp_path / "cxr-seg-100", OBJECTS)
    write_picture(tmp_path / "cohen/images/one.jpg")
    assert load("cxr-seg-100", tmp_path).by_id["one.jpg"].available


def test_an_image_of_another_size_keeps_no_mask(tmp_path):
    make(tmp_path / "cxr-seg-100", OBJECTS)
    write_picture(tmp_path / "cohen/images/one.jpg", 40, 48)
    dataset = load("cxr-seg-100", tmp_path)
    assert dataset.cases[0].targets.lung_mask is None
    assert reasons(dataset, "one.jpg") == ["masks for 20 x 24 pixels, image of 40 x 48: masks not used"]


def test_a_lung_that_was_not_drawn_is_reported(tmp_path):
    make(tmp_path / "cxr-seg-100", OBJECTS[:1])
    dataset = load("cxr-seg-100", tmp_path)
    assert set(np.unique(dataset.cases[0].targets.lung_mask())) == {0, 1}
    assert "left lung not drawn" in reasons(dataset, "one.jpg")
    assert not dataset.cases[0].targets.lesion_mask().any()


def test_an_unknown_class_is_reported(tmp_path):
    make(tmp_path / "cxr-seg-100", [*OBJECTS, ("Ghost", 0, 0, 2, 2)])
    dataset = load("cxr-seg-100", tmp_path)
    assert reasons(dataset, "one.jpg")[0] == "unknown class Ghost: masks not used"
    assert dataset.cases[0].targets.lesion_mask is None


def test_an_absent_mask_file_is_reported(tmp_path):
    make(tmp_path / "cxr-seg-100", OBJECTS)
    (tmp_path / "cxr-seg-100/masks/2.png").unlink()
    dataset = load("cxr-seg-100", tmp_path)
    assert reasons(dataset, "one.jpg")[0] == "mask file absent (2.png): masks not used"


def test_a_row_without_a_mask_is_reported(tmp_path):
    rows = make(tmp_path / "cxr-seg-100", OBJECTS)
    extra = (9, "COVID-19 Tubings", "one.jpg", "images/aa.jpg", "", "24x20", 0, 0, 24, 20)
    write_csv(tmp_path / "cxr-seg-100/structure.csv", HEADER, [*rows, extra])
    assert reasons(load("cxr-seg-100", tmp_path), "structure.csv:9") == ["COVID-19 Tubings: no mask"]


def test_a_crop_that_leaves_its_image_is_an_error(tmp_path):
    make(tmp_path / "cxr-seg-100", [("Right Lung", 15, 2, 10, 6)])
    with pytest.raises(DataError, match="a mask leaves its image"):
        load("cxr-seg-100", tmp_path).cases[0].targets.lung_mask()


def test_rows_that_contradict_one_another_leave_the_film_out(tmp_path):
    rows = make(tmp_path / "cxr-seg-100", OBJECTS)
    other = (9, "COVID-19 Tubings", "one.jpg", "images/bb.jpg", "masks/1.png", "24x20", 0, 0, 6, 10)
    write_csv(tmp_path / "cxr-seg-100/structure.csv", HEADER, [*rows, other])
    dataset = load("cxr-seg-100", tmp_path)
    assert dataset.cases == ()
    assert reasons(dataset, "one.jpg") == ["rows give several images or sizes: left out"]


def test_the_real_films(real_data):
    dataset = load("cxr-seg-100", real_data)
    assert len(dataset.cases) == 100
    assert sum(problem.reason.endswith("no mask") for problem in dataset.problems) == 14
    case = next(one for one in dataset.cases if one.available and one.targets.lung_mask)
    lungs, lesions = case.targets.lung_mask(), case.targets.lesion_mask()
    assert lungs.shape == lesions.shape == case.image().pixels.shape
    columns = [np.argwhere(lungs == side)[:, 1].mean() for side in (1, 2)]
    assert columns[0] < columns[1], "the right lung is at image-left"
    assert not (lesions & (lungs == 0)).any()
