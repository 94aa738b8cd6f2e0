"""The best and worst cases of a result, against the metric of each case computed alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from cxrbench.metrics import Direction, mae, pearson, roc_auc
from cxrbench.scoring.best_and_worst import find_extremes
from cxrbench.tasks.casewise import average_metrics, measure_cases, measure_chosen, measure_mean


def cases(n):
    return [SimpleNamespace(id=f"case-{i:03d}") for i in range(n)]


def named(scores):
    return [(score.case, score.value) for score in scores]


def test_errors_of_single_cases_order_them():
    rng = np.random.default_rng(3)
    truth, pred = rng.integers(0, 4, 300).astype(float), rng.uniform(0, 3, 300)
    extremes = find_extremes(measure_cases(mae, truth, pred, ["a", "b", "c"] * 100), cases(300))
    errors = np.abs(truth - pred)
    assert [score.case for score in extremes.worst] == [f"case-{i:03d}" for i in np.argsort(-errors)[:5]]
    assert [score.case for score in extremes.best] == [f"case-{i:03d}" for i in np.argsort(errors)[:5]]
    assert [score.value for score in extremes.worst] == pytest.approx(np.sort(errors)[::-1][:5], abs=1e-10)


def test_a_mean_over_zones_is_taken_case_by_case():
    rng = np.random.default_rng(4)
    truth, pred = rng.uniform(0, 3, (20, 6)), rng.uniform(0, 3, (20, 6))
    zones = [measure_cases(mae, truth[:, i], pred[:, i], list("ab") * 10) for i in range(6)]
    extremes = find_extremes(average_metrics(zones), cases(20), kept=1)
    errors = np.abs(truth - pred).mean(1)
    assert named(extremes.worst) == [(f"case-{errors.argmax():03d}", round(errors.max(), 10))]
    assert named(extremes.best) == [(f"case-{errors.argmin():03d}", round(errors.min(), 10))]


def test_higher_is_better_and_ties_are_ordered_by_id():
    values = np.array([0.5, 0.9, 0.9, 0.1, np.nan, 0.1])
    extremes = find_extremes(
        measure_mean(values, list("abcdef"), direction=Direction.HIGHER, undefined="-"), cases(6), kept=2
    )
    assert named(extremes.best) == [("case-001", 0.9), ("case-002", 0.9)]
    assert named(extremes.worst) == [("case-003", 0.1), ("case-005", 0.1)]


def test_cases_that_do_not_count_are_not_named():
    chosen = np.array([True, False, True, True])
    primary = measure_chosen(mae, np.zeros(4), np.array([0.1, 9.0, 0.2, 0.3]), list("aabb"), chosen, none="-")
    extremes = find_extremes(primary, cases(4))
    assert (named(extremes.best), named(extremes.worst)) == ([("case-000", 0.1)], [("case-003", 0.3)])


@pytest.mark.parametrize("metric", [pearson, roc_auc], ids=["pearson", "roc_auc"])
def test_a_metric_of_several_cases_names_none(metric):
    truth, pred = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.8, 0.3, 0.6])
    extremes = find_extremes(measure_cases(metric, truth, pred, list("abcd")), cases(4))
    assert (extremes.best, extremes.worst) == ((), ())


def test_no_case_is_in_both_lists():
    extremes = find_extremes(measure_cases(mae, np.zeros(3), np.array([1.0, 2.0, 3.0]), list("abc")), cases(3))
    assert (named(extremes.best), named(extremes.worst)) == ([("case-000", 1.0)], [("case-002", 3.0)])
