"""Estimators give the metric itself: of one patient weight vector, of many, in stacks and in parts."""

import numpy as np
import pytest
from cxrbench import metrics
from cxrbench.stats import clustered, clustered_readings, mean_of, patient_codes
from cxrbench.stats.estimators import evaluate

METRICS = [metrics.mae, metrics.pearson, metrics.kappa_quadratic(4), metrics.spearman]


def _sample(seed=0, n=60, patients=20):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n).astype(float)
    names = [f"p{i % patients:02d}" for i in rng.permutation(n)]
    return truth, np.clip(truth + rng.integers(-1, 2, n), 0, 3), names


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_patient_weights_are_copies_of_all_cases_of_a_patient(metric):
    truth, pred, names = _sample()
    weights = np.random.default_rng(1).integers(0, 3, (5, 20)).astype(float)
    by_case = weights[:, [int(name[1:]) for name in names]]
    expected = metric(truth, pred, by_case)
    np.testing.assert_allclose(clustered(metric, truth, pred, names)(weights), expected, rtol=1e-12)


def test_detection_metrics_and_readings_are_clustered_too():
    truth, pred, names = _sample()
    weights = np.random.default_rng(1).integers(0, 3, (5, 20)).astype(float)
    by_case = weights[:, patient_codes(names)]
    for metric in (metrics.roc_auc, metrics.average_precision):
        found = clustered(metric, truth > 1, pred, names)(weights)
        np.testing.assert_allclose(found, metric(truth > 1, pred, by_case), rtol=1e-12)
    readings = np.stack([truth, pred, truth[::-1]], axis=1)
    for metric in (metrics.fleiss_kappa(4), metrics.krippendorff_alpha("ordinal", 4), metrics.icc):
        found = clustered_readings(metric, readings, names)(weights)
        np.testing.assert_allclose(found, metric(readings, by_case), rtol=1e-11)


def test_patients_may_be_named_or_coded():
    truth, pred, names = _sample()
    weights = np.random.default_rng(1).integers(0, 3, (5, 20)).astype(float)
    codes = patient_codes(names)
    assert codes.max() == 19
    named, coded = (clustered(metrics.mae, truth, pred, one)(weights) for one in (names, codes))
    np.testing.assert_array_equal(named, coded)


def test_a_stack_of_estimators_gives_what_each_gives_alone_and_evaluates_a_shared_part_once():
    truth, pred, names = _sample()
    calls = []

    def foreign(weights):
        calls.append(len(weights))
        return weights[:, 0]

    parts = [clustered(metric, truth, pred, names) for metric in METRICS]
    estimators = {"both": mean_of(parts[:2]), "nested": mean_of([mean_of(parts), foreign]), "foreign": foreign}
    weights = np.random.default_rng(1).integers(0, 3, (12, 20)).astype(float)
    found = evaluate(estimators, [weights[:7], weights[7:]])
    assert calls == [7, 5]
    for key, one in estimators.items():
        np.testing.assert_allclose(found[key], one(weights), rtol=1e-12)
    np.testing.assert_allclose(found["both"], (parts[0](weights) + parts[1](weights)) / 2, rtol=1e-12)


def test_a_draw_without_weight_is_undefined():
    truth, pred, names = _sample()
    for metric in METRICS:
        assert np.isnan(clustered(metric, truth, pred, names)(np.zeros((1, 20)))).all()


def test_bad_input_is_refused_by_the_metrics_name():
    with pytest.raises(ValueError, match="spearman: prediction 1 is not finite"):
        clustered(metrics.spearman, np.array([1.0, 2]), np.array([1, np.nan]), ["a", "b"])
