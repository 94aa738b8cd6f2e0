"""Equations 1 to 3 against loops that follow the printed formulas, and scores from probabilities."""

import math

import numpy as np
import pytest
import torch
from cxrbench_baselines.systems.bsnet.losses import compute_score_loss, to_scores


def printed(probability, truth, alpha, beta):
    """Equations 1-3 for one zone, C = 4."""
    entropy = -sum((truth == c) * math.log(probability[c]) for c in range(4)) / 4
    weights = [math.exp(beta * p) for p in probability]
    soft = sum(c * w for c, w in enumerate(weights)) / sum(weights)
    distance = sum(abs(truth - soft) for _ in range(4)) / 4
    return alpha * entropy + (1 - alpha) * distance


@pytest.mark.parametrize("beta", [1, 10, 50])
def test_the_loss_is_the_printed_one(beta):
    logits = torch.randn(3, 6, 4, dtype=torch.float32)
    truth = torch.randint(0, 4, (3, 6))
    expected = [
        printed(p.tolist(), int(y), 0.7, beta)
        for p, y in zip(logits.softmax(-1).view(-1, 4), truth.view(-1), strict=True)
    ]
    assert float(compute_score_loss(logits, truth, 0.7, beta)) == pytest.approx(np.mean(expected), rel=1e-5)


def test_zones_without_truth_cost_nothing():
    logits, truth = torch.randn(2, 6, 4), torch.randint(0, 4, (2, 6))
    half = truth.clone()
    half[1] = -1
    assert torch.equal(compute_score_loss(logits, half, 0.7, 10), compute_score_loss(logits[:1], truth[:1], 0.7, 10))
    assert float(compute_score_loss(logits, torch.full_like(truth, -1), 0.7, 10)) == 0


def test_scores_of_a_distribution():
    probability = torch.tensor([0.4, 0.25, 0.25, 0.1])
    assert float(to_scores(probability, "class")) == 0
    assert float(to_scores(probability, "median")) == 1
    assert float(to_scores(probability, "mean")) == pytest.approx(0.25 + 0.5 + 0.3)
    assert to_scores(torch.tensor([0.0, 0.0, 0.0, 1.0]), "median") == 3
