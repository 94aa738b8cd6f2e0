"""Figures of the tasks, against scikit-learn and by hand."""

import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.metrics import compute_auc_covariance
from cxrbench.stats.bootstrap import draw_weights
from cxrbench.tasks import tasks
from cxrbench.tasks.detection import Detection
from cxrbench.tasks.figures import BAND_DRAWS, RATES, FigureTask, count_bins, make_reliability_diagram, make_roc_curve
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, roc_curve

RNG = np.random.default_rng(23)
N = 80
PATIENTS = [f"p{i // 2:03d}" for i in range(N)]
TRUTH = RNG.integers(0, 2, N)
SCORE = np.clip(0.35 * TRUTH + RNG.random(N) * 0.6, 0, 1).round(2)


def cases(**targets):
    return [
        Case(
            id=str(i),
            patient=PATIENTS[i],
            dataset="d",
            targets=Targets(**{key: values[i] for key, values in targets.items()}),
        )
        for i in range(N)
    ]


def figures(task, scored, **columns):
    rows = [{key: np.asarray(column[i], float) for key, column in columns.items()} for i in range(N)]
    definition = tasks[task] if isinstance(task, str) else task
    assert isinstance(definition, FigureTask)
    return definition.make_figures(scored, rows, PATIENTS, 7)


def test_brixia_counts_are_scikit_learns():
    truth = RNG.integers(0, 4, (N, 6))
    pred = np.clip(truth + RNG.normal(0, 0.8, (N, 6)), 0, 3)
    drawn = figures("brixia-severity", cases(brixia=[tuple(row) for row in truth.tolist()]), brixia=pred).tables
    rounded = np.rint(pred)
    assert (drawn["zone"].counts == confusion_matrix(truth.ravel(), rounded.ravel(), labels=range(4))).all()
    sums = truth.sum(1), np.rint(pred.sum(1))
    assert (drawn["global"].counts == confusion_matrix(*sums, labels=range(19))).all()
    positive = (truth >= 1).sum(1), (rounded >= 1).sum(1)
    assert (drawn["t_score"].counts == confusion_matrix(*positive, labels=range(7))).all()
    places, _, _ = np.histogram2d(truth.sum(1), np.rint(pred.sum(1) * 2) / 2, [np.arange(20), np.arange(38) / 2])
    assert (drawn["global_spread"].counts == places).all()
    assert drawn["global_spread"].columns[1] == "0.5"


def test_class_probabilities_count_as_their_mode():
    truth = [(0, 1, 2, 3, 0, 1)] * N
    zones = np.full((6, 4), 0.1)
    zones[np.arange(6), [0, 1, 2, 3, 1, 1]] = 0.7
    drawn = figures("brixia-severity", cases(brixia=truth), brixia=np.tile(zones, (N, 1, 1))).tables
    assert drawn["zone"].counts.tolist() == [[N, N, 0, 0], [0, 2 * N, 0, 0], [0, 0, N, 0], [0, 0, 0, N]]


def test_zone_severity_counts_round_half_to_even():
    truth = RNG.integers(0, 13, N) / 2
    pred = RNG.random(N) * 6
    drawn = figures("zone-severity", cases(zone_severity=truth), zone_severity=pred).tables
    assert (drawn["score"].counts == confusion_matrix(np.rint(truth), np.rint(pred), labels=range(7))).all()
    assert drawn["score_spread"].counts.sum() == N
    assert len(drawn["score_spread"].columns) == 13


def test_extent_and_opacity_leave_out_cases_without_the_score():
    extent = [float(value) if value > 2 else None for value in RNG.integers(0, 9, N)]
    drawn = figures("extent-opacity", cases(extent=extent), extent=np.full(N, 8.0), opacity=np.zeros(N)).tables
    assert list(drawn) == ["extent_spread"]
    assert drawn["extent_spread"].counts.sum() == sum(value is not None for value in extent)
    assert drawn["extent_spread"].counts[:, -1].sum() == drawn["extent_spread"].counts.sum()


def test_a_detection_is_called_at_its_operating_point():
    drawn = figures(Detection(0.44, "chosen"), cases(finding=TRUTH.astype(bool).tolist()), probability=SCORE)
    assert (drawn.tables["called"].counts == confusion_matrix(TRUTH, SCORE >= 0.44)).all()
    assert drawn.tables["called"].columns == ("below 0.44", "at least 0.44")
    curve = drawn.curves["finding"]
    fpr, tpr, _ = roc_curve(TRUTH, SCORE)
    assert np.interp(0.3, curve.fpr, curve.tpr) == pytest.approx(np.interp(0.3, fpr, tpr))
    assert (curve.positive, curve.negative) == (TRUTH.sum(), N - TRUTH.sum())


def test_the_area_has_delongs_interval_and_a_bootstrap_band():
    curve = make_roc_curve("x", TRUTH.astype(float), SCORE, PATIENTS, 7)
    area = compute_auc_covariance(TRUTH, SCORE, PATIENTS)
    half = 1.959964 * np.sqrt(area.covariance[0, 0])
    assert curve.auc == pytest.approx((area.auc[0], area.auc[0] - half, area.auc[0] + half), abs=1e-6)
    heights = []
    for weights in next(iter(draw_weights(N // 2, 7, BAND_DRAWS)))[:200]:
        copies = np.repeat(np.arange(N), weights[np.arange(N) // 2].astype(int))
        fpr, tpr, _ = roc_curve(TRUTH[copies], SCORE[copies], drop_intermediate=False)
        heights.append(np.interp(RATES, fpr, tpr))
    low, high = np.quantile(heights, [0.025, 0.975], axis=0)
    assert curve.low == pytest.approx(low, abs=0.08)
    assert curve.high == pytest.approx(high, abs=0.08)
    assert (curve.low <= curve.high).all()


def test_calibration_is_scikit_learns():
    drawn = make_reliability_diagram("x", TRUTH.astype(float), SCORE - 0.001 * (SCORE % 0.1 == 0))
    observed, predicted = calibration_curve(TRUTH, SCORE, n_bins=10)
    assert drawn.cases.sum() == N
    assert len(drawn.predicted) == len(predicted) == len(observed)
    assert (drawn.observed * drawn.cases).sum() == pytest.approx(TRUTH.sum())
    assert (drawn.predicted * drawn.cases).sum() == pytest.approx(SCORE.sum(), abs=0.1)


def test_an_outcome_has_one_value_per_patient():
    icu = np.repeat(RNG.integers(0, 2, N // 2), 2).astype(bool).tolist()
    drawn = figures("outcome", cases(icu=icu), icu=SCORE, death=SCORE)
    assert list(drawn.curves) == list(drawn.calibrations) == ["icu"]
    assert drawn.curves["icu"].positive == sum(icu) // 2
    score = SCORE.reshape(-1, 2).mean(1)
    assert drawn.curves["icu"].auc[0] == pytest.approx(compute_auc_covariance(np.array(icu[::2], float), score).auc[0])


def test_triage_has_a_curve_against_all_and_one_against_healthy():
    category = RNG.choice(["covid", "other", "healthy"], N).tolist()
    affected = [{"larger": float(value)} for value in RNG.random(N)]
    drawn = figures(
        "ct-triage", cases(category=category, affected_fraction=affected), covid=SCORE, affected_fraction=SCORE
    )
    assert drawn.curves["covid"].negative == N - category.count("covid")
    assert drawn.curves["covid_healthy"].negative == category.count("healthy")
    table = drawn.tables["category"]
    assert table.rows == ("healthy", "other", "covid")
    assert table.counts.sum(1).tolist() == [category.count(name) for name in table.rows]
    assert table.counts[:, -1].sum() == (SCORE >= 0.8).sum()
    assert drawn.tables["fraction_spread"].counts.sum() == N


def test_steps_are_counted_by_their_direction():
    day = [float(i % 2) for i in range(N)]
    score = [(int(value),) * 6 for value in RNG.integers(0, 4, N)]
    pred = RNG.random(N)
    drawn = figures("monitoring", cases(day=day, brixia=score), severity=pred).tables["direction"]
    truth = np.array([sum(zones) for zones in score]).reshape(-1, 2)
    steps = truth[:, 1] > truth[:, 0], pred.reshape(-1, 2)[:, 1] > pred.reshape(-1, 2)[:, 0]
    assert (drawn.counts == confusion_matrix(*steps)).all()


def test_one_class_draws_nothing():
    drawn = figures("detection", cases(finding=[True] * N), probability=SCORE)
    assert not drawn.curves
    assert not drawn.calibrations
    assert drawn.tables["called"].counts.sum() == N


def test_a_bin_is_around_its_middle():
    table = count_bins("x", np.array([0.0, 1.0]), np.array([0.24, 0.26]), 1, (1, 0.5))
    assert table.columns == ("0", "0.5", "1")
    assert table.counts.tolist() == [[1, 0, 0], [0, 1, 0]]
