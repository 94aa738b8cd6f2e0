"""NIfTI volumes: orientation compared with nibabel, contradictory headers, values that are not HU."""

import itertools
import struct
import sys
import tracemalloc

import nibabel
import numpy as np
import pytest
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.imaging.volume.grid import find_layout, make_affine
from cxrbench.imaging.volume.open import read_grid, read_mask_volume, read_nifti
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tests.fixtures.make_volumes import SPACING, body, canonical_affine, save_nifti, write_nifti

ALL_AXES = [
    "".join(pair[way] for pair, way in zip(order, ways, strict=True))
    for order in itertools.permutations(("RL", "AP", "SI"))
    for ways in itertools.product((0, 1), repeat=3)
]


@pytest.mark.parametrize("axes", ALL_AXES)
def test_a_volume_stored_along_any_axes_is_read_in_lps(tmp_path, axes):
    image = read_nifti(write_nifti(tmp_path / "ct.nii", body(), axes=axes))
    np.testing.assert_array_equal(image.pixels, body())
    np.testing.assert_allclose(image.spacing, SPACING, rtol=1e-6)
    assert image.pixels.dtype == np.int16
    assert image.pixels.flags.c_contiguous
    assert image.modality == "ct"


@pytest.mark.parametrize("codes", [(1, 0), (0, 1), (2, 1), (4, 4)])
def test_the_sform_is_used_if_set_else_the_qform(tmp_path, codes):
    image = read_nifti(write_nifti(tmp_path / "ct.nii.gz", body(), axes="LPS", codes=codes))
    np.testing.assert_array_equal(image.pixels, body())


def test_sform_and_qform_may_differ_in_origin(tmp_path):
    sform, qform = canonical_affine(), canonical_affine(origin=(1.0, 2.0, 3.0))
    path = save_nifti(tmp_path / "ct.nii", body(), sform, qform)
    np.testing.assert_array_equal(read_nifti(path).pixels, body())


@pytest.mark.parametrize("turn", [np.diag([-1.0, 1, 1, 1]), np.eye(4)[[1, 0, 2, 3]], np.diag([-1.0, -1, 1, 1])])
def test_sform_and_qform_that_disagree_are_refused(tmp_path, turn):
    path = save_nifti(tmp_path / "ct.nii", body(), canonical_affine(), turn @ canonical_affine())
    with pytest.raises(DataError, match=r"sform and qform disagree.*ct\.nii"):
        read_nifti(path)


def test_without_sform_and_qform_the_axes_must_be_named(tmp_path):
    stored = body().transpose(1, 2, 0)[:, :, ::-1]
    path = save_nifti(tmp_path / "ct.nii", stored, np.eye(4), np.eye(4), codes=(0, 0))
    with pytest.raises(DataError, match="neither sform nor qform"):
        read_nifti(path)
    np.testing.assert_array_equal(read_nifti(path, axes="PLI").pixels, body())


@pytest.mark.parametrize("axes", ["PL", "PLR", "PLX", ""])
def test_axes_must_name_three_sides(axes):
    with pytest.raises(ValueError, match="three sides"):
        make_affine(axes, SPACING)


def test_axes_with_a_wrong_header_can_be_reversed(tmp_path):
    path = write_nifti(tmp_path / "ct.nii", body()[::-1, ::-1])
    np.testing.assert_array_equal(read_nifti(path, flip=("D", "H")).pixels, body())


@given(st.tuples(*[st.floats(-25, 25)] * 3), st.permutations(range(3)), st.tuples(*[st.sampled_from((-1, 1))] * 3))
def test_an_oblique_volume_has_the_axes_nearest_by_nibabel(angles, order, signs):
    affine = np.eye(4)
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    affine[:3, :3] = (rotation @ np.diag(signs))[:, order] * (0.7, 0.8, 2.5)
    layout = find_layout(np.diag([-1.0, -1, 1, 1]) @ affine, "here")
    ornt = nibabel.io_orientation(affine)
    assert [int(ornt[axis, 0]) for axis in layout.order] == [2, 1, 0]
    assert [bool(ornt[axis, 1] < 0) for axis in layout.order[:1]] == [layout.flip[0]]
    assert [bool(ornt[axis, 1] > 0) for axis in layout.order[1:]] == list(layout.flip[1:])


def test_values_and_padding_are_clipped_to_the_scanner_range(tmp_path):
    voxels = body()
    voxels[0, 0, :4] = (-2048, -3024, 3072, 32767)
    pixels = read_nifti(write_nifti(tmp_path / "ct.nii.gz", voxels)).pixels
    assert pixels[0, 0, :4].tolist() == [-1024, -1024, 3071, 3071]


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64])
def test_every_stored_type_gives_the_same_hu(tmp_path, dtype):
    image = read_nifti(write_nifti(tmp_path / "ct.nii", body().astype(dtype)))
    np.testing.assert_array_equal(image.pixels, body())


def test_the_scale_of_the_header_is_applied_and_rounded(tmp_path):
    stored = (body().astype(np.int32) + 1024).astype(np.uint16)
    path = write_nifti(tmp_path / "ct.nii", stored, scale=(1.0, -1024.0))
    np.testing.assert_array_equal(read_nifti(path).pixels, body())
    halves = write_nifti(tmp_path / "half.nii", stored, scale=(0.5, -1024.0))
    np.testing.assert_array_equal(read_nifti(halves).pixels, np.rint(stored * 0.5 - 1024))


def test_a_slope_of_nan_means_none(tmp_path):
    path = write_nifti(tmp_path / "ct.nii", body(), scale=(np.nan, np.nan))
    np.testing.assert_array_equal(read_nifti(path).pixels, body())


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_an_8_bit_picture_needs_a_mapping(tmp_path, dtype):
    grey = np.arange(5 * 7 * 9).reshape(5, 7, 9) % 256
    path = write_nifti(tmp_path / "radiopaedia.nii.gz", grey.astype(dtype))
    with pytest.raises(DataError, match=r"not Hounsfield units.*grey_range"):
        read_nifti(path)
    mapped = read_nifti(path, grey_range=(-1000, 300)).pixels
    np.testing.assert_array_equal(mapped, np.rint(-1000 + grey * (1300 / 255)))
    assert (mapped.min(), mapped.max()) == (-1000, 300)


@pytest.mark.parametrize("change", [(-1, 255), (0, 256), (0, 200), (0, 254.5)])
def test_other_volumes_are_not_taken_for_8_bit_pictures(tmp_path, change):
    values = np.full((3, 4, 5), 7, np.float32)
    values[0, 0, :2] = change
    pixels = read_nifti(write_nifti(tmp_path / "ct.nii", values), grey_range=(-1000, 300)).pixels
    assert pixels[1, 1, 1] == 7


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (np.zeros((4, 4, 4, 2), np.int16), "4 dimensions"),
        (np.zeros((4, 4), np.int16), "2 dimensions"),
        (np.full((4, 4, 4), np.nan, np.float32), "not finite"),
        (np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "not numbers"),
        (np.zeros((4, 4, 4), np.complex64), "not numbers"),
    ],
)
def test_a_volume_that_is_not_scalar_is_refused(tmp_path, stored, message):
    path = save_nifti(tmp_path / "ct.nii", stored, canonical_affine(), canonical_affine())
    with pytest.raises(DataError, match=message):
        read_nifti(path)


def test_a_fourth_dimension_of_one_is_dropped(tmp_path):
    affine = canonical_affine()
    path = save_nifti(tmp_path / "ct.nii", body()[..., None], affine, affine)
    np.testing.assert_array_equal(read_nifti(path).pixels, body())


def test_a_singular_affine_is_refused(tmp_path):
    flat = canonical_affine()
    flat[:, 0] = flat[:, 1]
    path = save_nifti(tmp_path / "ct.nii", body(), flat, canonical_affine(), codes=(1, 0))
    with pytest.raises(DataError, match="singular"):
        read_nifti(path)


def test_damaged_files_are_named_in_one_line(tmp_path):
    whole = write_nifti(tmp_path / "whole.nii.gz", body((20, 30, 40))).read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.nii").write_text("not a volume")
    (tmp_path / "empty.nii.gz").write_bytes(b"")
    nibabel.save(nibabel.AnalyzeImage(body(), np.eye(4)), tmp_path / "old.img")
    for name in ("cut.nii.gz", "text.nii", "empty.nii.gz", "old.img", "absent.nii"):
        with pytest.raises(DataError, match=name) as error:
            read_nifti(tmp_path / name)
        assert "\n" not in error.value.line


def test_without_the_library_the_error_names_the_extra(tmp_path, monkeypatch):
    path = write_nifti(tmp_path / "ct.nii", body())
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(CxrbenchError, match=r"nibabel.*cxrbench\[ct\]"):
        read_nifti(path)


def test_no_float_copy_of_a_volume_is_made(tmp_path):
    path = write_nifti(tmp_path / "ct.nii.gz", body((40, 200, 200)), axes="LAS")
    read_nifti(path)
    tracemalloc.start()
    pixels = read_nifti(path).pixels
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * pixels.nbytes


def test_labels_of_a_mask_keep_their_position(tmp_path):
    mask = (body() > 500).astype(np.uint8) + (body() > 1500)
    image = write_nifti(tmp_path / "ct.nii.gz", body(), axes="LPS")
    path = write_nifti(tmp_path / "mask.nii.gz", mask, axes="SAR")
    volume = read_mask_volume(path, image)
    np.testing.assert_array_equal(volume, mask)
    assert volume.dtype == np.uint8


def patched(path, **fields):
    """The file with fields of its header overwritten in place, with values that a library would not write."""
    places = {"qform_code": (252, "<h"), "sform_code": (254, "<h"), "pixdim": (80, "<3f"), "xyzt_units": (123, "<b")}
    content = bytearray(path.read_bytes())
    for name, value in fields.items():
        struct.pack_into(places[name][1], content, places[name][0], *np.atleast_1d(value).tolist())
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sform_code": 9}, "sform_code 9 is no orientation code"),
        ({"sform_code": -1, "qform_code": 77}, "sform_code -1 and qform_code 77"),
        ({"sform_code": 0, "qform_code": 6}, "qform_code 6"),
        ({"sform_code": 0, "pixdim": (0, 0, 0)}, r"spacing missing \(pixdim 0, 0, 0\)"),
        ({"sform_code": 0, "pixdim": (0.7, -0.8, 2.5)}, "spacing missing"),
        ({"sform_code": 0, "pixdim": (0.7, 0.8, np.nan)}, "spacing missing"),
        ({"xyzt_units": 1}, "spacing in metres"),
        ({"xyzt_units": 3}, "spacing in micrometres"),
        ({"xyzt_units": 7}, "spacing in code 7"),
    ],
)
def test_a_header_silently_repaired_by_nibabel_is_an_error(tmp_path, fields, message, capfd):
    path = patched(write_nifti(tmp_path / "ct.nii", body()), **fields)
    with pytest.raises(DataError, match=rf"{message}.*ct\.nii") as error:
        read_nifti(path)
    assert "\n" not in error.value.line
    assert capfd.readouterr().err == ""
    with pytest.raises(DataError, match=message):
        read_grid(path)


def test_named_axes_need_a_spacing_but_no_code(tmp_path):
    path = write_nifti(tmp_path / "ct.nii", body())
    assert read_nifti(patched(path, sform_code=0, qform_code=0), axes="RAS").spacing == pytest.approx(SPACING)
    with pytest.raises(DataError, match="spacing missing"):
        read_nifti(patched(path, pixdim=(0, 0.8, 2.5)), axes="RAS")


@pytest.mark.parametrize("unit", [0, 2, 10])
def test_units_may_be_millimetres_or_unstated(tmp_path, unit):
    path = patched(write_nifti(tmp_path / "ct.nii", body()), xyzt_units=unit)
    assert read_nifti(path).spacing == pytest.approx(SPACING)
