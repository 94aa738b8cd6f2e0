"""The patient bootstrap: draws, intervals against scipy, coverage by simulation, and the laws of a fair table."""

import hashlib

import numpy as np
import pytest
import scipy.stats
from cxrbench import metrics
from cxrbench.stats import FunctionEstimator, bootstrap, compute_intervals, derive_seed, make_estimator, resample
from cxrbench.stats.bootstrap import draw_weights, make_jackknife_weights
from cxrbench.stats.intervals import bca_interval, percentile_interval


def _scores(seed=0, n=120):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n).astype(float)
    return truth, np.clip(truth + rng.choice([-1, 0, 0, 1, 2], n), 0, 3)


def _score(metric, truth, pred, patients, **more):
    options = {"n": len(truth), "n_patients": len(set(patients)), "seed": 1, **more}
    return compute_intervals({"x": make_estimator(metric, truth, pred, patients)}, **options)["x"]


def test_every_draw_takes_as_many_patients_as_there_are():
    weights = np.concatenate(list(draw_weights(37, seed=5, count=999)))
    assert weights.shape == (999, 37)
    assert (weights.sum(1) == 37).all()
    assert weights.mean(0) == pytest.approx(1, abs=0.15)
    assert (weights == np.concatenate(list(draw_weights(37, seed=5, count=999)))).all()
    assert not (weights == np.concatenate(list(draw_weights(37, seed=6, count=999)))).all()


def test_draws_do_not_depend_on_how_they_are_chunked(monkeypatch):
    whole = np.concatenate(list(draw_weights(101, seed=5, count=300)))
    monkeypatch.setattr(bootstrap, "CHUNK", 1_000)
    assert (np.concatenate(list(draw_weights(101, seed=5, count=300))) == whole).all()


def test_the_draws_of_a_seed_never_change():
    content = np.concatenate(list(draw_weights(50, derive_seed("a track"), 100))).astype(np.uint8).tobytes()
    assert hashlib.sha256(content).hexdigest().startswith("571297601521462c")


def test_the_jackknife_leaves_out_each_patient_once():
    weights = np.concatenate(list(make_jackknife_weights(30)))
    assert (weights == 1 - np.eye(30)).all()


def test_jackknife_by_groups_gives_the_same_acceleration():
    weights = np.concatenate(list(make_jackknife_weights(4_500)))
    assert weights.shape == (1_000, 4_500)
    assert set((1 - weights).sum(1)) == {4, 5}
    assert ((1 - weights).sum(0) == 1).all()
    values = np.random.default_rng(0).exponential(size=4_500)
    full = (values.sum() - values) / 4_499
    grouped = weights @ values / weights.sum(1)
    speeds = [bootstrap_acceleration(part) for part in (full, grouped)]
    assert speeds[0] == pytest.approx(speeds[1], abs=0.002)


def bootstrap_acceleration(without):
    gap = without.mean() - without
    return (gap**3).sum() / 6 / (gap**2).sum() ** 1.5


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("statistic", [np.mean, scipy.stats.skew], ids=["mean", "skew"])
def test_bca_and_percentile_equal_scipys_on_the_same_draws(seed, statistic):
    rng = np.random.default_rng(seed)
    data = rng.exponential(size=40)
    theirs = scipy.stats.bootstrap((data,), statistic, n_resamples=999, rng=rng)
    drawn = theirs.bootstrap_distribution
    without = np.array([statistic(np.delete(data, i)) for i in range(40)])
    for method, ours in (
        ("BCa", bca_interval(statistic(data), drawn, without)),
        ("percentile", percentile_interval(-9, drawn)),
    ):
        again = scipy.stats.bootstrap((data,), statistic, n_resamples=0, bootstrap_result=theirs, method=method)
        low, high = again.confidence_interval
        assert ours[1] == pytest.approx(high, rel=1e-10)
        assert ours[0] == pytest.approx(low if method == "BCa" else -9, rel=1e-10)


REFERENCES = {
    "mae": (metrics.mae, lambda t, p, axis: abs(p - t).mean(axis)),
    "rmse": (metrics.rmse, lambda t, p, axis: np.sqrt(((p - t) ** 2).mean(axis))),
    "pearson": (metrics.pearson, lambda t, p, axis: scipy.stats.pearsonr(t, p, axis=axis).statistic),
    "spearman": (metrics.spearman, lambda t, p, axis: scipy.stats.spearmanr(t, p).statistic),
}


@pytest.mark.parametrize("method", ["bca", "percentile"])
@pytest.mark.parametrize("name", REFERENCES)
def test_intervals_equal_scipys_within_monte_carlo_error(name, method):
    metric, reference = REFERENCES[name]
    truth, pred = _scores()
    vectorised = name != "spearman"
    theirs = scipy.stats.bootstrap(
        (truth, pred),
        (lambda t, p, axis=-1: reference(t, p, axis)) if vectorised else (lambda t, p: reference(t, p, -1)),
        paired=True,
        vectorized=vectorised,
        method={"bca": "BCa"}.get(method, method),
        n_resamples=9_999 if vectorised else 2_000,
        rng=np.random.default_rng(2),
    )
    ours = _score(metric, truth, pred, np.arange(len(truth)), method=method)
    width = ours.high - ours.low
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.05 * width)
    assert ours.value == pytest.approx(float(metric(truth, pred)))


def _clustered_errors(rng, patients, images):
    """Absolute errors `[patients * images]` whose patients differ more than their images do; their mean is 1."""
    own = rng.gamma(2.0, 0.5, (patients, 1))
    return (own * rng.uniform(0.5, 1.5, (patients, images))).ravel()


def _intervals_of_many_studies(unit, patients=100, images=4, studies=1_500):
    """Intervals for the MAE of independent studies; all meet the same 2,000 draws, as rows of one track do."""
    rng = np.random.default_rng(11)
    truth, member = np.zeros(patients * images), np.repeat(np.arange(patients), images)
    codes = member if unit == "patient" else np.arange(patients * images)
    studied = {
        i: make_estimator(metrics.mae, truth, _clustered_errors(rng, patients, images), codes) for i in range(studies)
    }
    estimate = compute_intervals(studied, n=len(truth), n_patients=int(codes.max()) + 1, seed=3, count=2_000)
    return np.array([(part.low, part.value, part.high) for part in estimate.values()])


def test_only_patient_level_intervals_have_the_nominal_coverage():
    by_patient, by_image = (_intervals_of_many_studies(unit) for unit in ("patient", "image"))
    covered = [((part[:, 0] <= 1) & (part[:, 2] >= 1)).mean() for part in (by_patient, by_image)]
    assert 0.93 <= covered[0] <= 0.97
    assert covered[1] < 0.80
    widths = [part[:, 2] - part[:, 0] for part in (by_patient, by_image)]
    assert (widths[0] > widths[1]).mean() > 0.99
    np.testing.assert_allclose(by_patient[:, 1], by_image[:, 1], rtol=1e-12)


@pytest.mark.parametrize(
    "metric", [metrics.mae, metrics.mean_error, metrics.pearson, metrics.kappa(4), metrics.spearman]
)
@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_the_interval_contains_the_point(metric, method):
    for seed in range(10):
        truth, pred = _scores(seed, n=int(np.random.default_rng(seed).integers(3, 40)))
        estimate = _score(metric, truth, pred, np.arange(len(truth)), method=method, count=500)
        if estimate.low is not None:
            assert estimate.low <= estimate.value <= estimate.high


def test_another_submission_or_metric_changes_nobodys_score():
    truth, pred = _scores()
    patients = np.arange(len(truth)) // 2
    alone = _score(metrics.kappa_quadratic(4), truth, pred, patients)
    crowd = {
        (i, metric.name): make_estimator(metric, truth, _scores(i)[1], patients)
        for i in range(5)
        for metric in (metrics.mae, metrics.spearman)
    }
    mine = make_estimator(metrics.kappa_quadratic(4), truth, pred, patients)
    together = compute_intervals({**crowd, "x": mine}, n=len(truth), n_patients=60, seed=1)["x"]
    for field in ("value", "low", "high"):
        assert getattr(together, field) == pytest.approx(getattr(alone, field), abs=1e-12)


def test_running_again_gives_the_same_bits():
    truth, pred = _scores()
    estimators = {
        m.name: make_estimator(m, truth, pred, np.arange(120)) for m in (metrics.mae, metrics.pearson, metrics.spearman)
    }
    first, second = (resample(estimators, n_patients=120, seed=9) for _ in range(2))
    for key in estimators:
        assert first[key].draws.tobytes() == second[key].draws.tobytes()
        assert first[key].jackknife.tobytes() == second[key].jackknife.tobytes()


def test_undefined_values_come_with_their_reason():
    truth = np.array([1.0, 1, 1, 1])
    reasons = {"x": metrics.pearson.undefined}
    estimate = _score(metrics.pearson, truth, np.arange(4.0), np.arange(4), reasons=reasons)
    assert (estimate.value, estimate.low, estimate.high, estimate.undefined) == (
        None,
        None,
        None,
        "truth or prediction is constant",
    )
    alone = _score(metrics.mae, truth, np.arange(4.0), ["p"] * 4)
    assert (alone.value, alone.low, alone.undefined) == (1.0, None, "one patient has no interval")
    rare = np.array([1.0, 0, 0, 0])
    often = _score(metrics.roc_auc, rare, np.arange(4.0), np.arange(4), reasons={"x": metrics.roc_auc.undefined})
    assert (often.value, often.low, often.undefined) == (0.0, None, "interval: truth has one class in too many draws")
    assert (
        compute_intervals({"x": FunctionEstimator(lambda w: w, 0)}, n=0, n_patients=0, seed=1)["x"].undefined
        == "no cases"
    )


def test_a_constant_error_has_an_interval_of_one_point():
    truth, _ = _scores()
    estimate = _score(metrics.mae, truth, truth + 0.1, np.arange(120))
    assert estimate.low == pytest.approx(0.1)
    assert estimate.high == pytest.approx(0.1)
