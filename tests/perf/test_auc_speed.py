"""DeLong's covariance of twelve models by mid-ranks, against the kernel over all pairs, in one run."""

import time

import numpy as np
import pytest
from cxrbench.metrics import compute_auc_covariance

pytestmark = pytest.mark.slow

MODELS, N = 12, 1_124


def kernel(truth, preds):
    """The O(mn) form: every pair of a positive and a negative case, model by model."""
    up, down = preds[:, truth == 1], preds[:, truth == 0]
    won, lost = np.empty(up.shape), np.empty(down.shape)
    for k in range(len(preds)):
        psi = (up[k][:, None] > down[k]) + 0.5 * (up[k][:, None] == down[k])
        won[k], lost[k] = psi.mean(1), psi.mean(0)
    return won.mean(1), np.cov(won) / up.shape[1] + np.cov(lost) / down.shape[1]


def best_seconds(fn, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("decimals", [1, 9], ids=["ties", "no ties"])
def test_delong_of_twelve_models(benchmark, decimals):
    rng = np.random.default_rng(0)
    truth = (rng.random(N) < 0.5).astype(float)
    preds = np.round(truth + rng.normal(size=(MODELS, N)), decimals)
    peer = best_seconds(lambda: kernel(truth, preds), 11)
    result = benchmark.pedantic(compute_auc_covariance, (truth, preds), rounds=11, iterations=1, warmup_rounds=1)
    own = best_seconds(lambda: compute_auc_covariance(truth, preds), 11)
    auc, covariance = kernel(truth, preds)
    np.testing.assert_allclose(result.auc, auc, atol=1e-12)
    np.testing.assert_allclose(result.covariance, covariance, atol=1e-12)
    benchmark.extra_info.update(kernel_seconds=peer, seconds=own, ratio=round(peer / own, 1))
    print(f"DeLong {own * 1e3:.2f} ms, kernel {peer * 1e3:.1f} ms, ratio {peer / own:.1f}")
    assert peer / own >= 4
