"""Masks and their images: the same grid or an error; invalid labels."""

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_grid, read_mask_volume, relabel_mask

from tests.fixtures.make_volumes import ORIGIN, SPACING, body, write_mhd, write_nifti, write_series

MASK = (body() > 500).astype(np.uint8)


@pytest.fixture(params=["nifti", "mhd", "dicom"])
def image(request, tmp_path):
    if request.param == "dicom":
        return write_series(tmp_path / "series", body())
    write = write_nifti if request.param == "nifti" else write_mhd
    return write(tmp_path / ("ct.nii.gz" if request.param == "nifti" else "ct.mhd"), body())


def test_a_mask_matches_an_image_of_any_format(tmp_path, image):
    for axes in ("RAS", "LPS", "ASL"):
        path = write_nifti(tmp_path / f"{axes}.nii.gz", MASK, axes=axes)
        np.testing.assert_array_equal(read_mask_volume(path, image), MASK)
        np.testing.assert_array_equal(read_mask_volume(path, read_grid(image)), MASK)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": (ORIGIN[0] + 0.3, *ORIGIN[1:])},
        {"spacing": (SPACING[0], SPACING[1], 0.75)},
        {"spacing": (3.0, 0.8, 0.7)},
    ],
)
def test_a_mask_of_another_affine_is_refused(tmp_path, image, change):
    path = write_nifti(tmp_path / "mask.nii.gz", MASK, **change)
    with pytest.raises(DataError, match=r"disagree in affine.*mask\.nii\.gz"):
        read_mask_volume(path, image)


def test_a_mirrored_mask_of_the_same_shape_is_refused(tmp_path):
    image = write_nifti(tmp_path / "ct.nii.gz", body(), axes="RAS")
    left_as_right = write_nifti(tmp_path / "mask.nii.gz", MASK, axes="LAS", origin=(0.0, *ORIGIN[1:]))
    with pytest.raises(DataError, match="disagree in affine"):
        read_mask_volume(left_as_right, image)


def test_rounding_in_a_header_is_no_disagreement(tmp_path, image):
    near = tuple(value + 0.01 for value in ORIGIN)
    np.testing.assert_array_equal(read_mask_volume(write_nifti(tmp_path / "m.nii", MASK, origin=near), image), MASK)


def test_a_mask_of_another_shape_is_refused_with_both_shapes(tmp_path, image):
    path = write_nifti(tmp_path / "mask.nii.gz", MASK[:4])
    with pytest.raises(DataError, match=r"\(4, 7, 9\).*\(5, 7, 9\)"):
        read_mask_volume(path, image)


def test_a_mask_alone_is_oriented_by_its_header(tmp_path):
    path = write_nifti(tmp_path / "mask.nii.gz", MASK.astype(np.int16), axes="LAS")
    np.testing.assert_array_equal(read_mask_volume(path), MASK)


def test_a_float_mask_must_have_whole_numbers(tmp_path):
    whole = write_nifti(tmp_path / "whole.nii", MASK.astype(np.float32))
    np.testing.assert_array_equal(read_mask_volume(whole), MASK)
    for wrong, message in ((MASK * 0.5, "whole numbers"), (MASK * 300.0, "0-255"), (MASK * -1.0, "0-255")):
        path = write_nifti(tmp_path / "wrong.nii", wrong.astype(np.float32))
        with pytest.raises(DataError, match=message):
            read_mask_volume(path)


def test_a_label_outside_the_table_is_an_error():
    mask = np.array([[0, 3, 4], [5, 5, 7]], np.uint8)
    assert relabel_mask(mask[:1], {3: 2, 4: 1}, "here").tolist() == [[0, 2, 1]]
    with pytest.raises(DataError, match=r"\[7\].*here"):
        relabel_mask(mask, {3: 2, 4: 1, 5: 0}, "here")
