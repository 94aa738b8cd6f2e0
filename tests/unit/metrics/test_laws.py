"""Laws that every metric obeys: order of the cases, bounds, perfection, weights as copies, rules for bad input."""

import numpy as np
import pytest
from cxrbench import metrics
from hypothesis import given, settings
from hypothesis import strategies as st

SCORES = [
    metrics.mean_error,
    metrics.mae,
    metrics.mse,
    metrics.rmse,
    metrics.mae_sd,
    metrics.error_sd,
    metrics.within_tolerance(0.5),
    metrics.pearson,
    metrics.spearman,
    metrics.r2,
    metrics.slope,
    metrics.intercept,
    metrics.kappa(4),
    metrics.kappa_linear(4),
    metrics.kappa_quadratic(4),
]
DETECTION = [
    metrics.roc_auc,
    metrics.average_precision,
    metrics.brier,
    metrics.ece(5),
    metrics.sensitivity(0.5),
    metrics.specificity(0.5),
    metrics.ppv(0.5),
    metrics.accuracy(0.5),
]
EVERY = [*SCORES, *DETECTION]
BOUNDS = {
    "mae": (0, 3),
    "mse": (0, 9),
    "rmse": (0, 3),
    "mae_sd": (0, 3),
    "error_sd": (0, 3),
    "within_0.5": (0, 1),
    "pearson": (-1, 1),
    "spearman": (-1, 1),
    "r2": (-np.inf, 1),
    "kappa": (-1, 1),
    "kappa_linear": (-1, 1),
    "kappa_quadratic": (-1, 1),
    "mean_error": (-3, 3),
}
PERFECT = {"mean_error": 0, "mae": 0, "mse": 0, "rmse": 0, "mae_sd": 0, "error_sd": 0, "brier": 0, "intercept": 0}


def named(metric):
    return metric.name


@st.composite
def samples(draw, metric):
    """Truth, prediction and small whole weights of 1 to 12 cases that suit the metric."""
    n = draw(st.integers(1, 12))

    def column(values):
        return np.array(draw(st.lists(values, min_size=n, max_size=n)), float)

    binary = metric in DETECTION
    truth = column(st.integers(0, 1 if binary else 3))
    pred = column(st.sampled_from(np.round(np.linspace(0, 1, 11), 1).tolist()) if binary else st.integers(0, 3))
    return truth, pred, column(st.integers(0, 3))


@pytest.mark.parametrize("metric", EVERY, ids=named)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_weights_are_copies_and_order_does_not_matter(metric, data):
    truth, pred, weights = data.draw(samples(metric))
    order = np.array(data.draw(st.permutations(range(len(truth)))))
    copies = np.repeat(np.arange(len(truth)), weights.astype(int))
    value = metric(truth, pred, weights)
    np.testing.assert_allclose(value, metric(truth[copies], pred[copies]), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(value, metric(truth[order], pred[order], weights[order]), rtol=1e-10, atol=1e-12)
    low, high = BOUNDS.get(metric.name, (-np.inf, np.inf) if metric in SCORES else (0, 1))
    assert np.isnan(value) or low - 1e-12 <= value <= high + 1e-12


@pytest.mark.parametrize("metric", EVERY, ids=named)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_perfect_prediction_has_the_best_value(metric, data):
    truth, _, _ = data.draw(samples(metric))
    value = metric(truth, truth)
    assert np.isnan(value) or value == pytest.approx(PERFECT.get(metric.name, 0 if metric.name == "ece" else 1))


@pytest.mark.parametrize(
    "metric", [metrics.pearson, metrics.spearman, metrics.kappa(4), metrics.kappa_quadratic(4)], ids=named
)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_agreement_does_not_depend_on_which_side_is_the_truth(metric, data):
    truth, pred, weights = data.draw(samples(metric))
    np.testing.assert_allclose(metric(truth, pred, weights), metric(pred, truth, weights), rtol=1e-11, atol=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=15))
def test_roc_auc_depends_on_the_order_alone(rows):
    truth, pred = (np.array(side, float) for side in zip(*rows, strict=True))
    value = metrics.roc_auc(truth, pred)
    np.testing.assert_allclose(metrics.roc_auc(truth, -pred), 1 - value, atol=1e-12)
    np.testing.assert_allclose(metrics.roc_auc(truth, np.exp(pred)), value, atol=1e-12)


@pytest.mark.parametrize("metric", EVERY, ids=named)
def test_many_weight_vectors_give_what_each_gives_alone(metric):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2 if metric in DETECTION else 4, 50)
    pred = rng.random(50) if metric in DETECTION else rng.integers(0, 4, 50)
    for weights in (rng.integers(0, 3, (4, 5, 50)), rng.random((4, 5, 50))):
        together = metric(truth, pred, weights)
        assert together.shape == (4, 5)
        alone = [[float(metric(truth, pred, row)) for row in rows] for rows in weights]
        np.testing.assert_allclose(together, alone, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("metric", EVERY, ids=named)
def test_no_cases_or_no_weight_is_undefined(metric):
    assert np.isnan(metric([], []))
    assert np.isnan(metric([0, 1], [0, 1], [0, 0]))
    assert metric.undefined


@pytest.mark.parametrize(
    ("metric", "truth", "pred"),
    [
        (metrics.pearson, [1, 1, 1], [1, 2, 3]),
        (metrics.pearson, [1e6, 1e6, 1e6], [0.1, 0.2, 0.3]),
        (metrics.spearman, [1, 2, 3], [0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2]),
        (metrics.spearman, [1], [2]),
        (metrics.r2, [2, 2], [1, 3]),
        (metrics.slope, [2, 2], [1, 3]),
        (metrics.intercept, [2, 2], [1, 3]),
        (metrics.kappa(4), [2, 2], [2, 2]),
        (metrics.kappa_quadratic(4), [3, 3], [3, 3]),
        (metrics.roc_auc, [1, 1], [0.1, 0.2]),
        (metrics.average_precision, [0, 0], [0.1, 0.2]),
        (metrics.sensitivity(0.5), [0, 0], [0.1, 0.9]),
        (metrics.specificity(0.5), [1, 1], [0.1, 0.9]),
        (metrics.ppv(0.5), [1, 0], [0.1, 0.2]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_undefined_value_is_nan(metric, truth, pred):
    assert np.isnan(metric(truth, pred))


@pytest.mark.parametrize("metric", EVERY, ids=named)
@pytest.mark.parametrize(
    ("truth", "pred", "weights", "rule"),
    [
        ([0, 1], [0], None, r"truth \(2,\) and prediction \(1,\)"),
        ([[0, 1]], [[0, 1]], None, "vectors of one length"),
        ([0, np.nan], [0, 1], None, "truth 1 is not finite"),
        ([0, 1], [np.inf, 1], None, "prediction 0 is not finite"),
        ([0, 1], [0, 1], [1, 1, 1], r"weights \(3,\) must have one column for each of 2 cases"),
        ([0, 1], [0, 1], [1, -1], "at least 0"),
        ([0, 1], [0, 1], [1, np.nan], "finite"),
    ],
)
def test_invalid_input_is_refused_by_metric_and_rule(metric, truth, pred, weights, rule):
    with pytest.raises(ValueError, match=rf"{metric.name.replace('.', '[.]')}: .*{rule}"):
        metric(truth, pred, weights)


@pytest.mark.parametrize(
    ("metric", "truth", "pred", "rule"),
    [
        (metrics.kappa(4), [0, 4], [0, 1], "kappa: truth outside 0-3, got 4"),
        (metrics.kappa_linear(4), [0, 1], [0, -1], "kappa_linear: prediction outside 0-3, got -1"),
        (metrics.roc_auc, [0, 2], [0, 1], "roc_auc: truth must be 0 or 1, got 2"),
        (metrics.average_precision, [0, 0.5], [0, 1], "average_precision: truth must be 0 or 1"),
        (metrics.ppv(0.5), [0, 3], [0, 1], "ppv: truth must be 0 or 1"),
        (metrics.accuracy(0.5), [0, 3], [0, 1], "accuracy: truth must be 0 or 1"),
        (metrics.brier, [0, 1], [0, 1.5], r"brier: a probability must be in \[0, 1\], got 1.5"),
        (metrics.ece(), [0, 1], [0, -0.5], r"ece: a probability must be in \[0, 1\]"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_class_or_probability_outside_is_refused(metric, truth, pred, rule):
    with pytest.raises(ValueError, match=rule):
        metric(truth, pred)


def test_predictions_between_classes_are_rounded_half_to_even():
    np.testing.assert_equal(
        metrics.kappa(4)([0, 2, 2, 3], [0.5, 1.5, 2.5, 3.0]), metrics.kappa(4)([0, 2, 2, 3], [0, 2, 2, 3])
    )


@pytest.mark.parametrize("metric", [metrics.spearman, metrics.roc_auc, metrics.average_precision], ids=named)
@pytest.mark.parametrize("scale", [30_000, 10**6, 10**9, 0.37])
def test_scaling_all_weights_changes_no_metric_of_order(metric, scale):
    rng = np.random.default_rng(4)
    truth, pred, weights = rng.integers(0, 2, 1000), np.round(rng.random(1000), 2), rng.integers(0, 4, 1000)
    np.testing.assert_allclose(metric(truth, pred, weights * scale), metric(truth, pred, weights), rtol=1e-11)
