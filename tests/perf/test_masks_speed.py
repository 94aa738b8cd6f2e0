"""Dice and IoU of one 512 x 512 mask against numpy's count_nonzero and scikit-learn on the flattened masks.

MONAI, the usual peer, pins another torch than ours and cannot be installed with it: the performance notes give about
37 ms per mask for it, 0.37 ms for count_nonzero.
"""

import time

import numpy as np
import pytest
from cxrbench.metrics.masks import count_overlap, dice, iou, pack_mask
from sklearn.metrics import f1_score, jaccard_score

AT_LEAST = 50
"""Times as fast as scikit-learn, at the least."""


@pytest.fixture(scope="module")
def masks():
    y, x = np.indices((512, 512))
    lungs = [((y - 256) / 180) ** 2 + ((x - centre) / 90) ** 2 < 1 for centre in (150, 360)]
    moved = [((y - 260) / 184) ** 2 + ((x - centre) / 92) ** 2 < 1 for centre in (156, 364)]
    return lungs[0] | lungs[1], moved[0] | moved[1]


def ours(truth, pred):
    counts = count_overlap(truth, pred)
    return float(dice(counts)), float(iou(counts))


def counted(truth, pred):
    both = np.count_nonzero(truth & pred)
    total = np.count_nonzero(truth) + np.count_nonzero(pred)
    return 2 * both / total, both / (total - both)


def learned(truth, pred):
    return f1_score(truth.ravel(), pred.ravel()), jaccard_score(truth.ravel(), pred.ravel())


@pytest.mark.parametrize("way", [ours, counted, learned], ids=["ours", "count_nonzero", "scikit-learn"])
def test_dice_and_iou(benchmark, masks, way):
    assert benchmark.pedantic(way, masks, rounds=5, warmup_rounds=1) == pytest.approx(ours(*masks))


def test_packed(benchmark, masks):
    truth, pred = (pack_mask(mask) for mask in masks)
    assert benchmark(ours, truth, pred) == pytest.approx(ours(*masks))


def test_at_least_so_many_times_as_fast(masks):
    ratios = []
    for _ in range(3):
        begin = time.perf_counter()
        learned(*masks)
        middle = time.perf_counter()
        ours(*masks)
        ratios.append((middle - begin) / (time.perf_counter() - middle))
    assert max(ratios) >= AT_LEAST
