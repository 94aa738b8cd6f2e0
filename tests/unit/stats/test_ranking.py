"""Ranks: shared within groups that do not differ significantly, with their intervals."""

import numpy as np
from cxrbench import metrics
from cxrbench.stats import compare_pairwise, make_estimator, rank_systems, resample

N = 120


def _ranks(preds, truth, metric=metrics.mae):
    drawn = resample(
        {name: make_estimator(metric, truth, pred, np.arange(N)) for name, pred in preds.items()}, n_patients=N, seed=1
    )
    return rank_systems(drawn, metric.direction, compare_pairwise(drawn, metric.direction, n=N, n_patients=N))


def _noisy(seed, noise):
    truth = np.random.default_rng(0).normal(size=N)
    return truth, truth + noise * np.random.default_rng(seed).normal(size=N)


def test_rows_without_significant_difference_share_a_rank():
    preds = {name: _noisy(seed, noise)[1] for name, seed, noise in (("a", 1, 1), ("b", 2, 1), ("c", 3, 3), ("d", 4, 3))}
    rows = {row.name: row for row in _ranks(preds, _noisy(0, 1)[0])}
    assert [rows[name].rank for name in "abcd"] == [1, 1, 3, 3]
    for name in "ab":
        assert (rows[name].low, rows[name].high) == (1, 2)
    for name in "cd":
        assert (rows[name].low, rows[name].high) == (3, 4)


def test_clearly_different_rows_are_ranked_in_either_direction():
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


def test_undefined_rows_come_last_and_ties_share_a_rank():
    truth, pred = _noisy(1, 1)
    rows = _ranks({"constant": np.zeros(N), "b": pred, "a": pred}, truth, metrics.pearson)
    assert [(row.name, row.rank, row.low, row.high) for row in rows] == [
        ("a", 1, 1, 1),
        ("b", 1, 1, 1),
        ("constant", None, None, None),
    ]
