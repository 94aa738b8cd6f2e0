"""Tests with a formula against the bootstrap, and sign flips of submissions with operating points of their own."""

import numpy as np
import pytest
from cxrbench.metrics import accuracy, mae, roc_auc
from cxrbench.stats import FunctionEstimator, delong_test, make_estimator, mcnemar_test, sign_flip_test


@pytest.fixture(scope="module")
def detectors():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 200).astype(float)
    good, poor = (np.clip(truth * 0.5 + rng.normal(0.25, sd, 200), 0, 1) for sd in (0.2, 0.6))
    return truth, good, poor, [f"p{i:03}" for i in range(200)]


def flip(left, right):
    return sign_flip_test({"left": left, "right": right}, n_patients=200, seed=1)["left", "right"]


def test_roc_auc_is_tested_by_delong_with_its_clusters(detectors):
    truth, good, poor, _ = detectors
    patients = [f"p{i // 2:03}" for i in range(200)]
    left, right = (make_estimator(roc_auc, truth, pred, patients) for pred in (good, poor))
    test = left.paired_test(right)
    assert test.name == "DeLong"
    assert test.p == pytest.approx(delong_test(truth, good, poor, patients).p)


def test_accuracy_is_tested_by_mcnemar_where_patients_have_one_case(detectors):
    truth, good, poor, patients = detectors
    left = make_estimator(accuracy(0.4), truth, good, patients)
    test = left.paired_test(make_estimator(accuracy(0.6), truth, poor, patients))
    assert test.name == "McNemar"
    assert test.p == mcnemar_test((good >= 0.4) == truth, (poor >= 0.6) == truth).p
    twice = [f"p{i // 2:03}" for i in range(200)]
    left, right = (make_estimator(accuracy(0.5), truth, pred, twice) for pred in (good, poor))
    assert left.paired_test(right) is None


def test_other_metrics_have_no_formula(detectors):
    truth, good, poor, patients = detectors
    left, right = (make_estimator(mae, truth, pred, patients) for pred in (good, poor))
    assert left.paired_test(right) is None
    assert FunctionEstimator(lambda weights: weights.sum(1), 200).paired_test(left) is None
    assert left.paired_test(make_estimator(roc_auc, truth, good, patients)) is None


def test_sign_flips_of_two_operating_points_take_each_its_own(detectors):
    """Two accuracies at different thresholds: the flips are of right and wrong calls, as for a mean of differences."""
    truth, good, poor, patients = detectors
    sides = [make_estimator(accuracy(at), truth, pred, patients) for at, pred in ((0.3, good), (0.7, poor))]
    calls = [((pred >= at) == truth).astype(float) for at, pred in ((0.3, good), (0.7, poor))]
    gap = calls[0] - calls[1]
    signs = np.random.default_rng(2).choice([-1, 1], (20_000, 200))
    expected = (np.abs(signs @ gap) >= abs(gap.sum())).mean()
    assert flip(*sides) == pytest.approx(expected, abs=0.01)


def test_equal_predictions_at_the_same_threshold_never_differ(detectors):
    truth, good, _, patients = detectors
    sides = [make_estimator(accuracy(0.5), truth, good, patients) for _ in range(2)]
    assert flip(*sides) == 1
    assert sides[0].paired_test(sides[1]).p == 1
