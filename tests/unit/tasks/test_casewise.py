"""Metrics of some of the cases, drawn with all patients: equal to what repeated cases give."""

import numpy as np
import pytest
from cxrbench.metrics import Direction, mae, roc_auc, spearman
from cxrbench.tasks.casewise import average_metrics, measure_cases, measure_chosen, measure_mean, measure_ratio
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
    measured = measure_chosen(metric, TRUTH, PRED, PATIENTS, CHOSEN, none="none")
    expected = [reference(TRUTH[rows], PRED[rows]) for rows in (repeated(row, CHOSEN) for row in WEIGHTS)]
    assert measured.estimator.draw(WEIGHTS) == pytest.approx(expected)
    assert np.array_equal(measured.counted, CHOSEN)


def test_among_nobody_is_undefined_with_its_reason():
    measured = measure_chosen(mae, TRUTH, PRED, PATIENTS, np.zeros(N, bool), none="no such case")
    assert np.isnan(measured.estimator.draw(WEIGHTS)).all()
    assert measured.undefined == "no such case"


def test_case_mean_leaves_out_what_has_no_value():
    values = np.where(CHOSEN, PRED, np.nan)
    measured = measure_mean(values, PATIENTS, direction=Direction.HIGHER, undefined="none")
    expected = [PRED[repeated(row, CHOSEN)].mean() for row in WEIGHTS]
    assert measured.estimator.draw(WEIGHTS) == pytest.approx(expected)
    assert np.array_equal(measured.counted, CHOSEN)
    assert measure_mean(PRED, PATIENTS, direction=Direction.HIGHER, undefined="none").counted is None


def test_ratio_is_of_sums():
    part, whole = RNG.random(N), RNG.random(N) + 1
    measured = measure_ratio(part, whole, PATIENTS, direction=Direction.HIGHER, undefined="none")
    rows = [repeated(row, np.ones(N, bool)) for row in WEIGHTS]
    assert measured.estimator.draw(WEIGHTS) == pytest.approx([part[r].sum() / whole[r].sum() for r in rows])
    nothing = measure_ratio(np.zeros(N), np.zeros(N), PATIENTS, direction=Direction.HIGHER, undefined="none")
    assert np.isnan(nothing.estimator.draw(WEIGHTS)).all()


def test_a_mean_of_metrics():
    parts = [measure_cases(mae, TRUTH, PRED, PATIENTS), measure_chosen(mae, TRUTH, PRED, PATIENTS, CHOSEN, none="none")]
    measured = average_metrics(parts, note="of two")
    assert measured.estimator.draw(WEIGHTS) == pytest.approx(
        (parts[0].estimator.draw(WEIGHTS) + parts[1].estimator.draw(WEIGHTS)) / 2
    )
    assert measured.counted is None
    assert measured.note == "of two"
