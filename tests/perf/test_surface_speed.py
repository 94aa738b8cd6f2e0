"""HD95 against the same definition by scipy's distance transform over the whole image.

MONAI, the usual peer, pins another torch than ours and cannot be installed with it. The performance
notes give 89 ms for it and a mask of 512 x 512, and for 40 slices 1.5 s where the distance transform takes 6.6 s.
"""

import time

import numpy as np
import pytest
from cxrbench.metrics.surface import hausdorff_distance
from scipy.ndimage import binary_erosion, distance_transform_edt

AT_LEAST = {"2-D": 4, "3-D": 6}
"""Times as fast as the distance transform, at the least; in 3-D 6.6 stands for 1.5 times MONAI's speed."""


def lungs(shift=0.0, scale=1.0):
    y, x = np.indices((512, 512))
    return np.logical_or(
        *[((y - 256) / (180 * scale)) ** 2 + ((x - centre - shift) / (90 * scale)) ** 2 < 1 for centre in (150, 360)]
    )


def volume(shift):
    return np.stack([lungs(shift, np.sqrt(1 - 0.8 * z * z)) for z in np.linspace(-1, 1, 40)])


@pytest.fixture(scope="module")
def masks():
    return {"2-D": ((lungs(), lungs(6, 1.03)), (1.0, 1.0)), "3-D": ((volume(0), volume(5)), (8.0, 0.7, 0.7))}


def transformed(truth, pred, spacing):
    a, b = (mask & ~binary_erosion(mask) for mask in (truth, pred))
    ways = [(a, b), (b, a)]
    return max(np.percentile(distance_transform_edt(~to, sampling=spacing)[of], 95) for of, to in ways)


@pytest.mark.parametrize("way", [hausdorff_distance, transformed], ids=["ours", "distance transform"])
@pytest.mark.parametrize("size", ["2-D", pytest.param("3-D", marks=pytest.mark.slow)])
def test_hd95(benchmark, masks, size, way):
    pair, spacing = masks[size]
    value = benchmark.pedantic(way, (*pair, spacing), rounds=3 if size == "2-D" else 1)
    assert value == pytest.approx(hausdorff_distance(*pair, spacing), abs=1e-9)


@pytest.mark.parametrize("size", ["2-D", pytest.param("3-D", marks=pytest.mark.slow)])
def test_at_least_so_many_times_as_fast(masks, size):
    pair, spacing = masks[size]
    ratios = []
    for _ in range(3 if size == "2-D" else 1):
        begin = time.perf_counter()
        transformed(*pair, spacing)
        middle = time.perf_counter()
        hausdorff_distance(*pair, spacing)
        ratios.append((middle - begin) / (time.perf_counter() - middle))
    assert max(ratios) >= AT_LEAST[size]
