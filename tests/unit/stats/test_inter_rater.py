"""Inter-rater agreement of simulated readers whose errors are known."""

import numpy as np
import pytest
from cxrbench import metrics
from cxrbench.stats import average_estimators, compare_with_raters, make_estimator

N = 200
PATIENTS = np.arange(N) // 2


def _readers(*noises):
    truth = np.random.default_rng(0).normal(size=N) * 2
    return [truth + noise * np.random.default_rng(i + 1).normal(size=N) for i, noise in enumerate(noises)]


def _judge(pred, readings, metric=metrics.mae, count=2_000):
    def agree(left, right):
        return make_estimator(metric, left, right, PATIENTS)

    named = {f"r{i}": scores for i, scores in enumerate(readings)}
    return compare_with_raters(agree, pred, named, metric.direction, n=N, n_patients=100, seed=1, count=count)


@pytest.mark.parametrize("metric", [metrics.mae, metrics.pearson], ids=lambda metric: metric.name)
@pytest.mark.parametrize(("noise", "verdict"), [(0.1, "better"), (1.0, "no difference shown"), (2.5, "worse")])
def test_verdict_follows_the_error_of_the_submission(metric, noise, verdict):
    *raters, pred = _readers(1, 1, 1, noise)
    comparison = _judge(pred, raters, metric)
    assert comparison.verdict == verdict
    assert (comparison.advantage.value > 0) == (noise < 1) or noise == 1


def test_matrix_holds_the_agreement_of_every_two():
    *raters, pred = _readers(1, 1, 1, 2)
    comparison = _judge(pred, raters, count=200)
    assert comparison.names == ("r0", "r1", "r2", "submission")
    everyone = [*raters, pred]
    for i, left in enumerate(everyone):
        for j, right in enumerate(everyone):
            expected = np.nan if i == j else float(metrics.mae(left, right))
            np.testing.assert_allclose(comparison.matrix[i, j], expected)
    assert comparison.submission.value == pytest.approx(np.mean(comparison.matrix[3, :3]))
    assert comparison.raters.value == pytest.approx(
        np.mean([comparison.matrix[0, 1], comparison.matrix[0, 2], comparison.matrix[1, 2]])
    )
    assert comparison.advantage.value == pytest.approx(comparison.raters.value - comparison.submission.value)
    assert comparison.advantage.low <= comparison.advantage.value <= comparison.advantage.high


def test_another_rater_differs_as_rarely_as_chance_allows():
    rng, wrong = np.random.default_rng(4), 0
    for _ in range(200):
        truth = rng.normal(size=N)
        *raters, pred = truth + rng.normal(size=(4, N))
        wrong += _judge(pred, raters, count=300).verdict != "no difference shown"
    assert wrong / 200 <= 0.09


def test_agreement_can_be_a_mean_over_zones():
    *raters, pred = _readers(1, 1, 1)
    zones = compare_with_raters(
        lambda left, right: average_estimators(
            [make_estimator(metrics.mae, side * left, side * right, PATIENTS) for side in (1, 3)]
        ),
        pred,
        dict(zip("ab", raters, strict=True)),
        metrics.Direction.LOWER,
        n=N,
        n_patients=100,
        seed=1,
        count=200,
    )
    assert zones.raters.value == pytest.approx(2 * float(metrics.mae(*raters)))
    constant = _judge(np.zeros(N), raters, metrics.pearson, count=200)
    assert (constant.verdict, constant.advantage.value, constant.p) == ("undefined", None, None)


def test_fewer_than_two_raters_is_refused():
    with pytest.raises(ValueError, match="two raters or more"):
        _judge(np.zeros(N), [np.zeros(N)])
