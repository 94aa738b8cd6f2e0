"""Metrics of some of the cases, drawn with all patients: equal to what repeated cases give."""

import numpy as np
import pytest
from cxrbench.metrics import mae, roc_auc, spearman
from cxrbench.tasks.casewise import among, case_mean, mean_of, measured, ratio
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, roc_auc_score

RNG = np.random.default_rng(11)
N = 60
PATIENTS = [f"p{i}" for i in RNG.integers(0, 25, N)]
NAMES, MEMBER = np.unique(PATIENTS, return_inverse=True)
TRUTH, PRED = RNG.integers(0, 2, N).astype(float), RNG.random(N)
CHOSEN = RNG.random(N) < 0.6
WEIGHTS = np.concatenate([np.ones((1, len(NAMES))), RNG.integers(0, 4, (20, len(NAMES)))]).astype(float)


def repeated(weights, chosen):
    """Rows of the chosen cases, each as often as its patient was drawn."""
    rows = np.flatnonzero(chosen)
    return np.repeat(rows, weights[MEMBER[rows]].astype(int))


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (mae, mean_absolute_error),
        (roc_auc, roc_auc_score),
        (spearman, lambda t, p: spearmanr(t, p).statistic),
    ],
    ids=["mae", "roc_auc", "spearman"],
)
def test_among_equals_the_metric_of_the_repeated_cases(metric, reference):
    one = among(metric, TRUTH, PRED, PATIENTS, CHOSEN, none="none")
    expected = [reference(TRUTH[rows], PRED[rows]) for rows in (repeated(row, CHOSEN) for row in WEIGHTS)]
    assert one.estimator(WEIGHTS) == pytest.approx(expected)
    assert np.array_equal(one.counted, CHOSEN)


def test_among_nobody_is_undefined_with_its_reason():
    one = among(mae, TRUTH, PRED, PATIENTS, np.zeros(N, bool), none="no such case")
    assert np.isnan(one.estimator(WEIGHTS)).all()
    assert one.undefined == "no such case"


def test_case_mean_leaves_out_what_has_no_value():
    values = np.where(CHOSEN, PRED, np.nan)
    one = case_mean(values, PATIENTS, better="higher", undefined="none")
    expected = [PRED[repeated(row, CHOSEN)].mean() for row in WEIGHTS]
    assert one.estimator(WEIGHTS) == pytest.approx(expected)
    assert np.array_equal(one.counted, CHOSEN)
    assert case_mean(PRED, PATIENTS, better="higher", undefined="none").counted is None


def test_ratio_is_of_sums():
    part, whole = RNG.random(N), RNG.random(N) + 1
    one = ratio(part, whole, PATIENTS, better="higher", undefined="none")
    rows = [repeated(row, np.ones(N, bool)) for row in WEIGHTS]
    assert one.estimator(WEIGHTS) == pytest.approx([part[r].sum() / whole[r].sum() for r in rows])
    nothing = ratio(np.zeros(N), np.zeros(N), PATIENTS, better="higher", undefined="none")
    assert np.isnan(nothing.estimator(WEIGHTS)).all()


def test_a_mean_of_metrics():
    parts = [measured(mae, TRUTH, PRED, PATIENTS), among(mae, TRUTH, PRED, PATIENTS, CHOSEN, none="none")]
    one = mean_of(parts, note="of two")
    assert one.estimator(WEIGHTS) == pytest.approx((parts[0].estimator(WEIGHTS) + parts[1].estimator(WEIGHTS)) / 2)
    assert one.counted is None
    assert one.note == "of two"
