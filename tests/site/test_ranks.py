"""Ranks, groups and paired tests from result files alone, against the statistics package and statsmodels."""

import numpy as np
import pytest
from cxrbench.metrics import Direction
from cxrbench.results.figures import parse_numbers
from cxrbench.stats import Panel, Rank, compare_pairwise, derive_seed, make_estimator, rank_systems, resample
from cxrbench.stats.multiple_testing import adjust_holm_matrix
from cxrbench.stats.panel import choose_draw_count, compare_leading, compare_panel, compute_pair_p
from cxrbench.stats.ranking import compute_rank_bounds
from cxrbench.stats.sample_estimators import SumEstimator
from cxrbench_leaderboard.model.ranks import compare_results, make_panel, make_ranks
from scipy.stats import norm, rankdata
from statsmodels.stats.multitest import multipletests

TRACK = "brixia-severity/brixia-cohen/test"


def boards_of(draw, **levels):
    return [draw(name, level=level) for name, level in levels.items()]


def by_statistics(results):
    """The same by `cxrbench.stats`, from estimators made of the sums."""
    estimators = {}
    for result in results:
        paired = result.figures.paired
        table = np.column_stack([parse_numbers(paired.sums), parse_numbers(paired.bases)])
        estimators[result.submission.name] = SumEstimator(table, lambda s, w: s[..., 0] / w)
    units = results[0].figures.paired.units
    drawn = resample(estimators, n_patients=units, seed=derive_seed(TRACK))
    pairs = compare_pairwise(drawn, Direction.LOWER, n=48, n_patients=36)
    return pairs, {row.name: row for row in rank_systems(drawn, Direction.LOWER, pairs)}


def test_ranks_are_those_of_rank_systems(draw):
    results = boards_of(draw, a=0.3, b=0.31, c=0.45, d=0.8, e=0.82)
    expected_gaps, expected = by_statistics(results)
    comparison = compare_results(results)
    places = make_ranks(results, comparison)
    for name, row in expected.items():
        assert (places[name].rank, places[name].low, places[name].high) == (row.rank, row.low, row.high), name
    raw = {frozenset((gap.left, gap.right)): gap for gap in expected_gaps}
    assert len(comparison.pairs) == 10
    for gap in comparison.pairs:
        other = raw[frozenset((gap.left, gap.right))]
        assert gap.p == pytest.approx(other.p) or gap.p < other.p == 1e-4
        assert abs(gap.estimate.value) == pytest.approx(abs(other.estimate.value), abs=1e-8)
        assert gap.p_holm == pytest.approx(other.p_holm) or gap.p_holm < other.p_holm < 0.01
    assert len({places[name].group for name in "ab"}) == 1
    assert places["d"].group > places["a"].group


def test_the_gap_is_the_difference_that_compare_prints(draw):
    """Positive where the better row is, with the interval of the paired difference and not of the two."""
    better, worse = boards_of(draw, a=0.2, b=0.9)
    (gap,) = compare_results([worse, better]).pairs
    assert (gap.left, gap.right) == ("a", "b")
    difference = worse.metrics["zone_mae"].value - better.metrics["zone_mae"].value
    assert gap.estimate.value == pytest.approx(difference)
    assert gap.estimate.low < difference < gap.estimate.high
    assert gap.significant


def test_a_row_without_sums_is_placed_by_its_value(draw, make):
    results = [*boards_of(draw, a=0.3, b=0.9), make("plain", zone_mae=0.31)]
    places = make_ranks(results, compare_results(results))
    assert places["plain"] == Rank("plain", 2)
    assert places["a"].rank == 1
    assert places["b"].rank == 3
    alone = [make("x", zone_mae=0.4), make("y", zone_mae=0.4), draw("z", level=0.9)]
    assert compare_results(alone) is None
    assert {name: place.rank for name, place in make_ranks(alone, None).items()} == {"x": 1, "y": 1, "z": 3}


def test_one_and_the_same_prediction_shares_everything(draw):
    row = draw("a", level=0.4)
    twin = row.model_copy(update={"submission": row.submission.model_copy(update={"name": "b"})})
    results = [row, twin, draw("c", level=1.2)]
    comparison = compare_results(results)
    places = make_ranks(results, comparison)
    assert [places[name] for name in "ab"] == [Rank(name, 1, 1, 1, 1) for name in "ab"]
    assert next(gap for gap in comparison.pairs if {gap.left, gap.right} == {"a", "b"}).p_holm == 1


def test_sums_of_another_number_of_patients_are_not_compared(draw):
    results = [draw("a", level=0.3), draw("b", level=0.5), draw("c", track="brixia-severity/brixia-cohen/all")]
    assert make_panel(results).names == ("a", "b")


def random_panel(rows, units=60, seed=0, direction=Direction.LOWER):
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.2, units)
    sums = np.linspace(0.4, 0.7, rows)[:, None] + shared + rng.normal(0, 0.12, (rows, units))
    sums = sums[np.argsort(direction.loss(1.0) * sums.mean(1))]
    names = tuple(f"s{i:04d}" for i in range(rows))
    return Panel(names, sums.mean(1), sums, np.ones(sums.shape), direction, 9, units, units, exact=True)


def test_holm_is_statsmodels():
    rng = np.random.default_rng(4)
    p = np.ones((30, 30))
    upper = np.triu_indices(30, 1)
    p[upper] = rng.random(len(upper[0])) ** 4
    p = np.minimum(p, p.T)
    assert adjust_holm_matrix(p)[upper] == pytest.approx(multipletests(p[upper], method="holm")[1])
    assert (adjust_holm_matrix(p) == adjust_holm_matrix(p).T).all()


def test_normal_p_agrees_with_the_paired_z_test():
    panel = random_panel(40)
    p = compute_pair_p(panel, panel.draw_advantages(slice(None), 10_000), [])
    difference = panel.sums[:, None] - panel.sums[None]
    error = difference.std(2) / np.sqrt(panel.units)
    expected = 2 * norm.sf(abs(difference.mean(2)) / np.where(error > 0, error, np.inf))
    assert p == pytest.approx(expected, abs=0.02)


def test_the_normal_p_is_near_the_counted_one():
    panel = random_panel(12, seed=3)
    ahead = panel.draw_advantages(slice(None), 10_000)
    free, counted = compute_pair_p(panel, ahead, []), compute_pair_p(panel, ahead, compare_leading(panel))
    assert free == pytest.approx(counted, abs=0.03)
    assert (counted <= 1).all()
    assert counted[0, -1] < 1e-4


@pytest.mark.parametrize("direction", list(Direction)[:2])
def test_places_are_counted_draw_by_draw(direction):
    panel = random_panel(9, seed=5, direction=direction)
    ahead = panel.draw_advantages(slice(None), 2_000)
    places = rankdata(-ahead, axis=1, method="min")
    low, high = np.quantile(places, [0.025, 0.975], axis=0, method="inverted_cdf")
    bounds = np.array(compute_rank_bounds(panel.advantages, ahead))
    at = rankdata(-panel.advantages, method="min")
    assert (bounds[:, 0] == np.minimum(low, at)).all()
    assert (bounds[:, 1] == np.maximum(high, at)).all()
    assert panel.draw_advantages(slice(0, 3), 2_000) == pytest.approx(ahead[:, :3], abs=1e-11)


def test_the_draws_are_those_of_the_metrics_own_interval():
    from cxrbench.metrics import mae

    rng = np.random.default_rng(8)
    truth, pred = rng.random((2, 40))
    names = [f"p{i:02d}" for i in range(40)]
    panel = Panel(
        ("a",), np.zeros(1), abs(truth - pred)[None], np.ones((1, 40)), Direction.LOWER, 77, 40, 40, exact=True
    )
    drawn = resample({"mae": make_estimator(mae, truth, pred, names)}, n_patients=40, seed=77)["mae"].draws
    assert -panel.draw_advantages(slice(None), 10_000)[:, 0] == pytest.approx(drawn, abs=1e-9)


def test_a_thousand_rows_are_compared_on_fewer_draws():
    panel = random_panel(1_000)
    assert choose_draw_count(1_000) == 1_000
    comparison = compare_panel(panel)
    groups = [comparison.ranks[name].group for name in panel.names]
    assert groups == sorted(groups)
    assert 2 <= len(set(groups)) <= 20
    assert all(row.low <= row.high for row in comparison.ranks.values())
