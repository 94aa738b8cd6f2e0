import numpy as np
import pytest
from cxrbench.metrics import accuracy, kappa, mae, roc_auc
from cxrbench.scoring.paired_tests import flipped, formula_test
from cxrbench.stats import clustered, delong_test, mcnemar


@pytest.fixture(scope="module")
def detectors():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 200).astype(float)
    good, poor = (np.clip(truth * 0.5 + rng.normal(0.25, sd, 200), 0, 1) for sd in (0.2, 0.6))
    return truth, good, poor, [f"p{i:03}" for i in range(200)]


def test_roc_auc_is_tested_by_delong_with_its_clusters(detectors):
    truth, good, poor, _ = detectors
    patients = [f"p{i // 2:03}" for i in range(200)]
    found = formula_test(*(clustered(roc_auc, truth, pred, patients) for pred in (good, poor)))
    assert found.name == "DeLong"
    assert found.p == pytest.approx(delong_test(truth, good, poor, patients).p)


def test_accuracy_is_tested_by_mcnemar_where_patients_have_one_case(detectors):
    truth, good, poor, patients = detectors
    found = formula_test(
        clustered(accuracy(0.4), truth, good, patients), clustered(accuracy(0.6), truth, poor, patients)
    )
    assert found.name == "McNemar"
    assert found.p == mcnemar((good >= 0.4) == truth, (poor >= 0.6) == truth).p
    twice = [f"p{i // 2:03}" for i in range(200)]
    assert formula_test(*(clustered(accuracy(0.5), truth, pred, twice) for pred in (good, poor))).name is None


def test_other_metrics_have_no_formula(detectors):
    truth, good, poor, patients = detectors
    assert formula_test(*(clustered(mae, truth, pred, patients) for pred in (good, poor))).name is None


def test_sign_flips_of_two_operating_points_take_each_its_own(detectors):
    """Two accuracies at different thresholds: the flips are of right and wrong calls, as for a mean of differences."""
    truth, good, poor, patients = detectors
    sides = [clustered(accuracy(at), truth, pred, patients) for at, pred in ((0.3, good), (0.7, poor))]
    calls = [((pred >= at) == truth).astype(float) for at, pred in ((0.3, good), (0.7, poor))]
    gap = calls[0] - calls[1]
    p = flipped(*sides, n_patients=200, seed=1)
    signs = np.random.default_rng(2).choice([-1, 1], (20_000, 200))
    expected = (np.abs(signs @ gap) >= abs(gap.sum())).mean()
    assert p == pytest.approx(expected, abs=0.01)


def test_the_same_predictions_at_the_same_threshold_are_never_apart(detectors):
    truth, good, _, patients = detectors
    sides = [clustered(accuracy(0.5), truth, good, patients) for _ in range(2)]
    assert flipped(*sides, n_patients=200, seed=1) == 1
    assert formula_test(*sides).p == 1


def test_what_cannot_be_swapped_has_no_p(detectors):
    truth, good, poor, patients = detectors
    foreign = lambda weights: weights.sum(1)  # noqa: E731
    assert flipped(foreign, foreign, n_patients=200, seed=1) is None
    other = clustered(kappa(2), truth, np.rint(poor), patients)
    assert flipped(clustered(mae, truth, good, patients), other, n_patients=200, seed=1) is None
