"""Ranks: bands, intervals, Friedman and Nemenyi against scipy and Demsar's tables."""

import numpy as np
import pytest
import scipy.stats
from cxrbench import metrics
from cxrbench.stats import clustered, friedman, pairwise, ranked, resample

N = 120


def _ranks(preds, truth, metric=metrics.mae):
    drawn = resample(
        {name: clustered(metric, truth, pred, np.arange(N)) for name, pred in preds.items()}, n_patients=N, seed=1
    )
    return ranked(drawn, metric.better, pairwise(drawn, metric.better, n=N, n_patients=N))


def _noisy(seed, noise):
    truth = np.random.default_rng(0).normal(size=N)
    return truth, truth + noise * np.random.default_rng(seed).normal(size=N)


def test_rows_that_cannot_be_told_apart_share_a_rank_and_the_next_band_counts_them_all():
    preds = {name: _noisy(seed, noise)[1] for name, seed, noise in (("a", 1, 1), ("b", 2, 1), ("c", 3, 3), ("d", 4, 3))}
    rows = {row.name: row for row in _ranks(preds, _noisy(0, 1)[0])}
    assert [rows[name].rank for name in "abcd"] == [1, 1, 3, 3]
    for name in "ab":
        assert (rows[name].low, rows[name].high) == (1, 2)
    for name in "cd":
        assert (rows[name].low, rows[name].high) == (3, 4)


def test_clearly_different_rows_have_sure_ranks_from_best_to_worst_in_either_direction():
    truth = _noisy(0, 1)[0]
    preds = {f"s{noise}": _noisy(1, noise)[1] for noise in (8, 1, 3)}
    for metric in (metrics.mae, metrics.spearman):
        rows = _ranks(preds, truth, metric)
        assert [row.name for row in rows] == ["s1", "s3", "s8"]
        assert [row.rank for row in rows] == [1, 2, 3]


def test_a_signed_error_ranks_by_its_distance_from_zero():
    truth = _noisy(0, 1)[0]
    rows = _ranks({"up": truth + 1, "down": truth - 0.5, "none": truth + 0.1}, truth, metrics.mean_error)
    assert [row.name for row in rows] == ["none", "down", "up"]
    assert [row.rank for row in rows] == [1, 2, 3]


def test_an_undefined_row_comes_last_without_a_rank_and_ties_are_one_band():
    truth, pred = _noisy(1, 1)
    rows = _ranks({"constant": np.zeros(N), "b": pred, "a": pred}, truth, metrics.pearson)
    assert [(row.name, row.rank, row.low, row.high) for row in rows] == [
        ("a", 1, 1, 1),
        ("b", 1, 1, 1),
        ("constant", None, None, None),
    ]


def test_friedman_equals_scipy_and_its_mean_ranks():
    values = np.random.default_rng(0).random((8, 5))
    found = friedman(values, "lower")
    statistic, p = scipy.stats.friedmanchisquare(*values.T)
    assert found.statistic == pytest.approx(statistic)
    assert found.p == pytest.approx(p)
    np.testing.assert_allclose(found.mean_ranks, scipy.stats.rankdata(values, axis=1).mean(0))
    np.testing.assert_allclose(friedman(-values, "higher").mean_ranks, found.mean_ranks)


@pytest.mark.parametrize(("k", "q"), [(3, 2.343), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_is_demsars(k, q):
    values = np.random.default_rng(k).random((20, k))
    assert friedman(values).critical_difference == pytest.approx(q * np.sqrt(k * (k + 1) / 120), rel=1e-3)


def test_nemenyi_calls_a_pair_different_exactly_beyond_the_critical_difference():
    values = np.random.default_rng(3).normal(size=(15, 4)) + np.array([0, 0.4, 0.9, 2])
    found = friedman(values)
    apart = abs(found.mean_ranks[:, None] - found.mean_ranks) > found.critical_difference
    np.testing.assert_array_equal(found.pairwise < 0.05, apart)
    assert apart.any()
    np.testing.assert_allclose(np.diag(found.pairwise), 1)


def test_equal_submissions_do_not_differ():
    assert friedman(np.ones((4, 3))).p == 1


@pytest.mark.parametrize(
    ("values", "rule"),
    [(np.ones((4, 2)), "at least 2 x 3"), (np.ones((1, 3)), "at least 2 x 3"), ([[1, 2, np.nan]] * 2, "every track")],
)
def test_friedman_refuses_tables_that_are_too_small_or_incomplete(values, rule):
    with pytest.raises(ValueError, match=f"friedman: .*{rule}"):
        friedman(values)
