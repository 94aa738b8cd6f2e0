"""Estimators give the metric itself: of one vector of patient weights, of many, in stacks and in parts."""

import numpy as np
import pytest
from cxrbench import metrics
from cxrbench.stats import (
    FunctionEstimator,
    average_estimators,
    encode_patients,
    make_chosen_estimator,
    make_estimator,
)
from cxrbench.stats.estimators import evaluate_estimators

METRICS = [metrics.mae, metrics.pearson, metrics.kappa_quadratic(4), metrics.spearman]
PATIENTS = 20


def _sample(seed=0, n=60):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n).astype(float)
    names = [f"p{i % PATIENTS:02d}" for i in rng.permutation(n)]
    return truth, np.clip(truth + rng.integers(-1, 2, n), 0, 3), names


def _weights(draws=5):
    return np.random.default_rng(1).integers(0, 3, (draws, PATIENTS)).astype(float)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_patient_weights_are_copies_of_all_cases_of_a_patient(metric):
    truth, pred, names = _sample()
    weights = _weights()
    by_case = weights[:, [int(name[1:]) for name in names]]
    expected = metric(truth, pred, by_case)
    estimator = make_estimator(metric, truth, pred, names)
    np.testing.assert_allclose(estimator.draw(weights), expected, rtol=1e-12)
    assert estimator.point() == pytest.approx(float(metric(truth, pred)))


@pytest.mark.parametrize("metric", [metrics.roc_auc, metrics.average_precision], ids=lambda metric: metric.name)
def test_detection_metrics_are_clustered_too(metric):
    truth, pred, names = _sample()
    weights = _weights()
    values = make_estimator(metric, truth > 1, pred, names).draw(weights)
    np.testing.assert_allclose(values, metric(truth > 1, pred, weights[:, encode_patients(names)]), rtol=1e-12)


def test_patients_may_be_named_or_coded():
    truth, pred, names = _sample()
    codes = encode_patients(names)
    assert codes.max() == 19
    named, coded = (make_estimator(metrics.mae, truth, pred, patients).draw(_weights()) for patients in (names, codes))
    np.testing.assert_array_equal(named, coded)


def test_a_stack_of_estimators_evaluates_a_shared_part_once():
    truth, pred, names = _sample()
    calls = []

    def first_weight(weights):
        calls.append(len(weights))
        return weights[:, 0]

    foreign = FunctionEstimator(first_weight, PATIENTS)
    parts = [make_estimator(metric, truth, pred, names) for metric in METRICS]
    estimators = {
        "both": average_estimators(parts[:2]),
        "nested": average_estimators([average_estimators(parts), foreign]),
        "foreign": foreign,
    }
    weights = _weights(12)
    values = evaluate_estimators(estimators, [weights[:7], weights[7:]])
    assert calls == [7, 5]
    for key, estimator in estimators.items():
        np.testing.assert_allclose(values[key], estimator.draw(weights), rtol=1e-12)
    np.testing.assert_allclose(values["both"], (parts[0].draw(weights) + parts[1].draw(weights)) / 2, rtol=1e-12)


def test_a_draw_without_weight_is_undefined():
    truth, pred, names = _sample()
    for metric in METRICS:
        assert np.isnan(make_estimator(metric, truth, pred, names).draw(np.zeros((1, PATIENTS)))).all()


def test_bad_input_is_refused_by_the_metrics_name():
    with pytest.raises(ValueError, match="spearman: prediction 1 is not finite"):
        make_estimator(metrics.spearman, np.array([1.0, 2]), np.array([1, np.nan]), ["a", "b"])


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_restriction_is_the_metric_of_the_kept_cases(metric):
    truth, pred, names = _sample()
    mask = truth > 0
    restricted = make_estimator(metric, truth, pred, names).restrict(mask)
    chosen = make_chosen_estimator(metric, truth, pred, names, mask)
    by_case = _weights()[:, encode_patients(names)[mask]]
    np.testing.assert_allclose(restricted.draw(_weights()), metric(truth[mask], pred[mask], by_case), rtol=1e-12)
    np.testing.assert_array_equal(restricted.draw(_weights()), chosen.draw(_weights()))
    assert np.array_equal(restricted.cases, np.flatnonzero(mask))
    assert np.isnan(restricted.restrict(~mask).point())


def test_only_parts_on_the_same_cases_are_restricted_together():
    truth, pred, names = _sample()
    every = np.ones(len(truth), bool)
    whole, some = (make_chosen_estimator(metrics.mae, truth, pred, names, chosen) for chosen in (every, truth > 0))
    assert average_estimators([whole, whole]).restrict(truth > 1).point() == whole.restrict(truth > 1).point()
    assert average_estimators([whole, some]).restrict(truth > 1) is None
    assert average_estimators([whole, some]).per_case() is None


def test_what_does_not_keep_its_cases_is_not_restricted():
    truth, pred, names = _sample()
    every = np.ones(len(truth), bool)
    per_patient = make_estimator(metrics.mae, truth, pred, names, by_case=False)
    assert per_patient.restrict(every) is None
    assert FunctionEstimator(lambda weights: weights[:, 0], PATIENTS).restrict(every) is None
    assert make_chosen_estimator(metrics.mae, truth, pred, names, ~every).restrict(every) is None


def test_single_cases_have_values_of_sums_only():
    truth, pred, names = _sample()
    zones = [make_estimator(metrics.mae, truth, side, names) for side in (pred, pred[::-1])]
    expected = (abs(truth - pred) + abs(truth - pred[::-1])) / 2
    assert average_estimators(zones).per_case() == pytest.approx(expected)
    assert np.isnan(make_estimator(metrics.pearson, truth, pred, names).per_case()).all()
    assert make_estimator(metrics.spearman, truth, pred, names).per_case() is None


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_added_patients_make_no_difference(metric):
    truth, pred, names = _sample()
    estimator = average_estimators([make_estimator(metric, truth, pred, names)])
    columns = np.arange(PATIENTS) * 2
    weights = np.random.default_rng(2).integers(0, 3, (6, 2 * PATIENTS)).astype(float)
    extended = estimator.extend(columns, 2 * PATIENTS)
    np.testing.assert_allclose(extended.draw(weights), estimator.draw(weights[:, columns]), rtol=1e-12)
