"""Ranks, groups and paired tests from result files alone, against the statistics package and statsmodels."""

import time

import numpy as np
import pytest
from cxrbench.results.figures import numbers
from cxrbench.stats import clustered, pairwise, ranked, resample, seed_of
from cxrbench.stats.estimators import Additive
from cxrbench_leaderboard.model.glossary import badness
from cxrbench_leaderboard.model.paired import Panel, corrected, gaps, p_values, panel
from cxrbench_leaderboard.model.ranks import Place, compare_rows, ranks_of
from scipy.stats import norm, rankdata
from statsmodels.stats.multitest import multipletests

TRACK = "brixia-severity/brixia-cohen/test"


def boards_of(draw, **levels):
    return [draw(name, level=level) for name, level in levels.items()]


def by_statistics(results):
    """The same by `cxrbench.stats`, from estimators made of the sums."""
    estimators = {}
    for result in results:
        own = result.figures.paired
        table = np.column_stack([numbers(own.sums), numbers(own.bases)])
        estimators[result.submission.name] = Additive(table, lambda s, w: s[..., 0] / w)
    units = results[0].figures.paired.units
    drawn = resample(estimators, n_patients=units, seed=seed_of(TRACK))
    found = pairwise(drawn, "lower", n=48, n_patients=36)
    return found, {one.name: one for one in ranked(drawn, "lower", found)}


def test_ranks_intervals_and_groups_are_those_of_the_statistics_package(draw):
    results = boards_of(draw, a=0.3, b=0.31, c=0.45, d=0.8, e=0.82)
    expected_gaps, expected = by_statistics(results)
    found = compare_rows(results)
    places = ranks_of(results, found)
    for name, one in expected.items():
        assert (places[name].rank, places[name].low, places[name].high) == (one.rank, one.low, one.high), name
    raw = {frozenset((gap.left, gap.right)): gap for gap in expected_gaps}
    assert len(found.pairs) == 10
    for gap in found.pairs:
        other = raw[frozenset((gap.left, gap.right))]
        assert gap.p == pytest.approx(other.p) or gap.p < other.p == 1e-4
        assert abs(gap.score.value) == pytest.approx(abs(other.score.value), abs=1e-8)
        assert gap.p_holm == pytest.approx(other.p_holm) or gap.p_holm < other.p_holm < 0.01
    assert len({places[name].group for name in "ab"}) == 1
    assert places["d"].group > places["a"].group


def test_the_gap_is_the_difference_that_compare_prints(draw):
    """Positive where the better row is, with the interval of the paired difference and not of the two."""
    better, worse = boards_of(draw, a=0.2, b=0.9)
    (gap,) = compare_rows([worse, better]).pairs
    assert (gap.left, gap.right) == ("a", "b")
    difference = worse.metrics["zone_mae"].value - better.metrics["zone_mae"].value
    assert gap.score.value == pytest.approx(difference)
    assert gap.score.low < difference < gap.score.high
    assert gap.separable


def test_a_row_without_sums_is_placed_by_its_value(draw, make):
    results = [*boards_of(draw, a=0.3, b=0.9), make("plain", zone_mae=0.31)]
    places = ranks_of(results, compare_rows(results))
    assert places["plain"] == Place(2)
    assert places["a"].rank == 1
    assert places["b"].rank == 3
    alone = [make("x", zone_mae=0.4), make("y", zone_mae=0.4), draw("z", level=0.9)]
    assert compare_rows(alone) is None
    assert {name: place.rank for name, place in ranks_of(alone, None).items()} == {"x": 1, "y": 1, "z": 3}


def test_one_and_the_same_prediction_shares_everything(draw):
    one = draw("a", level=0.4)
    twin = one.model_copy(update={"submission": one.submission.model_copy(update={"name": "b"})})
    results = [one, twin, draw("c", level=1.2)]
    found = compare_rows(results)
    places = ranks_of(results, found)
    assert places["a"] == places["b"] == Place(1, 1, 1, 1)
    assert next(gap for gap in found.pairs if {gap.left, gap.right} == {"a", "b"}).p_holm == 1


def test_sums_of_another_number_of_patients_are_not_compared(draw):
    results = [draw("a", level=0.3), draw("b", level=0.5), draw("c", track="brixia-severity/brixia-cohen/all")]
    assert panel(results).names == ("a", "b")


def random_panel(rows, units=60, seed=0, better="lower"):
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.2, units)
    sums = np.linspace(0.4, 0.7, rows)[:, None] + shared + rng.normal(0, 0.12, (rows, units))
    sums = sums[np.argsort(badness(1.0, better) * sums.mean(1))]
    names = tuple(f"s{i:04d}" for i in range(rows))
    return Panel(names, sums.mean(1), sums, np.ones(sums.shape), better, 9, units, units, exact=True)


def test_holm_is_statsmodels():
    rng = np.random.default_rng(4)
    p = np.ones((30, 30))
    upper = np.triu_indices(30, 1)
    p[upper] = rng.random(len(upper[0])) ** 4
    p = np.minimum(p, p.T)
    assert corrected(p)[upper] == pytest.approx(multipletests(p[upper], method="holm")[1])
    assert (corrected(p) == corrected(p).T).all()


def test_the_normal_p_of_far_rows_agrees_with_the_paired_z_test():
    own = random_panel(40)
    p = p_values(own, own.drawn(slice(None), 10_000), [])
    difference = own.sums[:, None] - own.sums[None]
    error = difference.std(2) / np.sqrt(own.units)
    expected = 2 * norm.sf(abs(difference.mean(2)) / np.where(error > 0, error, np.inf))
    assert p == pytest.approx(expected, abs=0.02)


def test_the_normal_p_is_near_the_counted_one():
    own = random_panel(12, seed=3)
    ahead = own.drawn(slice(None), 10_000)
    free, counted = p_values(own, ahead, []), p_values(own, ahead, gaps(own))
    assert free == pytest.approx(counted, abs=0.03)
    assert (counted <= 1).all()
    assert counted[0, -1] < 1e-4


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_places_are_counted_draw_by_draw(better):
    from cxrbench.stats.ranking import place_bounds

    own = random_panel(9, seed=5, better=better)
    ahead = own.drawn(slice(None), 2_000)
    places = rankdata(-ahead, axis=1, method="min")
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="inverted_cdf")
    found = np.array(place_bounds(own.points, ahead))
    at = rankdata(-own.points, method="min")
    assert (found[:, 0] == np.minimum(low, at)).all()
    assert (found[:, 1] == np.maximum(high, at)).all()
    assert own.drawn(slice(0, 3), 2_000) == pytest.approx(ahead[:, :3], abs=1e-11)


def test_the_draws_are_those_of_the_metrics_own_interval():
    from cxrbench.metrics import mae

    rng = np.random.default_rng(8)
    truth, pred = rng.random((2, 40))
    names = [f"p{i:02d}" for i in range(40)]
    own = Panel(("a",), np.zeros(1), abs(truth - pred)[None], np.ones((1, 40)), "lower", 77, 40, 40, exact=True)
    drawn = resample({"mae": clustered(mae, truth, pred, names)}, n_patients=40, seed=77)["mae"].drawn
    assert -own.drawn(slice(None), 10_000)[:, 0] == pytest.approx(drawn, abs=1e-9)


def test_a_thousand_rows_take_a_second_or_two_of_the_processor():
    from cxrbench.stats.ranking import place_bounds
    from cxrbench_leaderboard.model.paired import draws_for
    from cxrbench_leaderboard.model.ranks import _groups

    own = random_panel(1_000)
    start = time.process_time()
    ahead = own.drawn(slice(None), draws_for(1_000))
    holm = corrected(p_values(own, ahead, gaps(own)))
    groups, bounds = _groups(holm), place_bounds(own.points, ahead)
    assert time.process_time() - start < 3
    assert groups == sorted(groups)
    assert 2 <= len(set(groups)) <= 20
    assert all(low <= high for low, high in bounds)
