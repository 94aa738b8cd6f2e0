"""DeLong's covariance against the kernel over all pairs, and against what repeated sampling shows."""

import numpy as np
import pytest
import sklearn.metrics
from cxrbench.metrics import compute_auc_covariance


def _kernel(truth, preds):
    """DeLong et al. 1988 as printed: the kernel of every pair, its row and column means, their covariances."""
    up, down = preds[:, truth == 1], preds[:, truth == 0]
    psi = (up[:, :, None] > down[:, None, :]) + 0.5 * (up[:, :, None] == down[:, None, :])
    return psi.mean((1, 2)), np.cov(psi.mean(2)) / up.shape[1] + np.cov(psi.mean(1)) / down.shape[1]


def _sample(seed, n=90, models=4, decimals=2):
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.4).astype(float)
    return truth, np.round(rng.normal(size=(models, n)) + 0.8 * truth + rng.normal(size=n), decimals)


@pytest.mark.parametrize("decimals", [0, 2, 9])
@pytest.mark.parametrize("seed", range(4))
def test_mid_ranks_give_the_kernel_to_1e_12(seed, decimals):
    truth, preds = _sample(seed, decimals=decimals)
    auc, covariance = _kernel(truth, preds)
    ours = compute_auc_covariance(truth, preds)
    np.testing.assert_allclose(ours.auc, auc, atol=1e-12)
    np.testing.assert_allclose(ours.covariance, covariance, atol=1e-12)
    np.testing.assert_allclose(ours.auc, [sklearn.metrics.roc_auc_score(truth, p) for p in preds], atol=1e-12)


def test_one_case_a_patient_is_the_independent_case():
    truth, preds = _sample(3)
    alone = compute_auc_covariance(truth, preds, [f"p{i:03d}" for i in range(len(truth))])
    np.testing.assert_allclose(alone.covariance, compute_auc_covariance(truth, preds).covariance, atol=1e-14)


def test_doubling_cases_keeps_the_clustered_variance():
    truth, preds = _sample(4)
    twice, doubled = np.repeat(truth, 2), np.repeat(preds, 2, axis=1)
    patients = np.repeat([f"p{i:03d}" for i in range(len(truth))], 2)
    np.testing.assert_allclose(
        compute_auc_covariance(twice, doubled, patients).covariance,
        compute_auc_covariance(truth, preds).covariance,
        rtol=1e-10,
    )
    ratio = compute_auc_covariance(twice, doubled).covariance / compute_auc_covariance(truth, preds).covariance
    assert np.all(np.abs(ratio - 0.5) < 0.01)


def test_the_clustered_variance_is_that_of_repeated_samples_of_patients():
    rng, aucs, variances = np.random.default_rng(8), [], []
    patients = np.repeat(np.arange(60), 4)
    for _ in range(400):
        severity = np.repeat(rng.normal(size=60), 4)
        truth = (severity + rng.normal(size=240) > 0.3).astype(float)
        result = compute_auc_covariance(truth, severity + rng.normal(size=240), patients)
        aucs.append(result.auc[0])
        variances.append(result.covariance[0, 0])
    assert np.mean(variances) == pytest.approx(np.var(aucs), rel=0.15)


def test_undefined_variances_are_nan():
    assert np.isnan(compute_auc_covariance([1, 1], [0.1, 0.2]).auc).all()
    assert np.isnan(compute_auc_covariance([1, 0, 0], [0.1, 0.2, 0.3]).covariance).all()
    assert compute_auc_covariance([1, 0, 0], [0.5, 0.2, 0.9]).auc == 0.5


@pytest.mark.parametrize(
    ("truth", "preds", "rule"),
    [
        ([0, 1], [[0.1, 0.2, 0.3]], "one length"),
        ([0, 2], [0.1, 0.2], "0 or 1"),
        ([0, 1], [[0.1, np.nan]], "not finite"),
    ],
)
def test_bad_input_is_refused(truth, preds, rule):
    with pytest.raises(ValueError, match=f"delong: .*{rule}"):
        compute_auc_covariance(truth, preds)
