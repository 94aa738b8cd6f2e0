"""The patient bootstrap: draws, intervals against scipy, coverage by simulation, and the laws of a fair table."""

import hashlib

import numpy as np
import pytest
import scipy.stats
from cxrbench import metrics
from cxrbench.stats import bootstrap, clustered, intervals, resample, seed_of
from cxrbench.stats.bootstrap import draws, left_out
from cxrbench.stats.intervals import bca, percentile


def _scores(seed=0, n=120):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n).astype(float)
    return truth, np.clip(truth + rng.choice([-1, 0, 0, 1, 2], n), 0, 3)


def _score(metric, truth, pred, patients, **more):
    options = {"n": len(truth), "n_patients": len(set(patients)), "seed": 1, **more}
    return intervals({"x": clustered(metric, truth, pred, patients)}, **options)["x"]


def test_every_draw_takes_as_many_patients_as_there_are():
    weights = np.concatenate(list(draws(37, seed=5, count=999)))
    assert weights.shape == (999, 37)
    assert (weights.sum(1) == 37).all()
    assert weights.mean(0) == pytest.approx(1, abs=0.15)
    assert (weights == np.concatenate(list(draws(37, seed=5, count=999)))).all()
    assert not (weights == np.concatenate(list(draws(37, seed=6, count=999)))).all()


def test_draws_do_not_depend_on_how_they_are_chunked(monkeypatch):
    whole = np.concatenate(list(draws(101, seed=5, count=300)))
    monkeypatch.setattr(bootstrap, "CHUNK", 1_000)
    assert (np.concatenate(list(draws(101, seed=5, count=300))) == whole).all()


def test_the_draws_of_a_seed_never_change():
    content = np.concatenate(list(draws(50, seed_of("a track"), 100))).astype(np.uint8).tobytes()
    assert hashlib.sha256(content).hexdigest().startswith("571297601521462c")


def test_the_jackknife_leaves_out_each_patient_once():
    weights = np.concatenate(list(left_out(30)))
    assert (weights == 1 - np.eye(30)).all()


def test_the_jackknife_of_many_patients_leaves_out_groups_and_gives_the_same_acceleration():
    weights = np.concatenate(list(left_out(4_500)))
    assert weights.shape == (1_000, 4_500)
    assert set((1 - weights).sum(1)) == {4, 5}
    assert ((1 - weights).sum(0) == 1).all()
    values = np.random.default_rng(0).exponential(size=4_500)
    full = (values.sum() - values) / 4_499
    grouped = weights @ values / weights.sum(1)
    speeds = [bootstrap_acceleration(one) for one in (full, grouped)]
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
    for method, ours in (("BCa", bca(statistic(data), drawn, without)), ("percentile", percentile(-9, drawn))):
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
        i: clustered(metrics.mae, truth, _clustered_errors(rng, patients, images), codes) for i in range(studies)
    }
    found = intervals(studied, n=len(truth), n_patients=int(codes.max()) + 1, seed=3, count=2_000)
    return np.array([(one.low, one.value, one.high) for one in found.values()])


def test_a_patient_level_interval_covers_the_truth_as_often_as_it_says_and_an_image_level_one_does_not():
    by_patient, by_image = (_intervals_of_many_studies(unit) for unit in ("patient", "image"))
    covered = [((one[:, 0] <= 1) & (one[:, 2] >= 1)).mean() for one in (by_patient, by_image)]
    assert 0.93 <= covered[0] <= 0.97
    assert covered[1] < 0.80
    widths = [one[:, 2] - one[:, 0] for one in (by_patient, by_image)]
    assert (widths[0] > widths[1]).mean() > 0.99
    np.testing.assert_allclose(by_patient[:, 1], by_image[:, 1], rtol=1e-12)


@pytest.mark.parametrize(
    "metric", [metrics.mae, metrics.mean_error, metrics.pearson, metrics.kappa(4), metrics.spearman]
)
@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_the_interval_contains_the_point(metric, method):
    for seed in range(10):
        truth, pred = _scores(seed, n=int(np.random.default_rng(seed).integers(3, 40)))
        found = _score(metric, truth, pred, np.arange(len(truth)), method=method, count=500)
        if found.low is not None:
            assert found.low <= found.value <= found.high


def test_another_submission_or_metric_changes_nobodys_score():
    truth, pred = _scores()
    patients = np.arange(len(truth)) // 2
    alone = _score(metrics.kappa_quadratic(4), truth, pred, patients)
    crowd = {
        (i, metric.name): clustered(metric, truth, _scores(i)[1], patients)
        for i in range(5)
        for metric in (metrics.mae, metrics.spearman)
    }
    mine = clustered(metrics.kappa_quadratic(4), truth, pred, patients)
    together = intervals({**crowd, "x": mine}, n=len(truth), n_patients=60, seed=1)["x"]
    for field in ("value", "low", "high"):
        assert getattr(together, field) == pytest.approx(getattr(alone, field), abs=1e-12)


def test_running_again_gives_the_same_bits():
    truth, pred = _scores()
    estimators = {
        m.name: clustered(m, truth, pred, np.arange(120)) for m in (metrics.mae, metrics.pearson, metrics.spearman)
    }
    first, second = (resample(estimators, n_patients=120, seed=9) for _ in range(2))
    for key in estimators:
        assert first[key].drawn.tobytes() == second[key].drawn.tobytes()
        assert first[key].without.tobytes() == second[key].without.tobytes()


def test_undefined_values_come_with_their_reason():
    truth = np.array([1.0, 1, 1, 1])
    reasons = {"x": metrics.pearson.undefined}
    found = _score(metrics.pearson, truth, np.arange(4.0), np.arange(4), reasons=reasons)
    assert (found.value, found.low, found.high, found.undefined) == (
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
    assert intervals({"x": lambda w: w}, n=0, n_patients=0, seed=1)["x"].undefined == "no cases"


def test_a_constant_error_has_an_interval_of_one_point():
    truth, _ = _scores()
    found = _score(metrics.mae, truth, truth + 0.1, np.arange(120))
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)
