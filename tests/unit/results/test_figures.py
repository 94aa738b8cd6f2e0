"""The part `figures` of a result: what it takes and refuses, and the sums that stand for the primary metric."""

import json

import numpy as np
import pytest
from cxrbench.metrics import delong, mae, pearson, roc_auc
from cxrbench.results.figures import LONGEST, FigureSet, Paired, figure_set, numbers, text_of
from cxrbench.scoring.paired_sums import paired_sums
from cxrbench.stats import clustered, mean_of, resample
from cxrbench.tasks import Measured
from cxrbench.tasks.casewise import case_mean
from cxrbench.tasks.figures import Figures, confusion, of_probability, spread, together
from pydantic import ValidationError

RNG = np.random.default_rng(31)
N = 90
OWNERS = np.array([f"p{i // 2:02d}" if i < 40 else f"q{i:02d}" for i in range(N)])
PATIENTS = len(set(OWNERS))
TRUTH, PRED = RNG.random((2, N))


def whole():
    truth, pred = RNG.integers(0, 4, 50).astype(float), RNG.random(50) * 3
    finding = RNG.integers(0, 2, 50).astype(float)
    drawn = together(
        Figures({"zone": confusion("Zone", truth, pred, "0123"), "spread": spread("Zone", truth, pred, 3, (1, 0.5))}),
        of_probability("finding", "Finding", finding, pred / 3, patients=[str(i) for i in range(50)], seed=1),
    )
    return figure_set(drawn, Paired(metric="mae", exact=True, units=2, sums="1 2.5", bases="1 1"))


def test_figures_survive_a_file():
    own = whole()
    again = FigureSet.model_validate_json(json.dumps(own.model_dump(mode="json")))
    assert again == own
    assert len(json.dumps(own.model_dump(mode="json"))) < 8_000


def test_numbers_are_written_with_the_digits_they_need():
    assert numbers(text_of([1 / 3] * 3, 15)).sum() == pytest.approx(1, abs=1e-14)
    assert text_of([0.1, 2, -0.0, 1e-7, 1 / 3]) == "0.1 2 0 1e-07 0.333333333"
    assert numbers(text_of([0.1, -2.5e-8])).tolist() == [0.1, -2.5e-8]


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
    return Measured(mean_of(estimators) if len(estimators) > 1 else estimators[0], "lower", counted=counted)


def exactly(found, estimator):
    """The values in the draws by the sums and by the metric itself."""
    from cxrbench.stats.bootstrap import draws

    sums, bases = numbers(found.sums), numbers(found.bases)
    weights = np.concatenate(list(draws(PATIENTS, 5, 500)))
    return weights @ sums / (weights @ bases), estimator(weights)


def test_a_mean_over_cases_is_kept_exactly():
    other = np.clip(PRED + 0.1, 0, 1)
    one = measured(clustered(mae, TRUTH, PRED, OWNERS), clustered(mae, TRUTH, other, OWNERS))
    found = paired_sums("mae", one, OWNERS, 5)
    assert (found.exact, found.units) == (True, PATIENTS)
    by_sums, by_metric = exactly(found, one.estimator)
    assert by_sums == pytest.approx(by_metric, abs=1e-8)


def test_a_mean_over_some_cases_is_kept_exactly():
    values = np.where(np.arange(N) % 5 == 0, np.nan, TRUTH)
    one = case_mean(values, OWNERS.tolist(), better="higher", undefined="none")
    found = paired_sums("dice", one, OWNERS, 5)
    assert found.exact
    by_sums, by_metric = exactly(found, one.estimator)
    assert by_sums == pytest.approx(by_metric, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize("metric", [pearson, roc_auc], ids=lambda one: one.name)
def test_other_metrics_become_pseudo_values(metric):
    truth = (TRUTH > 0.5).astype(float)
    one = measured(clustered(metric, truth, np.clip(0.3 * truth + PRED * 0.7, 0, 1), OWNERS))
    found = paired_sums(metric.name, one, OWNERS, 5)
    assert not found.exact
    assert set(found.bases.split()) == {"1"}
    assert numbers(found.sums).mean() == pytest.approx(float(one.estimator(np.ones((1, PATIENTS)))[0]))
    by_sums, by_metric = exactly(found, one.estimator)
    assert np.corrcoef(by_sums, by_metric)[0, 1] > 0.97
    assert by_sums.std() == pytest.approx(by_metric.std(), rel=0.12)


def test_pseudo_values_of_an_area_spread_as_delong_says():
    truth = np.repeat([0.0, 1.0], N // 2)
    pred = truth * 0.3 + PRED
    alone = np.array([f"{i:03d}" for i in range(N)])
    found = paired_sums("roc_auc", measured(clustered(roc_auc, truth, pred, alone)), alone, 5)
    variance = numbers(found.sums).var(ddof=1) / N
    assert variance == pytest.approx(delong(truth, pred).covariance[0, 0], rel=0.05)


def test_many_patients_are_put_into_groups():
    owners = np.array([f"{i:05d}" for i in range(1_500)])
    truth, pred = RNG.random((2, 1_500))
    one = measured(clustered(mae, truth, pred, owners))
    found = paired_sums("mae", one, owners, 5)
    assert found.units == LONGEST
    assert numbers(found.sums).sum() / numbers(found.bases).sum() == pytest.approx(abs(truth - pred).mean())
    drawn = resample({"mae": one.estimator}, n_patients=1_500, seed=5)["mae"].drawn.std()
    means = numbers(found.sums) / numbers(found.bases)
    assert means.std() / np.sqrt(LONGEST) == pytest.approx(drawn, rel=0.15)


def test_an_undefined_metric_has_no_sums():
    constant = measured(clustered(pearson, TRUTH, np.ones(N), OWNERS))
    assert paired_sums("pearson", constant, OWNERS, 5) is None
    assert paired_sums("mae", measured(clustered(mae, TRUTH[:2], PRED[:2], ["a", "a"])), OWNERS[:2], 5) is None
