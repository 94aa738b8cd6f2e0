"""Real volumes: anatomy shows whether orientation, spacing and HU are right."""

import shutil

import nibabel
import numpy as np
import pytest
import SimpleITK
from cxrbench.imaging.volume.open import read_grid, read_mask_volume, read_nifti, read_series

LIVER, SPLEEN, VERTEBRA = 5, 1, (30, 31, 32, 33)
WIDE = ("study_0266_mask.nii.gz", pytest.approx(1.152))
"""The only one of the 50 with a field of view of 590 mm."""
LEFT_LOBES, RIGHT_LOBES = (10, 11), (12, 13, 14)
"""Classes of TotalSegmentator's reference, made by its model."""


@pytest.fixture(scope="module")
def chest(real_data):
    folder = real_data / "totalsegmentator-ct"
    path = folder / "example_ct_sm.nii.gz"
    if not path.is_file():
        pytest.skip("no totalsegmentator-ct below the data folder")
    return read_nifti(path), read_mask_volume(folder / "example_seg.nii.gz", path)


def centre(labels, *wanted):
    return np.argwhere(np.isin(labels, wanted)).mean(axis=0)


def test_the_organs_are_where_lps_order_puts_them(chest):
    image, labels = chest
    assert image.pixels.shape == labels.shape == (30, 101, 122)
    assert image.spacing == pytest.approx((3, 3, 3))
    right, left, liver = centre(labels, *RIGHT_LOBES), centre(labels, *LEFT_LOBES), centre(labels, LIVER)
    assert right[2] < 61 < left[2], "the right lung is at the low end of the last axis"
    assert liver[2] < centre(labels, SPLEEN)[2], "the liver is on the right, the spleen on the left"
    assert min(right[0], left[0]) > liver[0], "the first axis runs from the feet to the head"
    assert centre(labels, *VERTEBRA)[1] > liver[1], "the second axis runs from front to back"


def test_hu_are_those_of_the_tissues(chest):
    image, labels = chest
    assert image.pixels.min() == -1024  # the file holds -1100
    lung = image.pixels[np.isin(labels, LEFT_LOBES + RIGHT_LOBES)]
    assert -850 < lung.mean() < -650
    assert 20 < image.pixels[labels == LIVER].mean() < 80


def test_simpleitk_measures_the_same_lungs(chest, real_data):
    image, labels = chest
    theirs = SimpleITK.ReadImage(str(real_data / "totalsegmentator-ct" / "example_seg.nii.gz"))
    theirs = SimpleITK.GetArrayFromImage(SimpleITK.DICOMOrient(theirs, "LPS"))
    np.testing.assert_array_equal(labels, theirs)
    volume_ml = np.isin(labels, LEFT_LOBES + RIGHT_LOBES).sum() * np.prod(image.spacing) / 1000
    assert volume_ml == pytest.approx(4307 * 0.027, rel=1e-6)


def test_lesions_of_mosmed_are_in_a_chest_of_plausible_size(real_data):
    masks = sorted((real_data / "mosmed-1110" / "masks").glob("*.nii.gz"))
    if not masks:
        pytest.skip("no mosmed-1110 masks below the data folder")
    assert len(masks) == 50
    for path in masks:
        mask, grid = read_mask_volume(path), read_grid(path)
        assert mask.shape == grid.shape
        assert mask.shape[1:] == (512, 512)
        assert 30 <= len(mask) <= 60
        assert grid.spacing[0] == pytest.approx(8)
        assert grid.spacing[1] == pytest.approx(grid.spacing[2])
        assert 0.5 < grid.spacing[1] < 1 or (path.name, grid.spacing[1]) == WIDE
        assert (mask.dtype, mask.min(), mask.max()) == (np.uint8, 0, 1)
        share = mask.mean()
        assert 0 < share < 0.05
        header = nibabel.load(path)
        theirs_ml = (np.asanyarray(header.dataobj) > 0).sum() * abs(np.linalg.det(header.affine[:3, :3])) / 1000
        assert mask.sum() * np.prod(grid.spacing) / 1000 == pytest.approx(theirs_ml, rel=1e-5)
        if path not in masks[::10]:
            continue
        reference = SimpleITK.DICOMOrient(SimpleITK.ReadImage(str(path)), "LPS")
        np.testing.assert_array_equal(mask, SimpleITK.GetArrayFromImage(reference))


def test_two_real_slices_make_a_series(real_data, tmp_path):
    samples = sorted((real_data / "dicom-samples").glob("lungmask_ct_*.dcm"))
    if len(samples) != 2:
        pytest.skip("no dicom-samples below the data folder")
    for place, path in zip(("z", "a"), samples, strict=True):
        shutil.copy(path, tmp_path / place)
    image = read_series(tmp_path)
    assert image.pixels.shape == (2, 512, 512)
    assert image.spacing == pytest.approx((1, 0.625, 0.625))
    assert (image.pixels[0, :3, :3] == -1024).all(), "padding outside the field of view is air"
    assert -600 < image.pixels.mean() < -300
    theirs = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage([str(path) for path in samples]))
    np.testing.assert_array_equal(image.pixels, np.clip(theirs, -1024, 3071))
