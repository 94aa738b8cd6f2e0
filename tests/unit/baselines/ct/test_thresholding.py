"""HU thresholding: each step by hand, the search's shortcuts against the method itself, what the phantom teaches."""

from dataclasses import replace

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench.datasets import load
from cxrbench_baselines.ct.prepare import prepare
from cxrbench_baselines.ct.severity import affected_fraction
from cxrbench_baselines.ct.thresholding import Grid, Parameters, search, table_of, threshold
from scipy import ndimage, stats

from tests.fixtures.make_chest import chest

SMALL = Grid((-700, -500, -250), (-200, 30, 300), (0.0, 0.7, 2.0), (0.0, 0.0005, 0.01))


def study(seed=0, **options):
    """A series and its lesions; noise of several sizes makes parts of many sizes."""
    made = chest((8.0, 4.0, 4.0), seed=seed, **options)
    rng = np.random.default_rng(seed)
    rough = sum(ndimage.gaussian_filter(rng.normal(0, 1, made.hu.shape), s) * s * 260 for s in (0.6, 1.5))
    noisy = np.where(made.lungs > 0, np.clip(made.hu + rough, -1024, 400), made.hu).astype(np.int16)
    series = prepare(Image(noisy, "ct", made.spacing), made.lungs)
    return series, series.cropped(made.lesions) > 0


def slow(series, parameters):
    """The paper's three steps, word for word, in double precision."""
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
    np.testing.assert_array_equal(threshold(series, parameters), slow(series, parameters))


@pytest.mark.parametrize("seed", range(3))
def test_the_search_measures_what_the_method_gives(seed):
    one = study(seed)
    table = table_of(one, SMALL)
    assert table.shape == SMALL.shape
    wanted = [dice(threshold(one[0], parameters), one[1]) for parameters in SMALL]
    np.testing.assert_allclose(table.ravel(), wanted, atol=1e-12)
    assert len(np.unique(table)) > 30


def test_the_best_of_several_studies_is_the_best_mean():
    studies = [study(seed) for seed in range(3)]
    found = search(iter(studies), SMALL)
    means = [np.mean([dice(threshold(series, p), truth) for series, truth in studies]) for p in SMALL]
    assert found.best == list(SMALL)[int(np.argmax(means))]
    assert found.dice == pytest.approx(max(means))
    assert found.n == 3


def test_of_equals_the_first_counts_and_empty_on_both_sides_is_1():
    series, truth = study()
    nothing = replace(series, hu=np.full_like(series.hu, -850))
    found = search([(nothing, np.zeros_like(truth))], SMALL)
    assert (found.best, found.dice) == (next(iter(SMALL)), 1.0)


def test_the_limits_are_both_inclusive_and_the_smallest_part_counts_at_its_size():
    series, _ = study()
    hu = np.full_like(series.hu, -850)
    lung = np.argwhere(series.lungs > 0)
    hu[tuple(lung[0])], hu[tuple(lung[-1])] = -700, 300
    one = replace(series, hu=hu)
    assert threshold(one, Parameters(-700, 300, 0, 0)).sum() == 2
    assert threshold(one, Parameters(-699, 299, 0, 0)).sum() == 0
    share = 1 / len(lung)
    assert threshold(one, Parameters(-700, 300, 0, share)).sum() == 2
    assert threshold(one, Parameters(-700, 300, 0, 1.01 * share)).sum() == 0


def test_on_the_phantom_the_share_follows_the_truth():
    cases = [case for case in load("phantom-ct").cases if case.targets.category == "covid"][::8]
    found = []
    for case in cases:
        series = prepare(case.image(), case.targets.lung_mask())
        found.append(affected_fraction(threshold(series, Parameters(sigma=2.0)), series.lungs)["larger"])
    assert stats.spearmanr(found, [case.targets.affected_fraction["larger"] for case in cases]).statistic > 0.8
