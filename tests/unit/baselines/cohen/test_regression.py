"""The regression of Cohen et al.: least squares, and the severity of the phantom."""

import json

import numpy as np
from cxrbench_baselines.systems.cohen.regression import fit_line


def test_the_line_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    features, truth = rng.normal(3, 2, (40, 3)), rng.normal(size=(40, 2))
    design = np.column_stack([features, np.ones(40)])
    expected, *_ = np.linalg.lstsq(design, truth, rcond=None)
    slopes, intercepts = fit_line(features, truth, penalised=False)
    np.testing.assert_allclose(slopes, expected[:-1].T, atol=1e-10)
    np.testing.assert_allclose(intercepts, expected[-1], atol=1e-10)


def test_a_penalty_allows_more_features_than_cases():
    rng = np.random.default_rng(1)
    signal = rng.normal(size=60)
    features = np.column_stack([signal + rng.normal(0, 0.3, 60) for _ in range(20)] + [rng.normal(size=(60, 200))])
    slopes, intercepts = fit_line(features[:40], signal[:40, None], penalised=True)
    predicted = features[40:] @ slopes[0] + intercepts[0]
    assert np.corrcoef(predicted, signal[40:])[0, 1] > 0.8


def test_features_and_a_line_beat_the_mean_on_the_phantom(command, tmp_path):
    out = tmp_path / "cohen"
    small = ("--set", "input.size=96", "--set", "network.encoder=tf_efficientnet_lite0")
    weights = ("--set", "network.pretrained=efficientnet-lite0-package", "--set", "input.normalise=half")
    done = command("train", "cohen-features", "--track", "extent-opacity/phantom/train", *small, *weights, "--out", out)
    assert done.code == 0, done.err
    done = command("evaluate", out / "submission.py", "--track", "extent-opacity/phantom/test", "--json")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)["metrics"]
    assert metrics["pearson"]["low"] > 0.3
    assert metrics["extent_r2"]["value"] > 0  # of the mean of the truth it is 0
