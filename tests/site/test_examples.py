"""The worked examples of the page of methods, against scikit-learn, scipy and by hand."""

import csv
import io

import numpy as np
import pytest
from cxrbench_leaderboard.model import examples as ex
from cxrbench_leaderboard.model.glossary import MEANINGS
from scipy.stats import linregress, pearsonr, spearmanr
from sklearn import metrics as sk
from statsmodels.stats.multitest import multipletests

T, P = np.array(ex.TRUTH, float), np.array(ex.PRED, float)
Y, Q = np.array(ex.FINDING), np.array(ex.PROBABILITY)


@pytest.fixture(scope="module")
def worked():
    return ex.compute_examples()


def test_every_metric_of_the_glossary_has_an_example(worked):
    assert set(worked.values) == set(MEANINGS)


def test_scores_agree_with_the_libraries(worked):
    line, classes = linregress(T, P), (T.astype(int), np.rint(P).astype(int))
    expected = {
        "mae": sk.mean_absolute_error(T, P),
        "mean_error": (P - T).mean(),
        "sd": abs(P - T).std(),
        "error_sd": (P - T).std(),
        "rmse": sk.root_mean_squared_error(T, P),
        "mse": sk.mean_squared_error(T, P),
        "pearson": pearsonr(T, P).statistic,
        "spearman": spearmanr(T, P).statistic,
        "r2": sk.r2_score(T, P),
        "kappa": sk.cohen_kappa_score(*classes),
        "kappa_quadratic": sk.cohen_kappa_score(*classes, weights="quadratic"),
        "within_half": 4 / 6,
        "within_2": 1.0,
        "slope": line.slope,
        "intercept": line.intercept,
    }
    assert {key: worked.values[key] for key in expected} == pytest.approx(expected, abs=1e-8)


def test_probability_metrics_agree_with_scikit_learn(worked):
    called = worked.threshold <= Q
    kept = (Y == 1) | (np.array(ex.HEALTHY) == 1)
    expected = {
        "roc_auc": sk.roc_auc_score(Y, Q),
        "roc_auc_healthy": sk.roc_auc_score(Y[kept], Q[kept]),
        "average_precision": sk.average_precision_score(Y, Q),
        "brier": sk.brier_score_loss(Y, Q),
        "accuracy": sk.accuracy_score(Y, called),
        "sensitivity": sk.recall_score(Y, called),
        "specificity": sk.recall_score(1 - Y, ~called),
        "ppv": sk.precision_score(Y, called),
        "ece": (0.1 + 0.4 + 0.65 + 0.2 + 0.6 - 0.4 - 0.4 + 0.1) / 6,
    }
    assert {key: worked.values[key] for key in expected} == pytest.approx(expected, abs=1e-8)
    assert worked.area[0] == pytest.approx(expected["roc_auc"])


def test_masks_boxes_and_steps_agree_with_hand_counts(worked):
    expected = {"dice": 4 / 8, "iou": 2 / 6, "hd95_px": 1.0, "hd95_mm": 0.5, "rsna_map": 1 / 2, "direction": 1 / 2}
    assert {key: worked.values[key] for key in expected} == pytest.approx(expected, abs=1e-8)


def test_draws_take_whole_patients(worked):
    errors = {name: abs(P - T)[[patient == name for patient in ex.PATIENTS]] for name in "abcde"}
    for draw in worked.draws:
        assert sum(draw.weights) == 5
        drawn = np.concatenate([np.tile(errors[name], n) for name, n in zip("abcde", draw.weights, strict=True)])
        assert draw.value == pytest.approx(drawn.mean(), abs=1e-8)
    assert worked.interval[1] < worked.interval[0] < worked.interval[2]


def test_holm_and_the_paired_difference_are_correct(worked):
    raw, fixed = zip(*worked.holm, strict=True)
    assert fixed == pytest.approx(multipletests(raw, method="holm")[1])
    assert worked.gap[0] == pytest.approx(abs(1 - T).mean() - abs(P - T).mean())
    assert 0 < worked.p < 0.05


def test_the_first_two_rows_share_a_rank(worked):
    assert [row.rank for row in worked.ranks] == [1, 1, 3]
    assert [(row.low, row.high) for row in worked.ranks] == [(1, 2), (1, 2), (3, 3)]


def test_a_constant_prediction_is_undefined_with_its_reason(worked):
    assert worked.undefined == "truth or prediction is constant"


def test_the_page_shows_the_computed_values(site, page, worked):
    root = page(site / "methods.html")
    for key, value in worked.values.items():
        row = root.find("tr", id=f"metric-{key}")
        assert float(row.find("td", class_="num").attrs["data-value"]) == value
        assert list(row.find_all("td"))[1].text.strip()
    lines = list(csv.DictReader(io.StringIO((site / "methods.csv").read_text("utf-8"))))
    assert len(lines) == len(worked.numbers) > 60
