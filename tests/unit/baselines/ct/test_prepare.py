"""Preparing a series: grid, window, crop and the way back, from arrays and from files of three formats."""

import numpy as np
import pytest
import SimpleITK
from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench_baselines.ct.prepare import crop_to_lungs, prepare_series, window_hu
from cxrbench_baselines.ct.rescaling import read_rescaled_ct, rescale_ct, rescale_labels
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.make_chest import chest
from tests.fixtures.make_volumes import SPACING, body, write_mhd, write_nifti, write_series


def ct(pixels=None, spacing=SPACING):
    return Image(body() if pixels is None else pixels, "ct", spacing)


def test_rescaling_keeps_the_field_of_view_near_two_millimetres():
    small = rescale_ct(ct(body((3, 50, 61)), (8.0, 0.8, 0.7)))
    assert small.pixels.shape == (3, 20, 21)
    assert small.spacing == pytest.approx((8, 50 * 0.8 / 20, 61 * 0.7 / 21))
    assert small.pixels.dtype == np.int16


def test_shrinking_takes_the_mean_of_the_area():
    voxels = body((2, 8, 12))
    small = rescale_ct(ct(voxels, (5.0, 1.0, 1.0))).pixels
    blocks = voxels.reshape(2, 4, 2, 6, 2).mean(axis=(2, 4))
    assert np.abs(small - blocks).max() <= 0.5


@given(st.floats(0.4, 1.9), st.integers(20, 60), st.integers(20, 60))
def test_the_mean_of_a_slice_is_kept(step, h, w):
    voxels = body((2, h, w))
    small = rescale_ct(ct(voxels, (5.0, step, step))).pixels
    np.testing.assert_allclose(small.mean(axis=(1, 2)), voxels.mean(axis=(1, 2)), atol=1)


def test_enlarging_agrees_with_simpleitk_inside_the_slice():
    voxels = body((2, 20, 24))
    big = rescale_ct(ct(voxels, (5.0, 4.0, 4.0))).pixels
    picture = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    picture.SetSpacing((4.0, 4.0, 5.0))
    origin = (-1.0, -1.0, 0.0)
    theirs = SimpleITK.Resample(
        picture, (48, 40, 2), SimpleITK.Transform(), SimpleITK.sitkLinear, origin, (2.0, 2.0, 5.0)
    )
    inner = np.s_[:, 1:-1, 1:-1]
    np.testing.assert_allclose(big[inner], SimpleITK.GetArrayFromImage(theirs)[inner], atol=1)


def test_the_window_ends_at_0_and_1():
    assert window_hu(np.array([-1024, -1000, 300, 3071], np.int16)).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("kind", ["nii", "nii.gz", "mhd", "dicom"])
def test_a_file_gives_what_its_array_gives(tmp_path, kind):
    voxels = body((6, 40, 44))
    if kind == "dicom":
        path = write_series(tmp_path / "series", voxels)
    elif kind == "mhd":
        path = write_mhd(tmp_path / "ct.mhd", voxels)
    else:
        path = write_nifti(tmp_path / f"ct.{kind}", voxels, axes="RAI")
    read, expected = read_rescaled_ct(path), rescale_ct(ct(voxels))
    np.testing.assert_array_equal(read.pixels, expected.pixels)
    assert read.spacing == pytest.approx(expected.spacing, rel=1e-6)


def test_labels_keep_their_share_and_go_to_the_majority():
    labels = np.zeros((1, 4, 4), np.uint8)
    labels[0, :, :2], labels[0, :3, 2:] = 1, 2
    assert rescale_labels(labels, (1, 2, 2)).tolist() == [[[1, 2], [1, 0]]]


def test_cropping_to_the_lungs_is_reversed_exactly_without_rescaling():
    source = chest((8.0, 2.0, 2.0))
    series = prepare_series(Image(source.hu, "ct", source.spacing), source.lungs)
    np.testing.assert_array_equal(series.hu, source.hu[series.box])
    assert all(side.any() for axis in range(3) for side in (np.take(series.lungs, [0, -1], axis) > 0,))
    assert (series.lungs > 0).sum() == (source.lungs > 0).sum()
    assert (series.pixels.min(), series.pixels.max()) >= (0, 0)
    lesions = series.cropped(source.lesions) > 0
    np.testing.assert_array_equal(series.restored(lesions), source.lesions)


@pytest.mark.parametrize("step", [0.75, 3.0])
def test_a_mask_survives_rescaling_and_back(step):
    source = chest((20.0, step, step))
    series = prepare_series(Image(source.hu, "ct", source.spacing), source.lungs)
    back = series.restored(series.cropped(source.lesions) > 0)
    assert back.shape == source.hu.shape
    assert 2 * (back & source.lesions).sum() / (back.sum() + source.lesions.sum()) > 0.93


def test_another_finder_of_lungs_gets_the_rescaled_image():
    source = chest((8.0, 1.0, 1.0))
    calls = []

    def find(image, where):
        calls.append((image.pixels.shape, where))
        return np.ones(image.pixels.shape, np.uint8)

    series = prepare_series(Image(source.hu, "ct", source.spacing), where="study 1", find=find)
    assert calls == [((30, 140, 180), "study 1")]
    assert series.hu.shape == series.whole == (30, 140, 180)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (ct(body()[:1]), "a single slice is no CT series"),
        (ct(spacing=None), "a CT without spacing"),
        (ct(spacing=(2.5, 0.0, 0.7)), "a spacing of"),
        (ct(spacing=(2.5, float("nan"), 0.7)), "a spacing of"),
        (ct((body() % 256).astype(np.int16)), "8-bit volume"),
        (Image(np.zeros((4, 4), np.float32)), "cxr of 2 dimensions"),
    ],
)
def test_an_invalid_series_is_refused_with_its_name(image, message):
    with pytest.raises(DataError, match=rf"{message}.*study 7") as error:
        prepare_series(image, where="study 7")
    assert "\n" not in error.value.line


def test_a_file_of_one_slice_is_refused_with_its_name(tmp_path):
    path = write_nifti(tmp_path / "one.nii.gz", body()[:1])
    with pytest.raises(DataError, match=r"single slice.*one\.nii\.gz"):
        read_rescaled_ct(path)


def test_without_lungs_there_is_no_box():
    small = rescale_ct(ct())
    with pytest.raises(DataError, match=r"lung mask is empty.*study 7"):
        crop_to_lungs(small, np.zeros(small.pixels.shape, np.uint8), (5, 7, 9), where="study 7")
