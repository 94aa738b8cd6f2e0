"""MetaImage volumes: the TransformMatrix, packed voxels, files that are damaged."""

import itertools
import sys

import numpy as np
import pytest
import SimpleITK
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.imaging.volume.open import read_grid, read_mask_volume, read_mhd, read_nifti

from tests.fixtures.make_volumes import SPACING, body, write_mhd


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("reverse", list(itertools.product((False, True), repeat=3)))
def test_the_transform_matrix_is_applied(tmp_path, reverse, packed):
    image = read_mhd(write_mhd(tmp_path / "ct.mhd", body(), reverse=reverse, packed=packed))
    np.testing.assert_array_equal(image.pixels, body())
    assert image.spacing == pytest.approx(SPACING)
    assert image.pixels.dtype == np.int16


def test_the_same_volume_as_nifti_by_simpleitk(tmp_path):
    path = write_mhd(tmp_path / "ct.mhd", body(), reverse=(False, True, True))
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)), str(tmp_path / "ct.nii.gz"))
    mhd, nifti = read_mhd(path), read_nifti(tmp_path / "ct.nii.gz")
    np.testing.assert_array_equal(mhd.pixels, nifti.pixels)
    assert mhd.spacing == pytest.approx(nifti.spacing)


def test_padding_is_clipped(tmp_path):
    voxels = body()
    voxels[:, 0] = -3024
    assert (read_mhd(write_mhd(tmp_path / "ct.mhd", voxels)).pixels[:, 0] == -1024).all()


def test_a_mask_agrees_with_its_scan_however_stored(tmp_path):
    mask = (body() > 0).astype(np.uint8) * 4
    scan = write_mhd(tmp_path / "scan.mhd", body(), reverse=(False, True, True))
    path = write_mhd(tmp_path / "mask.mhd", mask, packed=True)
    np.testing.assert_array_equal(read_mask_volume(path, scan), mask)
    with pytest.raises(DataError, match="affine"):
        read_mask_volume(write_mhd(tmp_path / "off.mhd", mask, origin=(0, 0, 0)), scan)


def test_damaged_files_are_named_in_one_line(tmp_path):
    (write_mhd(tmp_path / "cut.mhd", body()).with_suffix(".raw")).write_bytes(b"short")
    (write_mhd(tmp_path / "almhd.mhd", body()).with_suffix(".raw")).unlink()
    (tmp_path / "text.mhd").write_text("not a header")
    for name in ("cut.mhd", "almhd.mhd", "text.mhd", "absent.mhd"):
        with pytest.raises(DataError, match=name) as error:
            read_mhd(tmp_path / name)
        assert "\n" not in error.value.line


def test_a_flat_image_is_refused(tmp_path):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(body()[0]), str(tmp_path / "flat.mhd"))
    with pytest.raises(DataError, match="3-D"):
        read_mhd(tmp_path / "flat.mhd")


def test_without_the_library_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(CxrbenchError, match=r"SimpleITK.*cxrbench\[ct\]"):
        read_mhd(write_mhd(tmp_path / "ct.mhd", body()))


@pytest.mark.parametrize(
    ("key", "message"), [("ElementSpacing", "spacing missing"), ("TransformMatrix", "orientation unknown")]
)
def test_a_value_silently_assumed_by_simpleitk_is_an_error(tmp_path, key, message):
    path = write_mhd(tmp_path / "ct.mhd", body())
    lines = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith(key)]
    path.write_text("".join(lines))
    with pytest.raises(DataError, match=rf"{message} \(no {key}\).*ct\.mhd") as error:
        read_mhd(path)
    assert "\n" not in error.value.line
    with pytest.raises(DataError, match=message):
        read_grid(path)
