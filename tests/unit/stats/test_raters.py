"""The human yardstick on simulated readers of whom the truth is known."""

import numpy as np
import pytest
from cxrbench import metrics
from cxrbench.stats import clustered, mean_of, yardstick

N = 200
PATIENTS = np.arange(N) // 2


def _readers(*noises):
    truth = np.random.default_rng(0).normal(size=N) * 2
    return [truth + noise * np.random.default_rng(i + 1).normal(size=N) for i, noise in enumerate(noises)]


def _judge(pred, readings, metric=metrics.mae, count=2_000):
    def agree(left, right):
        return clustered(metric, left, right, PATIENTS)

    named = {f"r{i}": one for i, one in enumerate(readings)}
    return yardstick(agree, pred, named, metric.better, n=N, n_patients=100, seed=1, count=count)


@pytest.mark.parametrize("metric", [metrics.mae, metrics.pearson], ids=lambda metric: metric.name)
@pytest.mark.parametrize(("noise", "verdict"), [(0.1, "better"), (1.0, "no difference shown"), (2.5, "worse")])
def test_the_verdict_follows_how_well_the_submission_reads(metric, noise, verdict):
    *raters, pred = _readers(1, 1, 1, noise)
    found = _judge(pred, raters, metric)
    assert found.verdict == verdict
    assert (found.gap.value > 0) == (noise < 1) or noise == 1


def test_the_matrix_holds_the_agreement_of_every_two_with_the_submission_last():
    *raters, pred = _readers(1, 1, 1, 2)
    found = _judge(pred, raters, count=200)
    assert found.names == ("r0", "r1", "r2", "submission")
    everyone = [*raters, pred]
    for i, left in enumerate(everyone):
        for j, right in enumerate(everyone):
            expected = np.nan if i == j else float(metrics.mae(left, right))
            np.testing.assert_allclose(found.matrix[i, j], expected)
    assert found.submission.value == pytest.approx(np.mean(found.matrix[3, :3]))
    assert found.raters.value == pytest.approx(np.mean([found.matrix[0, 1], found.matrix[0, 2], found.matrix[1, 2]]))
    assert found.gap.value == pytest.approx(found.raters.value - found.submission.value)
    assert found.gap.low <= found.gap.value <= found.gap.high


def test_a_rater_in_the_submissions_place_is_called_different_as_seldom_as_chance_allows():
    rng, wrong = np.random.default_rng(4), 0
    for _ in range(200):
        truth = rng.normal(size=N)
        *raters, pred = truth + rng.normal(size=(4, N))
        wrong += _judge(pred, raters, count=300).verdict != "no difference shown"
    assert wrong / 200 <= 0.09


def test_agreement_may_be_a_mean_over_zones_and_undefined_is_said():
    *raters, pred = _readers(1, 1, 1)
    zones = yardstick(
        lambda left, right: mean_of([clustered(metrics.mae, side * left, side * right, PATIENTS) for side in (1, 3)]),
        pred,
        dict(zip("ab", raters, strict=True)),
        "lower",
        n=N,
        n_patients=100,
        seed=1,
        count=200,
    )
    assert zones.raters.value == pytest.approx(2 * float(metrics.mae(*raters)))
    constant = _judge(np.zeros(N), raters, metrics.pearson, count=200)
    assert (constant.verdict, constant.gap.value, constant.p) == ("undefined", None, None)


def test_fewer_than_two_raters_is_refused():
    with pytest.raises(ValueError, match="yardstick: two raters or more"):
        _judge(np.zeros(N), [np.zeros(N)])
