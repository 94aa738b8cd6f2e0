"""Every metric of truth and prediction against an independent implementation, to 1e-12, on many kinds of samples."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from cxrbench import metrics

TIGHT = {"rtol": 1e-12, "atol": 1e-12, "equal_nan": True}


def _varies(*sides):
    return all(len(np.unique(side)) > 1 for side in sides)


def _skl_kappa(weights):
    def kappa(t, p):
        both_one = len(np.unique(np.concatenate([t, p]))) < 2
        return np.nan if both_one else sklearn.metrics.cohen_kappa_score(t, p, weights=weights, labels=range(4))

    return kappa


def _only(condition, fn):
    return lambda t, p: fn(t, p) if condition(t, p) else np.nan


SCORES = {
    "mae": (metrics.mae, sklearn.metrics.mean_absolute_error),
    "mse": (metrics.mse, sklearn.metrics.mean_squared_error),
    "rmse": (metrics.rmse, sklearn.metrics.root_mean_squared_error),
    "mean_error": (metrics.mean_error, lambda t, p: np.mean(p - t)),
    "mae_sd": (metrics.mae_sd, lambda t, p: np.std(abs(p - t))),
    "error_sd": (metrics.error_sd, lambda t, p: np.std(p - t)),
    "within": (metrics.within_tolerance(1), lambda t, p: np.mean(abs(p - t) <= 1)),
    "r2": (metrics.r2, _only(lambda t, _: _varies(t), sklearn.metrics.r2_score)),
    "pearson": (metrics.pearson, _only(_varies, lambda t, p: scipy.stats.pearsonr(t, p)[0])),
    "spearman": (metrics.spearman, _only(_varies, lambda t, p: scipy.stats.spearmanr(t, p)[0])),
    "slope": (metrics.slope, _only(lambda t, _: _varies(t), lambda t, p: scipy.stats.linregress(t, p).slope)),
    "intercept": (
        metrics.intercept,
        _only(lambda t, _: _varies(t), lambda t, p: scipy.stats.linregress(t, p).intercept),
    ),
}
CLASSES = {
    "kappa": (metrics.kappa(4), _skl_kappa(None)),
    "kappa_linear": (metrics.kappa_linear(4), _skl_kappa("linear")),
    "kappa_quadratic": (metrics.kappa_quadratic(4), _skl_kappa("quadratic")),
}
DETECTION = {
    "roc_auc": (metrics.roc_auc, _only(lambda t, _: _varies(t), sklearn.metrics.roc_auc_score)),
    "average_precision": (
        metrics.average_precision,
        _only(lambda t, _: t.any(), sklearn.metrics.average_precision_score),
    ),
    "brier": (metrics.brier, lambda t, p: sklearn.metrics.brier_score_loss(t, p, labels=[0, 1])),
    "accuracy": (metrics.accuracy(0.5), lambda t, p: sklearn.metrics.accuracy_score(t, p >= 0.5)),
    "sensitivity": (
        metrics.sensitivity(0.5),
        lambda t, p: sklearn.metrics.recall_score(t, p >= 0.5, zero_division=np.nan),
    ),
    "specificity": (
        metrics.specificity(0.5),
        lambda t, p: sklearn.metrics.recall_score(1 - t, p < 0.5, zero_division=np.nan),
    ),
    "ppv": (metrics.ppv(0.5), lambda t, p: sklearn.metrics.precision_score(t, p >= 0.5, zero_division=np.nan)),
}


def _scores(rng, n, kind):
    truth = rng.integers(0, 4, n).astype(float)
    if kind == "ties":
        return truth, np.clip(truth + rng.integers(-1, 2, n), 0, 3)
    if kind == "continuous":
        return rng.normal(2, 3, n), rng.normal(5, 2, n)
    if kind == "constant truth":
        return np.full(n, 1.0), truth
    return truth, np.full(n, 2.0)


KINDS = ("ties", "continuous", "constant truth", "constant prediction")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 3, 17, 200])
@pytest.mark.parametrize("name", SCORES)
def test_a_metric_of_scores_equals_its_reference(name, n, kind):
    ours, reference = SCORES[name]
    for seed in range(3):
        truth, pred = _scores(np.random.default_rng(seed), n, kind)
        np.testing.assert_allclose(ours(truth, pred), reference(truth, pred), **TIGHT)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "continuous"])
@pytest.mark.parametrize("n", [1, 2, 3, 17, 200])
@pytest.mark.parametrize("name", CLASSES)
def test_kappa_equals_scikit_learn(name, n, kind):
    ours, reference = CLASSES[name]
    for seed in range(3):
        truth, pred = _scores(np.random.default_rng(seed), n, kind)
        np.testing.assert_allclose(ours(truth, pred), reference(truth, pred), **TIGHT)


@pytest.mark.parametrize("decimals", [1, 12])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("n", [1, 2, 3, 17, 200])
@pytest.mark.parametrize("name", DETECTION)
@pytest.mark.filterwarnings("ignore:y_pred contains classes:UserWarning", "ignore:A single label was found:UserWarning")
def test_a_metric_of_detection_equals_scikit_learn(name, n, share, decimals):
    ours, reference = DETECTION[name]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        truth = (rng.random(n) < share).astype(float)
        pred = np.round(np.clip(rng.random(n) * 0.7 + truth * 0.3, 0, 1), decimals)
        np.testing.assert_allclose(ours(truth, pred), reference(truth, pred), **TIGHT)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "brier", "accuracy", "sensitivity", "ppv"])
def test_case_weights_of_detection_equal_scikit_learns(name):
    rng = np.random.default_rng(5)
    reference = {
        "roc_auc": sklearn.metrics.roc_auc_score,
        "average_precision": sklearn.metrics.average_precision_score,
        "brier": sklearn.metrics.brier_score_loss,
        "accuracy": lambda t, p, sample_weight: sklearn.metrics.accuracy_score(
            t, p >= 0.5, sample_weight=sample_weight
        ),
        "sensitivity": lambda t, p, sample_weight: sklearn.metrics.recall_score(
            t, p >= 0.5, sample_weight=sample_weight
        ),
        "ppv": lambda t, p, sample_weight: sklearn.metrics.precision_score(t, p >= 0.5, sample_weight=sample_weight),
    }[name]
    truth, pred, weights = rng.integers(0, 2, 80), np.round(rng.random(80), 1), rng.random(80)
    np.testing.assert_allclose(
        DETECTION[name][0](truth, pred, weights), reference(truth, pred, sample_weight=weights), **TIGHT
    )


def test_confusion_matrix_equals_scikit_learn_and_takes_weights():
    rng = np.random.default_rng(1)
    truth, pred, weights = rng.integers(0, 4, 60), rng.integers(0, 4, 60), rng.random((3, 60))
    expected = [sklearn.metrics.confusion_matrix(truth, pred, labels=range(4), sample_weight=row) for row in weights]
    np.testing.assert_allclose(metrics.confusion_matrix(truth, pred, 4, weights), expected, **TIGHT)


def test_calibration_curve_equals_scikit_learn():
    rng = np.random.default_rng(2)
    pred = np.concatenate([np.round(rng.random(200), 2), [0.0, 1.0, 0.1, 0.2]])
    truth = (rng.random(len(pred)) < pred).astype(int)
    from sklearn.calibration import calibration_curve

    observed, predicted = calibration_curve(truth, pred, n_bins=10)
    ours = metrics.calibration_curve(truth, pred, bins=10)
    np.testing.assert_allclose(ours.observed[ours.weight > 0], observed, **TIGHT)
    np.testing.assert_allclose(ours.predicted[ours.weight > 0], predicted, **TIGHT)


def test_ece_is_the_weighted_gap_of_the_calibration_curve():
    rng = np.random.default_rng(3)
    pred = rng.random(300)
    truth = (rng.random(300) < pred**2).astype(int)
    curve = metrics.calibration_curve(truth, pred, bins=7)
    by_hand = np.nansum(curve.weight * abs(curve.predicted - curve.observed)) / 300
    np.testing.assert_allclose(metrics.ece(7)(truth, pred), by_hand, **TIGHT)


@pytest.mark.parametrize("decimals", [1, 6])
def test_corner_threshold_is_the_roc_point_nearest_to_the_corner(decimals):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 60)
        pred = np.round(rng.random(60) * 0.6 + truth * 0.3, decimals)
        fpr, tpr, thresholds = sklearn.metrics.roc_curve(truth, pred, drop_intermediate=False)
        distance = np.round(fpr[1:] ** 2 + (1 - tpr[1:]) ** 2, 12)
        assert metrics.find_corner_threshold(truth, pred) == thresholds[1:][np.argmin(distance)]
    assert np.isnan(metrics.find_corner_threshold([1, 1], [0.2, 0.3]))
