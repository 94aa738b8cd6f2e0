"""The part `figures` of a result: what it takes and refuses, and the sums that stand for the primary metric."""

import json

import numpy as np
import pytest
from cxrbench.metrics import Direction, compute_auc_covariance, mae, pearson, roc_auc
from cxrbench.results.figures import LONGEST, FigureSet, PairedSums, format_numbers, make_figure_set, parse_numbers
from cxrbench.scoring.paired_sums import compute_paired_sums
from cxrbench.stats import average_estimators, make_estimator, resample
from cxrbench.tasks import MeasuredMetric
from cxrbench.tasks.casewise import measure_mean
from cxrbench.tasks.figures import TaskFigures, count_bins, count_classes, make_probability_figures, merge_figures
from pydantic import ValidationError

RNG = np.random.default_rng(31)
N = 90
OWNERS = np.array([f"p{i // 2:02d}" if i < 40 else f"q{i:02d}" for i in range(N)])
PATIENTS = len(set(OWNERS))
TRUTH, PRED = RNG.random((2, N))


def whole():
    truth, pred = RNG.integers(0, 4, 50).astype(float), RNG.random(50) * 3
    finding = RNG.integers(0, 2, 50).astype(float)
    drawn = merge_figures(
        TaskFigures(
            {"zone": count_classes("Zone", truth, pred, "0123"), "spread": count_bins("Zone", truth, pred, 3, (1, 0.5))}
        ),
        make_probability_figures("finding", "Finding", finding, pred / 3, patients=[str(i) for i in range(50)], seed=1),
    )
    return make_figure_set(drawn, PairedSums(metric="mae", exact=True, units=2, sums="1 2.5", bases="1 1"))


def test_figures_survive_a_file():
    figures = whole()
    again = FigureSet.model_validate_json(json.dumps(figures.model_dump(mode="json")))
    assert again == figures
    assert len(json.dumps(figures.model_dump(mode="json"))) < 8_000


def test_numbers_are_written_with_the_digits_they_need():
    assert parse_numbers(format_numbers([1 / 3] * 3, 15)).sum() == pytest.approx(1, abs=1e-14)
    assert format_numbers([0.1, 2, -0.0, 1e-7, 1 / 3]) == "0.1 2 0 1e-07 0.333333333"
    assert parse_numbers(format_numbers([0.1, -2.5e-8])).tolist() == [0.1, -2.5e-8]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("paired", "sums"), "1 nan"),
        (("paired", "sums"), "1 2 3"),
        (("paired", "sums"), "1 1e300"),
        (("paired", "sums"), "1 1e999"),
        (("paired", "bases"), "0 0"),
        (("paired", "bases"), "1 -1"),
        (("paired", "bases"), "1 inf"),
        (("paired", "units"), 1),
        (("tables", "zone", "counts"), ["1 2 3 4"]),
        (("tables", "zone", "counts"), ["1 2 3"] * 4),
        (("tables", "zone", "counts"), ["1 2 3 -1"] * 4),
        (("tables", "zone", "counts"), ["1 2 3 0.5"] * 4),
        (("tables", "zone", "title"), "a\nb"),
        (("tables", "zone", "title"), "x" * 61),
        (("tables", "zone", "rows"), ["\u202e", "1", "2", "3"]),
        (("tables", "zone", "kind"), "picture"),
        (("tables", "spread", "rows"), ["a", "1", "2", "3"]),
        (("tables", "spread", "rows"), ["0", "1", "1", "3"]),
        (("tables", "spread", "rows"), ["1", "2", "3", "4"]),
        (("tables", "A b"), {}),
        (("curves", "finding", "fpr"), "0 2"),
        (("curves", "finding", "tpr"), "0 1"),
        (("curves", "finding", "rates"), "1 0"),
        (("curves", "finding", "auc"), 1.5),
        (("curves", "finding", "low"), 1.0),
        (("curves", "finding", "positive"), 0),
        (("curves", "finding", "surprise"), 1),
        (("calibrations", "finding", "cases"), "1"),
        (("calibrations", "finding", "observed"), "2 " * 9 + "2"),
    ],
)
def test_what_cannot_be_is_refused(place, value):
    content = whole().model_dump(mode="json")
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ValidationError):
        FigureSet.model_validate(content)


def measured(*estimators, counted=None):
    return MeasuredMetric(
        average_estimators(estimators) if len(estimators) > 1 else estimators[0], Direction.LOWER, counted=counted
    )


def draw_both(paired, estimator):
    """The values in the draws by the sums and by the metric itself."""
    from cxrbench.stats.bootstrap import draw_weights

    sums, bases = parse_numbers(paired.sums), parse_numbers(paired.bases)
    weights = np.concatenate(list(draw_weights(PATIENTS, 5, 500)))
    return weights @ sums / (weights @ bases), estimator.draw(weights)


def test_a_mean_over_cases_is_kept_exactly():
    other = np.clip(PRED + 0.1, 0, 1)
    metric = measured(make_estimator(mae, TRUTH, PRED, OWNERS), make_estimator(mae, TRUTH, other, OWNERS))
    paired = compute_paired_sums("mae", metric, OWNERS, 5)
    assert (paired.exact, paired.units) == (True, PATIENTS)
    by_sums, by_metric = draw_both(paired, metric.estimator)
    assert by_sums == pytest.approx(by_metric, abs=1e-8)


def test_a_mean_over_some_cases_is_kept_exactly():
    values = np.where(np.arange(N) % 5 == 0, np.nan, TRUTH)
    metric = measure_mean(values, OWNERS.tolist(), direction=Direction.HIGHER, undefined="none")
    paired = compute_paired_sums("dice", metric, OWNERS, 5)
    assert paired.exact
    by_sums, by_metric = draw_both(paired, metric.estimator)
    assert by_sums == pytest.approx(by_metric, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize("metric", [pearson, roc_auc], ids=lambda metric: metric.name)
def test_other_metrics_become_pseudo_values(metric):
    truth = (TRUTH > 0.5).astype(float)
    estimator = make_estimator(metric, truth, np.clip(0.3 * truth + PRED * 0.7, 0, 1), OWNERS)
    paired = compute_paired_sums(metric.name, measured(estimator), OWNERS, 5)
    assert not paired.exact
    assert set(paired.bases.split()) == {"1"}
    assert parse_numbers(paired.sums).mean() == pytest.approx(estimator.point())
    by_sums, by_metric = draw_both(paired, estimator)
    assert np.corrcoef(by_sums, by_metric)[0, 1] > 0.97
    assert by_sums.std() == pytest.approx(by_metric.std(), rel=0.12)


def test_pseudo_values_of_an_area_spread_as_delong_says():
    truth = np.repeat([0.0, 1.0], N // 2)
    pred = truth * 0.3 + PRED
    alone = np.array([f"{i:03d}" for i in range(N)])
    paired = compute_paired_sums("roc_auc", measured(make_estimator(roc_auc, truth, pred, alone)), alone, 5)
    variance = parse_numbers(paired.sums).var(ddof=1) / N
    assert variance == pytest.approx(compute_auc_covariance(truth, pred).covariance[0, 0], rel=0.05)


def test_many_patients_are_put_into_groups():
    owners = np.array([f"{i:05d}" for i in range(1_500)])
    truth, pred = RNG.random((2, 1_500))
    metric = measured(make_estimator(mae, truth, pred, owners))
    paired = compute_paired_sums("mae", metric, owners, 5)
    assert paired.units == LONGEST
    assert parse_numbers(paired.sums).sum() / parse_numbers(paired.bases).sum() == pytest.approx(
        abs(truth - pred).mean()
    )
    drawn = resample({"mae": metric.estimator}, n_patients=1_500, seed=5)["mae"].draws.std()
    means = parse_numbers(paired.sums) / parse_numbers(paired.bases)
    assert means.std() / np.sqrt(LONGEST) == pytest.approx(drawn, rel=0.15)


def test_an_undefined_metric_has_no_sums():
    constant = measured(make_estimator(pearson, TRUTH, np.ones(N), OWNERS))
    assert compute_paired_sums("pearson", constant, OWNERS, 5) is None
    assert (
        compute_paired_sums("mae", measured(make_estimator(mae, TRUTH[:2], PRED[:2], ["a", "a"])), OWNERS[:2], 5)
        is None
    )
