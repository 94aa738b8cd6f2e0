"""The ROC curve against scikit-learn's."""

import numpy as np
import pytest
from cxrbench.metrics import roc_auc, roc_curve, sensitivity_at
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve as reference

CASES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(truth for truth, _ in rows) < len(rows)
)


@given(CASES)
def test_corners_are_scikit_learns(rows):
    truth, pred = np.array(rows, float).T
    curve = roc_curve(truth, pred)
    fpr, tpr, _ = reference(truth, pred, drop_intermediate=False)
    assert {*zip(curve.fpr.round(9), curve.tpr.round(9), strict=True)} <= {
        *zip(fpr.round(9), tpr.round(9), strict=True)
    }
    assert np.trapezoid(curve.tpr, curve.fpr) == pytest.approx(float(roc_auc(truth, pred)))
    assert (curve.fpr[0], curve.tpr[0], curve.fpr[-1], curve.tpr[-1]) == (0, 0, 1, 1)
    turns = np.diff(curve.fpr[:-1]) * np.diff(curve.tpr[1:]) - np.diff(curve.fpr[1:]) * np.diff(curve.tpr[:-1])
    assert (turns != 0).all()


def test_few_corners_stay_on_the_curve():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 2_000)
    pred = truth + rng.normal(0, 1, 2_000)
    whole, thin = roc_curve(truth, pred), roc_curve(truth, pred, most=101)
    assert len(whole.fpr) > 500
    assert 90 <= len(thin.fpr) <= 101
    assert (thin.fpr[0], thin.tpr[-1]) == (0, 1)
    assert {*zip(thin.fpr, thin.tpr, strict=True)} <= {*zip(whole.fpr, whole.tpr, strict=True)}
    assert np.trapezoid(thin.tpr, thin.fpr) == pytest.approx(np.trapezoid(whole.tpr, whole.fpr), abs=1e-3)


@given(CASES, st.integers(0, 2**32))
def test_weighted_height_is_scikit_learns(rows, seed):
    truth, pred = np.array(rows, float).T
    weights = np.random.default_rng(seed).integers(1, 4, (3, len(truth))).astype(float)
    rates = np.array([0.05, 0.33, 0.5, 0.87])
    curve = sensitivity_at(truth, pred, rates, weights)
    for own, height in zip(weights, curve, strict=True):
        fpr, tpr, _ = reference(truth, pred, sample_weight=own, drop_intermediate=False)
        assert height == pytest.approx(np.interp(rates, fpr, tpr), abs=1e-9)


def test_one_class_has_no_curve_and_no_height():
    assert len(roc_curve([1, 1], [0.1, 0.2]).fpr) == 0
    assert np.isnan(sensitivity_at([0, 1], [0.1, 0.2], [0.5], np.array([[1.0, 0.0]]))).all()


def test_a_truth_that_is_neither_is_refused():
    with pytest.raises(ValueError, match="truth must be 0 or 1"):
        roc_curve([0, 2], [0.1, 0.2])
