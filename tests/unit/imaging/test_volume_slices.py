"""Single slices equal those of the whole volume, in every format and type, without a large copy."""

import subprocess
import sys

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_grid, read_mhd, read_nifti, read_series
from cxrbench.imaging.volume.slices import open_slices
from cxrbench.imaging.volume.values import convert_to_hounsfield

from tests.fixtures.make_volumes import body, write_mhd, write_nifti, write_series

GIB = 1 << 30
LONG = (600, 512, 512)
MEASURED = """
import resource, sys
from pathlib import Path
from cxrbench_baselines.ct.lungs import find_lungs
from cxrbench_baselines.ct.prepare import crop_to_lungs
from cxrbench_baselines.ct.rescaling import read_rescaled_ct
small = read_rescaled_ct(Path(sys.argv[1]))
series = crop_to_lungs(small, find_lungs(small), (600, 512, 512))
mask = series.restored(series.lungs > 0)
assert mask.shape == (600, 512, 512) and mask.any()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize("axes", ["RAS", "LPS", "SAR", "PLI"])
@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_nifti(tmp_path, axes, suffix):
    path = write_nifti(tmp_path / f"ct.{suffix}", body(), axes=axes)
    source = open_slices(path, flip=("D",))
    np.testing.assert_array_equal(list(source.planes), read_nifti(path, flip=("D",)).pixels)
    assert source.grid.agrees(read_grid(path))


@pytest.mark.parametrize("reverse", [(False, False, False), (True, False, True)])
def test_metaimage(tmp_path, reverse):
    path = write_mhd(tmp_path / "ct.mhd", body(), reverse=reverse)
    source = open_slices(path)
    np.testing.assert_array_equal(list(source.planes), read_mhd(path).pixels)


@pytest.mark.parametrize("along", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), (0, 1, 0, 1, 0, 0), (1, 0, 0, 0, -1, 0)])
def test_dicom_however_its_rows_run(tmp_path, along):
    folder = write_series(tmp_path, body(), ImageOrientationPatient=list(along))
    source = open_slices(folder)
    planes = list(source.planes)
    np.testing.assert_array_equal(planes, read_series(folder).pixels)
    assert all(plane.flags.c_contiguous and plane.dtype == np.int16 for plane in planes)
    assert source.grid.shape == np.shape(planes)
    assert source.grid.agrees(read_grid(folder))


def test_errors_are_raised_before_the_first_slice(tmp_path):
    grey = (np.arange(5 * 7 * 9).reshape(5, 7, 9) % 256).astype(np.uint8)
    with pytest.raises(DataError, match="radiopaedia"):
        open_slices(write_nifti(tmp_path / "grey.nii.gz", grey))
    with pytest.raises(DataError, match=r"not found.*absent\.nii"):
        open_slices(tmp_path / "absent.nii")


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "<u2", "<i4", "<u4", "<i8", "<f4", "<f8"])
@pytest.mark.parametrize("shift", [0, -1024, 1024, 8192, -9000, 0.5])
def test_integers_are_converted_without_float_alike(dtype, shift):
    kind = np.dtype(dtype)
    ends = (-30_000, 40_000) if kind.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    low, high = max(ends[0], -40_000), min(ends[1], 70_000)
    stored = np.random.default_rng(0).integers(low, high, (2, 9, 30), endpoint=True).astype(kind)
    stored[0, 0, :2] = low, high
    wanted = np.clip(np.rint(stored.astype(np.float64) + shift), -1024, 3071)
    hu = convert_to_hounsfield(stored, 1.0, shift, "here", grey_range=(0, 255))
    if wanted.min() < 0 or wanted.max() > 255:
        np.testing.assert_array_equal(hu, wanted)
    assert hu.dtype == np.int16


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "mhd", "dicom"])
def test_a_series_of_600_slices_needs_two_gib(tmp_path, suffix):
    path = _long_series(tmp_path, suffix)
    done = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout)
    print(f"\n{suffix}: peak {peak / GIB:.2f} GiB")
    assert peak < 2 * GIB


def _long_series(folder, suffix):
    """Two dark cylinders in a grey one, with noise, 0.7 x 0.7 x 0.5 mm."""
    y, x = np.indices(LONG[1:]) - 256
    plane = np.where(y**2 / 0.6 + x**2 < 240**2, 40, -1000)
    plane[(y**2 / 2 + (abs(x) - 110) ** 2) < 70**2] = -850
    noise = np.random.default_rng(0).integers(-20, 20, (4, *LONG[1:]))
    voxels = np.empty(LONG, np.int16)
    for index in range(LONG[0]):
        voxels[index] = (plane if 20 < index < 580 else np.maximum(plane, 0)) + noise[index % 4]
    if suffix == "dicom":
        spacing = {"PixelSpacing": [0.7, 0.7], "SliceThickness": 0.5}
        return write_series(folder / "series", voxels, heights=np.arange(LONG[0]) * 0.5, **spacing)
    if suffix == "mhd":
        return write_mhd(folder / "ct.mhd", voxels, spacing=(0.5, 0.7, 0.7))
    return write_nifti(folder / f"ct.{suffix}", voxels, spacing=(0.5, 0.7, 0.7))
