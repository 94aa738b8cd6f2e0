"""The best and worst cases of a result, against the metric of each case worked out one by one."""

from types import SimpleNamespace

import numpy as np
import pytest
from cxrbench.metrics import mae, pearson, roc_auc
from cxrbench.scoring.best_and_worst import extremes
from cxrbench.tasks.casewise import among, case_mean, mean_of, measured


def cases(n):
    return [SimpleNamespace(id=f"case-{i:03d}") for i in range(n)]


def named(found):
    return [(one.case, one.value) for one in found]


def test_errors_of_single_cases_order_them():
    rng = np.random.default_rng(3)
    truth, pred = rng.integers(0, 4, 300).astype(float), rng.uniform(0, 3, 300)
    found = extremes(measured(mae, truth, pred, ["a", "b", "c"] * 100), cases(300))
    errors = np.abs(truth - pred)
    assert [one.case for one in found.worst] == [f"case-{i:03d}" for i in np.argsort(-errors)[:5]]
    assert [one.case for one in found.best] == [f"case-{i:03d}" for i in np.argsort(errors)[:5]]
    assert [one.value for one in found.worst] == pytest.approx(np.sort(errors)[::-1][:5], abs=1e-10)


def test_a_mean_over_zones_is_taken_case_by_case():
    rng = np.random.default_rng(4)
    truth, pred = rng.uniform(0, 3, (20, 6)), rng.uniform(0, 3, (20, 6))
    zones = [measured(mae, truth[:, i], pred[:, i], list("ab") * 10) for i in range(6)]
    found = extremes(mean_of(zones), cases(20), kept=1)
    errors = np.abs(truth - pred).mean(1)
    assert named(found.worst) == [(f"case-{errors.argmax():03d}", round(errors.max(), 10))]
    assert named(found.best) == [(f"case-{errors.argmin():03d}", round(errors.min(), 10))]


def test_higher_is_better_turns_the_order_and_ties_go_by_id():
    values = np.array([0.5, 0.9, 0.9, 0.1, np.nan, 0.1])
    found = extremes(case_mean(values, list("abcdef"), better="higher", undefined="-"), cases(6), kept=2)
    assert named(found.best) == [("case-001", 0.9), ("case-002", 0.9)]
    assert named(found.worst) == [("case-003", 0.1), ("case-005", 0.1)]


def test_cases_that_do_not_count_are_not_named():
    chosen = np.array([True, False, True, True])
    primary = among(mae, np.zeros(4), np.array([0.1, 9.0, 0.2, 0.3]), list("aabb"), chosen, none="-")
    found = extremes(primary, cases(4))
    assert (named(found.best), named(found.worst)) == ([("case-000", 0.1)], [("case-003", 0.3)])


@pytest.mark.parametrize("metric", [pearson, roc_auc], ids=["pearson", "roc_auc"])
def test_a_metric_of_several_cases_names_none(metric):
    truth, pred = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.8, 0.3, 0.6])
    found = extremes(measured(metric, truth, pred, list("abcd")), cases(4))
    assert (found.best, found.worst) == ((), ())


def test_no_case_stands_in_both_lists():
    found = extremes(measured(mae, np.zeros(3), np.array([1.0, 2.0, 3.0]), list("abc")), cases(3))
    assert (named(found.best), named(found.worst)) == ([("case-000", 1.0)], [("case-002", 3.0)])
