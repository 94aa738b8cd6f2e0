"""Reading a NIfTI of 512 x 512 x 300 and resampling it to 2 x 2 mm, against nibabel with scipy, and SimpleITK.

The file is not compressed, 0.75 mm in plane, stored in the order that scanners' converters write (LAS). The others
interpolate (scipy by cubic splines, or linearly), ours averages areas. The contenders take turns in every
round; SimpleITK uses both cores, the others one.
"""

import time

import cv2
import nibabel
import numpy as np
import pytest
import SimpleITK
from cxrbench_baselines.ct.rescaling import read_rescaled_ct
from scipy.ndimage import zoom

from tests.fixtures.make_volumes import write_nifti

pytestmark = pytest.mark.slow

SHAPE, SPACING = (300, 512, 512), (1.0, 0.75, 0.75)
ROUNDS = 3
AT_LEAST = {"nibabel + zoom": 8, "nibabel + linear zoom": 8, "SimpleITK linear": 1}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(0)
    smooth = np.repeat(np.repeat(rng.integers(-1000, 400, (300, 64, 64)), 8, axis=1), 8, axis=2)
    voxels = (smooth + rng.integers(-40, 40, SHAPE)).astype(np.int16)
    return write_nifti(tmp_path_factory.mktemp("ct") / "ct.nii", voxels, axes="LAS", spacing=SPACING)


def _nibabel(path, order):
    picture = nibabel.load(path)
    steps = picture.header.get_zooms()
    return zoom(picture.get_fdata(), (steps[0] / 2, steps[1] / 2, 1), order=order)


def _simpleitk(path):
    picture = SimpleITK.ReadImage(str(path))
    size = [round(n * s / 2) for n, s in zip(picture.GetSize()[:2], picture.GetSpacing()[:2], strict=True)]
    return SimpleITK.Resample(
        picture,
        (*size, picture.GetSize()[2]),
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        picture.GetOrigin(),
        (2.0, 2.0, picture.GetSpacing()[2]),
        picture.GetDirection(),
        -1024,
        SimpleITK.sitkInt16,
    )


CONTENDERS = {
    "nibabel + zoom": lambda path: _nibabel(path, 3),
    "nibabel + linear zoom": lambda path: _nibabel(path, 1),
    "SimpleITK linear": _simpleitk,
    "cxrbench": read_rescaled_ct,
}


def test_reading_and_rescaling(benchmark, path, capsys):
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    seconds = {name: [] for name in CONTENDERS}
    read_rescaled_ct(path)
    for _ in range(ROUNDS):
        for name, run in CONTENDERS.items():
            begin = time.perf_counter()
            run(path)
            seconds[name].append(time.perf_counter() - begin)
    image = benchmark.pedantic(read_rescaled_ct, (path,), rounds=1)
    cv2.setNumThreads(before)
    assert image.pixels.shape == (300, 192, 192)
    ratios = {name: float(np.median(np.divide(seconds[name], seconds["cxrbench"]))) for name in AT_LEAST}
    with capsys.disabled():
        print(f"\n512 x 512 x 300 to 2 x 2 mm, {ROUNDS} rounds in turn")
        for name, spans in seconds.items():
            print(f"  {name:<22}{np.median(spans):7.3f} s" + (f"  ours {ratios[name]:.1f}x" if name in ratios else ""))
    assert all(ratios[name] >= least for name, least in AT_LEAST.items())
