"""Paired comparison, permutation, DeLong and McNemar: against scipy and statsmodels, and under the null."""

import numpy as np
import pytest
import scipy.stats
from cxrbench import metrics
from cxrbench.stats import (
    FunctionEstimator,
    adjust_holm,
    average_estimators,
    compare_pairwise,
    compare_two,
    compute_intervals,
    delong_test,
    make_estimator,
    mcnemar_test,
    resample,
    sign_flip_test,
)
from cxrbench.stats.permutation import draw_swaps
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

N, PATIENTS = 150, 50
MEMBER = np.arange(N) % PATIENTS


def _truth():
    return np.random.default_rng(0).integers(0, 4, N).astype(float)


def _reader(seed, noise=1):
    """A submission's scores; a larger noise is a worse one."""
    return np.clip(_truth() + np.random.default_rng(seed).integers(-noise, noise + 1, N), 0, 3)


def _of(metric, pred):
    return make_estimator(metric, _truth(), pred, MEMBER)


def _sizes():
    return {"n": N, "n_patients": PATIENTS}


def test_a_difference_has_the_interval_of_its_own_bootstrap():
    left, right = _of(metrics.mae, _reader(1)), _of(metrics.mae, _reader(2, 3))
    estimate, p = compare_two({"mae": left}, {"mae": right, "other": right}, **_sizes(), seed=3)["mae"]
    direct = compute_intervals(
        {"gap": FunctionEstimator(lambda weights: left.draw(weights) - right.draw(weights), PATIENTS)},
        **_sizes(),
        seed=3,
    )["gap"]
    for field in ("value", "low", "high"):
        assert getattr(estimate, field) == pytest.approx(getattr(direct, field), abs=1e-12)
    assert p < 0.05
    assert estimate.high < 0


def test_pairing_gives_narrower_intervals():
    shared = np.random.default_rng(5).integers(-1, 2, N)
    left = np.clip(_truth() + shared, 0, 3)
    right = np.where(np.arange(N) % 12, left, np.clip(left + 1, 0, 3))
    drawn = resample(
        {"a": _of(metrics.mean_error, left), "b": _of(metrics.mean_error, right)}, n_patients=PATIENTS, seed=1
    )
    gap = (drawn["a"] - drawn["b"]).estimate(**_sizes())
    alone = drawn["a"].estimate(**_sizes())
    assert gap.high - gap.low < 0.6 * (alone.high - alone.low)


def test_a_submission_against_itself_shows_no_difference():
    for metric in (metrics.mae, metrics.spearman):
        estimate, p = compare_two({"x": _of(metric, _reader(1))}, {"x": _of(metric, _reader(1))}, **_sizes(), seed=3)[
            "x"
        ]
        assert (estimate.value, estimate.low, estimate.high, p) == (0, 0, 0, 1)


def test_paired_without_patients_or_with_an_undefined_side():
    constant = _of(metrics.pearson, np.ones(N))
    estimate, p = compare_two({"r": constant}, {"r": _of(metrics.pearson, _reader(1))}, **_sizes(), seed=3)["r"]
    assert (estimate.value, p) == (None, None)
    empty, p = compare_two({"r": constant}, {"r": constant}, n=0, n_patients=0, seed=3)["r"]
    assert (empty.undefined, p) == ("no cases", None)


def test_pairs_follow_the_direction_and_are_corrected():
    preds = {"good": _reader(1), "same": _reader(4), "bad": _reader(2, 3), "constant": np.ones(N)}
    for metric, sign in ((metrics.mae, -1), (metrics.kappa_quadratic(4), 1)):
        drawn = resample({name: _of(metric, pred) for name, pred in preds.items()}, n_patients=PATIENTS, seed=1)
        gaps = {(gap.left, gap.right): gap for gap in compare_pairwise(drawn, metric.direction, **_sizes())}
        assert len(gaps) == 6
        assert gaps["good", "bad"].estimate.value == pytest.approx(sign * (drawn["good"].point - drawn["bad"].point))
        assert gaps["good", "bad"].estimate.value > 0
        assert gaps["good", "bad"].significant
        assert not gaps["good", "same"].significant
        raw = [gap.p for gap in gaps.values()]
        assert [gap.p_holm for gap in gaps.values()] == adjust_holm(raw)


def test_another_submission_changes_no_other_difference():
    preds = {name: _reader(seed) for seed, name in enumerate("abcd")}
    few, many = (
        compare_pairwise(
            resample({k: _of(metrics.mae, preds[k]) for k in names}, n_patients=PATIENTS, seed=1),
            metrics.Direction.LOWER,
            **_sizes(),
        )
        for names in ("abc", "abcd")
    )
    for gap in few:
        twin = next(pair for pair in many if (pair.left, pair.right) == (gap.left, gap.right))
        assert twin.estimate.low == pytest.approx(gap.estimate.low, abs=1e-12)
        assert twin.p == pytest.approx(gap.p, abs=1e-12)


def test_holm_by_hand():
    assert adjust_holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert adjust_holm([None]) == [None]


def test_holm_is_that_of_statsmodels():
    p = np.random.default_rng(5).uniform(0, 0.2, 60).round(2)  # with ties
    assert adjust_holm(p.tolist()) == pytest.approx(multipletests(p, method="holm")[1].tolist())


def test_sign_flip_of_a_mean_equals_scipys_permutation_test():
    left, right = _reader(1), _reader(2, 2)
    gaps = np.bincount(MEMBER, abs(left - _truth()) - abs(right - _truth()))
    theirs = scipy.stats.permutation_test(
        (gaps,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    for seed in range(3):
        ours = sign_flip_test(
            {"a": _of(metrics.mae, left), "b": _of(metrics.mae, right)}, n_patients=PATIENTS, seed=seed
        )
        assert ours["a", "b"] == pytest.approx(theirs.pvalue, abs=4 * np.sqrt(theirs.pvalue / 10_000))


@pytest.mark.parametrize(
    "metric",
    [metrics.pearson, metrics.kappa_quadratic(4), metrics.spearman, metrics.intercept],
    ids=lambda metric: metric.name,
)
def test_sign_flip_equals_swapping_predictions_of_patients(metric):
    preds = {name: _reader(seed, noise) for name, seed, noise in (("a", 1, 1), ("b", 2, 2), ("c", 3, 3))}
    result = sign_flip_test({k: _of(metric, pred) for k, pred in preds.items()}, n_patients=PATIENTS, seed=7, count=200)
    keep = np.concatenate(list(draw_swaps(PATIENTS, 7, 200)))[:, MEMBER] == 1
    for (a, b), p in result.items():
        left, right = preds[a], preds[b]
        seen = abs(metric(_truth(), left) - metric(_truth(), right))
        swapped = [
            abs(metric(_truth(), np.where(k, left, right)) - metric(_truth(), np.where(k, right, left))) for k in keep
        ]
        assert p == pytest.approx((1 + sum(gap >= seen - 1e-9 for gap in swapped)) / 201)


def test_sign_flip_swaps_all_zones_of_a_patient():
    truth, left, right = _truth(), _reader(1), _reader(2, 2)

    def zones(pred):
        return average_estimators(
            [make_estimator(metrics.mae, side(truth), side(pred), MEMBER) for side in (lambda x: x, lambda x: x**2)]
        )

    result = sign_flip_test({"a": zones(left), "b": zones(right)}, n_patients=PATIENTS, seed=7, count=300)
    gap = sum(abs(side(left) - side(truth)) - abs(side(right) - side(truth)) for side in (lambda x: x, lambda x: x**2))
    by_patient = np.bincount(MEMBER, gap)
    flipped = (2 * np.concatenate(list(draw_swaps(PATIENTS, 7, 300))) - 1) @ by_patient
    assert result["a", "b"] == pytest.approx((1 + (abs(flipped) >= abs(by_patient.sum()) - 1e-9).sum()) / 301)


def test_tests_of_equal_submissions_reject_as_often_as_they_should():
    rng, flips, boots = np.random.default_rng(1), [], []
    for seed in range(300):
        own = rng.normal(size=(40, 1))
        truth = np.zeros(120)
        sides = [
            make_estimator(metrics.mean_error, truth, (own + rng.normal(size=(40, 3))).ravel(), np.arange(120) // 3)
            for _ in "ab"
        ]
        flips.append(sign_flip_test({"a": sides[0], "b": sides[1]}, n_patients=40, seed=seed, count=400)["a", "b"])
        boots.append(compare_two({"m": sides[0]}, {"m": sides[1]}, n=120, n_patients=40, seed=seed, count=400)["m"][1])
    for p_values in (flips, boots):
        assert 0.02 <= np.mean(np.array(p_values) < 0.05) <= 0.09


def test_sign_flip_refuses_estimators_that_cannot_be_exchanged():
    mae, spearman = _of(metrics.mae, _reader(1)), _of(metrics.spearman, _reader(2))
    other_cases = make_estimator(metrics.mae, _truth()[::-1], _reader(2), MEMBER)
    foreign = FunctionEstimator(lambda weights: weights[:, 0], PATIENTS)
    for wrong in (spearman, other_cases, foreign, _of(metrics.rmse, _reader(2)), average_estimators([mae])):
        with pytest.raises(ValueError, match="one metric of truth and prediction, on the same cases"):
            sign_flip_test({"a": mae, "b": wrong}, n_patients=PATIENTS, seed=1, count=10)
    constant = _of(metrics.pearson, np.ones(N))
    p = sign_flip_test({"a": constant, "b": _of(metrics.pearson, _reader(1))}, n_patients=PATIENTS, seed=1, count=10)
    assert p == {("a", "b"): None}


def test_delongs_test_agrees_with_the_paired_bootstrap():
    rng = np.random.default_rng(3)
    truth = (rng.random(300) < 0.4).astype(float)
    shared = rng.normal(size=300)
    left, right = truth + shared, 0.6 * truth + 0.8 * shared + 0.5 * rng.normal(size=300)
    result = delong_test(truth, left, right)
    sides = [{"auc": make_estimator(metrics.roc_auc, truth, side, np.arange(300))} for side in (left, right)]
    estimate, _ = compare_two(*sides, n=300, n_patients=300, seed=1)["auc"]
    assert result.difference == pytest.approx(roc_auc_score(truth, left) - roc_auc_score(truth, right))
    assert result.low == pytest.approx(estimate.low, abs=0.01)
    assert result.high == pytest.approx(estimate.high, abs=0.01)
    assert result.p == pytest.approx(2 * scipy.stats.norm.sf(abs(result.z)))


def test_delongs_test_of_equal_orders_and_of_undefined_variances():
    truth, pred = np.array([0.0, 0, 1, 1, 1]), np.array([0.1, 0.5, 0.3, 0.8, 0.9])
    same = delong_test(truth, pred, np.exp(pred))
    assert (same.difference, same.z, same.p) == (0, 0, 1)
    assert np.isnan(delong_test([0, 1, 1], [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]).p)
    assert np.isnan(delong_test([1, 1], [0.1, 0.2], [0.3, 0.2]).difference)
    perfect = delong_test([0, 0, 1, 1], [0, 1, 2, 3], [3, 2, 1, 0])
    assert (perfect.difference, perfect.p) == (1, 0)


def test_mcnemar_equals_statsmodels_and_counts_the_discordant_cases():
    rng = np.random.default_rng(2)
    left, right = rng.random(80) < 0.8, rng.random(80) < 0.6
    result = mcnemar_test(left, right)
    table = [[(left & right).sum(), (left & ~right).sum()], [(~left & right).sum(), (~left & ~right).sum()]]
    assert result.p == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue)
    binomial = scipy.stats.binomtest(result.only_left, result.only_left + result.only_right)
    assert result.p == pytest.approx(binomial.pvalue)
    assert mcnemar_test(left, left).p == 1
    with pytest.raises(ValueError, match=r"mcnemar: .*one length"):
        mcnemar_test(left, right[:5])
