"""The Brixia task: its metrics against scikit-learn and scipy, on a random table of scores."""

import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.stats import compute_intervals
from cxrbench.tasks import tasks
from cxrbench.tasks.brixia_severity import compute_t_score, to_zone_scores
from scipy.stats import pearsonr
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

TASK = tasks["brixia-severity"]
RNG = np.random.default_rng(3)
N = 80
TRUTH = RNG.integers(0, 4, (N, 6))
JUNIOR = np.clip(TRUTH + RNG.integers(-1, 2, (N, 6)), 0, 3)
PRED = np.clip(TRUTH + RNG.normal(0.2, 0.8, (N, 6)), 0, 3)
PATIENTS = [f"p{i // 2}" for i in range(N)]


@pytest.fixture(scope="module")
def scores():
    cases = [
        Case(
            id=str(i),
            patient=PATIENTS[i],
            dataset="d",
            targets=Targets(brixia=tuple(TRUTH[i]), raters={"senior": tuple(TRUTH[i]), "junior": tuple(JUNIOR[i])}),
        )
        for i in range(N)
    ]
    measured = TASK.measure(cases, [{"brixia": row} for row in PRED], PATIENTS)
    estimators = {key: metric.estimator for key, metric in measured.items()}
    return compute_intervals(estimators, n=N, n_patients=N // 2, seed=1, count=500)


def by_zone(metric) -> float:
    return float(np.mean([metric(TRUTH[:, zone], PRED[:, zone]) for zone in range(6)]))


def kappa(classes):
    return lambda t, p: cohen_kappa_score(t, np.rint(p).astype(int), weights="quadratic", labels=range(classes))


def test_zone_metrics_are_means_over_zones(scores):
    expected = {
        "zone_mae": by_zone(mean_absolute_error),
        "zone_mean_error": by_zone(lambda t, p: (p - t).mean()),
        "zone_sd": by_zone(lambda t, p: abs(p - t).std()),
        "zone_pearson": by_zone(lambda t, p: pearsonr(t, p).statistic),
        "zone_within_half": by_zone(lambda t, p: (abs(p - t) <= 0.5).mean()),
        "zone_kappa_quadratic": by_zone(kappa(4)),
        "zone_mae[B]": mean_absolute_error(TRUTH[:, 1], PRED[:, 1]),
    }
    assert {key: scores[key].value for key in expected} == pytest.approx(expected, abs=1e-12)


def test_global_metrics_are_on_the_sum(scores):
    truth, pred = TRUTH.sum(1), PRED.sum(1)
    expected = {
        "global_mae": mean_absolute_error(truth, pred),
        "global_pearson": pearsonr(truth, pred).statistic,
        "global_within_2": (abs(pred - truth) <= 2).mean(),
        "global_kappa_quadratic": kappa(19)(truth, pred),
        "t_score_mae": abs((np.rint(PRED) >= 1).sum(1) - (TRUTH >= 1).sum(1)).mean(),
    }
    assert {key: scores[key].value for key in expected} == pytest.approx(expected, abs=1e-12)


def test_agreement_with_each_rater_and_between_them(scores):
    assert scores["zone_mae[vs_senior]"].value == pytest.approx(scores["zone_mae"].value)
    assert scores["zone_mae[vs_junior]"].value == pytest.approx(abs(PRED - JUNIOR).mean())
    assert scores["zone_mae[senior_vs_junior]"].value == pytest.approx(abs(TRUTH - JUNIOR).mean())


def test_every_interval_holds_its_value_and_counts_cases_and_patients(scores):
    for key, score in scores.items():
        assert score.low <= score.value <= score.high, key
        assert (score.n, score.n_patients) == (N, N // 2)


def test_t_score_and_probabilities():
    assert compute_t_score(np.array([[0, 1, 2, 3, 0, 0], [0.5, 0.51, 0, 0, 0, 0]])).tolist() == [3, 1]
    rows = np.array([[0.1, 0.4, 0.4, 0.1]] * 6)
    assert to_zone_scores({"brixia": rows}).tolist() == [1] * 6


@pytest.mark.parametrize("shape", [(6,), (6, 4)])
def test_a_row_of_a_table_gives_the_prediction_back(shape):
    values = RNG.random(shape)
    row = TASK.to_row({"brixia": values})
    assert np.array_equal(TASK.from_row(row)["brixia"], values)
    with pytest.raises(ValueError, match="columns"):
        TASK.from_row({**row, "more": 1})
