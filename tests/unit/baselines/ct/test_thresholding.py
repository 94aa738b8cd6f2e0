"""HU thresholding: each step by hand, the search against the method itself, the phantom."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench.datasets import load
from cxrbench_baselines.ct.prepare import prepare_series
from cxrbench_baselines.ct.severity import affected_fraction
from cxrbench_baselines.ct.thresholding import Grid, Parameters, compute_dice_table, search_grid, threshold_lesions
from scipy import ndimage, stats

from tests.fixtures.make_chest import chest

SMALL = Grid((-700, -500, -250), (-200, 30, 300), (0.0, 0.7, 2.0), (0.0, 0.0005, 0.01))


@cache
def study(seed=0):
    """A series and its lesions; noise on several scales makes components of many sizes. Tests do not change it."""
    ct = chest((8.0, 4.0, 4.0), seed=seed)
    rng = np.random.default_rng(seed)
    rough = sum(ndimage.gaussian_filter(rng.normal(0, 1, ct.hu.shape), s) * s * 260 for s in (0.6, 1.5))
    noisy = np.where(ct.lungs > 0, np.clip(ct.hu + rough, -1024, 400), ct.hu).astype(np.int16)
    series = prepare_series(Image(noisy, "ct", ct.spacing), ct.lungs)
    return series, series.cropped(ct.lesions) > 0


def slow(series, parameters):
    """The paper's three steps as printed, in double precision."""
    inside = series.lungs > 0
    band = inside & (series.hu >= parameters.hu_min) & (series.hu <= parameters.hu_max)
    if parameters.sigma:
        smooth = [
            ndimage.gaussian_filter(plane.astype(float), parameters.sigma, mode="constant", truncate=4)
            for plane in band
        ]
        band = np.stack(smooth) > 0.5
    parts, count = ndimage.label(band)
    kept = np.zeros(band.shape, bool)
    for part in range(1, count + 1):
        if (parts == part).sum() >= parameters.v_min * inside.sum():
            kept |= parts == part
    return kept


def dice(pred, truth):
    both = pred.sum() + truth.sum()
    return 2 * (pred & truth).sum() / both if both else 1.0


@pytest.mark.parametrize("parameters", [Parameters(), *(p for p in list(SMALL)[::7] if p.v_min)])
def test_the_method_is_the_papers_three_steps(parameters):
    series, _ = study()
    np.testing.assert_array_equal(threshold_lesions(series, parameters), slow(series, parameters))


@cache
def method_dices(seed):
    """The Dice of the method itself for each combination of the small grid."""
    series, truth = study(seed)
    return [dice(threshold_lesions(series, parameters), truth) for parameters in SMALL]


@pytest.mark.parametrize("seed", range(3))
def test_the_search_measures_what_the_method_gives(seed):
    table = compute_dice_table(study(seed), SMALL)
    assert table.shape == SMALL.shape
    np.testing.assert_allclose(table.ravel(), method_dices(seed), atol=1e-12)
    assert len(np.unique(table)) > 30


def test_the_best_of_several_studies_is_the_best_mean():
    studies = [study(seed) for seed in range(3)]
    result = search_grid(iter(studies), SMALL)
    means = np.mean([method_dices(seed) for seed in range(3)], axis=0)
    assert result.best == list(SMALL)[int(np.argmax(means))]
    assert result.dice == pytest.approx(max(means))
    assert result.n == 3


def test_the_first_of_equals_wins_and_empty_masks_score_1():
    series, truth = study()
    nothing = replace(series, hu=np.full_like(series.hu, -850))
    result = search_grid([(nothing, np.zeros_like(truth))], SMALL)
    assert (result.best, result.dice) == (next(iter(SMALL)), 1.0)


def test_limits_and_smallest_component_are_inclusive():
    series, _ = study()
    hu = np.full_like(series.hu, -850)
    lung = np.argwhere(series.lungs > 0)
    hu[tuple(lung[0])], hu[tuple(lung[-1])] = -700, 300
    two_voxels = replace(series, hu=hu)
    assert threshold_lesions(two_voxels, Parameters(-700, 300, 0, 0)).sum() == 2
    assert threshold_lesions(two_voxels, Parameters(-699, 299, 0, 0)).sum() == 0
    share = 1 / len(lung)
    assert threshold_lesions(two_voxels, Parameters(-700, 300, 0, share)).sum() == 2
    assert threshold_lesions(two_voxels, Parameters(-700, 300, 0, 1.01 * share)).sum() == 0


def test_on_the_phantom_the_share_follows_the_truth():
    cases = [case for case in load("phantom-ct").cases if case.targets.category == "covid"][::8]
    shares = []
    for case in cases:
        series = prepare_series(case.image(), case.targets.lung_mask())
        shares.append(affected_fraction(threshold_lesions(series, Parameters(sigma=2.0)), series.lungs)["larger"])
    assert stats.spearmanr(shares, [case.targets.affected_fraction["larger"] for case in cases]).statistic > 0.8
