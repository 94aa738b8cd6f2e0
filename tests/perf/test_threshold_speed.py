"""The grid search over 50 volumes of 128 x 128 x 128, beside the method run for each setting on its own.

The search takes every combination of the default grid (720) in one process; times are its CPU seconds, of which two
cores have 120 in a minute, so that a busy machine does not count. The peer is timed on a few settings of one
volume and scaled: it is our own `threshold`, which shares nothing between settings.
"""

import time

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench_baselines.ct.prepare import prepare_series
from cxrbench_baselines.ct.thresholding import Grid, search_grid, threshold_lesions
from scipy.ndimage import gaussian_filter

from tests.fixtures.make_chest import chest

pytestmark = pytest.mark.slow

VOLUMES, SIDE = 50, 128
CPU_SECONDS, AT_LEAST = 60, 4


def study(seed):
    """Lungs with tissue of every density in parts of every size, on a grid of 128 voxels a side."""
    phantom = chest(tuple(length / SIDE for length in (240.0, 280.0, 360.0)), seed=seed)
    rng = np.random.default_rng(seed)
    rough = gaussian_filter(rng.normal(0, 1, phantom.hu.shape), 1.5) * 900
    hu = np.where(phantom.lungs > 0, np.clip(phantom.hu + rough, -1024, 400), phantom.hu).astype(np.int16)
    series = prepare_series(Image(hu, "ct", (2.0, 2.0, 2.0)), phantom.lungs)
    return series, series.cropped(phantom.lesions) > 0


@pytest.fixture(scope="module")
def studies():
    phantoms = [study(seed) for seed in range(5)]
    return [phantoms[index % len(phantoms)] for index in range(VOLUMES)]


def test_grid_search(benchmark, studies, capsys):
    begin = time.process_time()
    search = benchmark.pedantic(search_grid, (studies,), rounds=1)
    ours = time.process_time() - begin
    settings, series = list(Grid()), studies[0][0]
    begin = time.process_time()
    for parameters in settings[::36]:
        threshold_lesions(series, parameters)
    each = (time.process_time() - begin) / len(settings[::36])
    ratio = each * len(settings) * VOLUMES / ours
    with capsys.disabled():
        print(f"\n{VOLUMES} volumes of {SIDE}^3, {len(settings)} settings: {ours:.1f} CPU s")
        print(f"  one setting at a time takes {ratio:.1f}x that")
        print(f"  lungs' box {series.hu.shape}, best {search.best}, mean Dice {search.dice:.3f}")
    assert ours < CPU_SECONDS
    assert ratio > AT_LEAST
