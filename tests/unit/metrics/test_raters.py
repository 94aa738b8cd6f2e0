"""Metrics of many raters against statsmodels and against worked examples of their authors."""

import numpy as np
import pandas as pd
import pytest
from cxrbench.metrics import fleiss_kappa, icc, kappa, krippendorff_alpha, krippendorff_alpha_interval
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

NAN = np.nan
# Krippendorff 2011, section C: four observers, twelve units, five values, some not read
KRIPPENDORFF = (
    np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
            [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
        ]
    ).T
    - 1
)
# Shrout and Fleiss 1979, table 2: six targets, four judges; table 4 gives ICC(2,1) = 0.29
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def _readings(seed, n=40, raters=4, classes=4):
    rng = np.random.default_rng(seed)
    return np.clip(rng.integers(0, classes, (n, 1)) + rng.integers(-1, 2, (n, raters)), 0, classes - 1).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_fleiss_kappa_equals_statsmodels(seed):
    readings = _readings(seed)
    expected = statsmodels_fleiss(aggregate_raters(readings.astype(int), n_cat=4)[0])
    np.testing.assert_allclose(fleiss_kappa(4)(readings), expected, rtol=1e-12)


def test_alpha_of_krippendorffs_own_example():
    assert round(float(krippendorff_alpha("nominal", 5)(KRIPPENDORFF)), 3) == 0.743
    assert round(float(krippendorff_alpha("ordinal", 5)(KRIPPENDORFF)), 3) == 0.815
    assert round(float(krippendorff_alpha_interval(KRIPPENDORFF)), 3) == 0.849


def _alpha_by_pairs(readings, distance):
    """The definition, pair by pair: 1 - mean distance within units / mean distance between any two readings."""
    units = [unit[~np.isnan(unit)] for unit in readings]
    units = [unit for unit in units if len(unit) > 1]
    pooled = np.concatenate(units)
    within = sum(distance(a, b, pooled) / (len(unit) - 1) for unit in units for a in unit for b in unit)
    overall = sum(distance(a, b, pooled) for a in pooled for b in pooled) / (len(pooled) - 1)
    return 1 - within / overall


def _ordinal(a, b, pooled):
    low, high = min(a, b), max(a, b)
    between = ((pooled >= low) & (pooled <= high)).sum() - ((pooled == low).sum() + (pooled == high).sum()) / 2
    return between**2 if a != b else 0.0


@pytest.mark.parametrize("seed", range(3))
def test_alpha_equals_its_definition_over_all_pairs_with_missing_readings(seed):
    readings = _readings(seed, n=15)
    readings[np.random.default_rng(seed).random(readings.shape) < 0.3] = NAN
    pairs = {
        krippendorff_alpha("nominal", 4): lambda a, b, _: float(a != b),
        krippendorff_alpha("ordinal", 4): _ordinal,
        krippendorff_alpha_interval: lambda a, b, _: (a - b) ** 2,
    }
    for metric, distance in pairs.items():
        np.testing.assert_allclose(metric(readings), _alpha_by_pairs(readings, distance), rtol=1e-12)


def test_icc_of_shrout_and_fleiss():
    assert round(float(icc(SHROUT_FLEISS)), 2) == 0.29


@pytest.mark.parametrize("seed", range(3))
def test_icc_equals_the_mean_squares_of_statsmodels(seed):
    readings = np.random.default_rng(seed).normal(size=(12, 1)) * 2 + np.random.default_rng(seed + 9).normal(
        size=(12, 3)
    )
    case, rater = np.indices(readings.shape)
    table = pd.DataFrame({"score": readings.ravel(), "case": case.ravel(), "rater": rater.ravel()})
    squares = anova_lm(ols("score ~ C(case) + C(rater)", table).fit())["mean_sq"]
    msr, msc, mse = squares["C(case)"], squares["C(rater)"], squares["Residual"]
    expected = (msr - mse) / (msr + 2 * mse + 3 * (msc - mse) / 12)
    np.testing.assert_allclose(icc(readings), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "metric",
    [
        fleiss_kappa(4),
        krippendorff_alpha("nominal", 4),
        krippendorff_alpha("ordinal", 4),
        krippendorff_alpha_interval,
        icc,
    ],
    ids=lambda metric: metric.name,
)
def test_a_metric_of_raters_obeys_the_laws(metric):
    readings, rng = _readings(7), np.random.default_rng(7)
    counts = rng.integers(0, 4, len(readings))
    order = rng.permutation(len(readings))
    repeated = metric(np.repeat(readings, counts, axis=0))
    np.testing.assert_allclose(metric(readings, [counts, counts])[1], repeated, rtol=1e-11)
    np.testing.assert_allclose(metric(readings[order][:, ::-1]), metric(readings), rtol=1e-12)
    assert float(metric(np.repeat(readings[:, :1], 3, axis=1))) == pytest.approx(1)
    assert metric(readings) <= 1
    assert np.isnan(metric(np.full((5, 3), 2.0)))
    assert np.isnan(metric(readings, np.zeros(len(readings))))
    assert np.isnan(metric(np.zeros((0, 3))))


def test_two_raters_who_agree_by_chance_have_fleiss_near_cohen():
    rng = np.random.default_rng(0)
    readings = rng.integers(0, 3, (20_000, 2)).astype(float)
    assert abs(float(fleiss_kappa(3)(readings)) - float(kappa(3)(*readings.T))) < 0.001


@pytest.mark.parametrize(
    ("metric", "readings", "rule"),
    [
        (icc, [[1, NAN]], "icc: a reading is not finite"),
        (icc, [[1], [2]], "icc: readings .* two raters"),
        (fleiss_kappa(3), [[1, 3]], "fleiss_kappa: reading outside 0-2, got 3"),
        (krippendorff_alpha("ordinal", 3), [[1, -1]], "krippendorff_alpha_ordinal: reading outside 0-2"),
        (krippendorff_alpha_interval, [[1, np.inf]], "not finite"),
    ],
)
def test_readings_that_break_a_rule_are_refused_by_name(metric, readings, rule):
    with pytest.raises(ValueError, match=rule):
        metric(readings)
