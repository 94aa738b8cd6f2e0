"""The ranking and the forest plot, from results."""

from decimal import Decimal

import pytest
from cxrbench_leaderboard.model.forest_plot import draw_forest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def list_ranks(board):
    return {row.result.submission.name: row.rank for row in board.rows}


def test_equal_values_share_a_rank(tmp_path, make, board):
    values = {"a": 0.5, "b": 0.2, "c": 0.5, "d": 0.7}
    shown = board(tmp_path, *(make(name, zone_mae=value) for name, value in values.items()))
    assert list_ranks(shown) == {"b": 1, "a": 2, "c": 2, "d": 4}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=6))
def test_a_rank_is_one_more_than_the_better_rows(tmp_path_factory, make, board, values):
    folder = tmp_path_factory.mktemp("ranks")
    shown = board(folder, *(make(f"s{i}", zone_mae=value) for i, value in enumerate(values)))
    expected = {f"s{i}": 1 + sum(other < value for other in values) for i, value in enumerate(values)}
    assert list_ranks(shown) == expected


def test_a_row_without_a_rank_changes_no_rank(tmp_path, make, board):
    two = [make("a", zone_mae=0.5), make("b", zone_mae=0.6)]
    alone = list_ranks(board(tmp_path / "first", *two))
    more = [make("seen", zone_mae=0.1, patients_seen=1), make("radiologist-x", zone_mae=0.05, kind="rater")]
    together = list_ranks(board(tmp_path / "second", *two, *more))
    assert together == alone | {"seen": None, "radiologist-x": None}


def test_a_table_of_predictions_is_ranked_and_marked(tmp_path, make, board):
    shown = board(tmp_path, make("a", kind="predictions"))
    assert shown.ranked[0].rank == 1
    assert shown.ranked[0].marks == ("predictions only",)


def test_an_undefined_primary_metric_is_not_ranked(tmp_path, make, board):
    gap = {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "n_patients": 0,
        "undefined": "no cases",
        "better": "lower",
    }
    shown = board(tmp_path, make("a", metrics={"zone_mae": gap}), make("b"))
    assert list_ranks(shown) == {"b": 1, "a": None}
    assert shown.unranked[0].reasons == ("primary metric undefined: no cases",)


def test_columns_begin_with_the_primary_metric_and_its_group(tmp_path, make, board):
    shown = board(tmp_path, make("a"))
    assert shown.keys == ("zone_mae", "zone_mean_error", "zone_pearson", "global_mae")
    assert [(item.base, item.labels, item.kind) for item in shown.details] == [("zone_mae", tuple("ABCDEF"), "zones")]


def test_a_radiologist_against_the_same_reader_is_no_number(tmp_path, make, keep, page):
    from cxrbench_leaderboard.build import build_site

    zero = {"value": 0.0, "low": 0.0, "high": 0.0, "n": 48, "n_patients": 36, "better": "lower"}
    other = zero | {"value": 0.5, "low": 0.4, "high": 0.6}
    metrics = {"zone_mae[vs_junior]": zero, "zone_mae[vs_senior]": other}
    keep(tmp_path / "in", make("radiologist-junior", kind="rater", metrics=metrics))
    index = build_site([tmp_path / "in"], tmp_path / "out").index
    table = page(index.parent / "tracks/brixia-severity--brixia-cohen--test.html").find(
        "table", id="detail-zone_mae-readers"
    )
    assert [cell.text for cell in table.find_all("td")] == ["same reader", "0.500[0.400, 0.600]"]


def test_the_plot_puts_every_mark_where_its_value_is(tmp_path, make, board):
    drawn = draw_forest(board(tmp_path, make("a", zone_mae=0.4), make("b", zone_mae=0.8), make("c", zone_mae=0.6)))
    marks = [mark for group in drawn.groups for mark in group.marks]
    ticks = {float(tick.text): tick.x for tick in drawn.ticks}
    (low, left), (high, right) = min(ticks.items()), max(ticks.items())
    for mark in marks:
        expected = left + (right - left) * (float(mark.value) - low) / (high - low)
        assert mark.x == pytest.approx(expected, abs=0.02)
        assert 0 <= mark.low <= mark.x <= mark.high <= 100
    assert len({mark.y for mark in marks}) == 3
    assert max(mark.y for mark in marks) < drawn.bottom < drawn.height


def test_reported_values_are_hollow_and_without_whiskers(tmp_path, make, board):
    name = "brixia-severity/brixia-cohen/all"
    drawn = draw_forest(board(tmp_path, make("a", track=name), name=name))
    reported = drawn.groups[-1]
    assert reported.title == "Reported in papers, not measured here"
    assert [(mark.label, mark.value, mark.shape, mark.bounds) for mark in reported.marks] == [
        ("radiologist-rj", Decimal("0.405"), "hollow", None),
        ("bs-net-ha", Decimal("0.518"), "hollow", None),
    ]


def test_a_single_value_can_be_drawn(tmp_path, make, board):
    point = {"value": 0.0, "low": 0.0, "high": 0.0, "n": 1, "n_patients": 1, "better": "lower"}
    drawn = draw_forest(board(tmp_path, make("a", metrics={"zone_mae": point})))
    assert all(0 <= tick.x <= 100 for tick in drawn.ticks)


def test_a_track_without_values_has_no_plot(tmp_path, make, board):
    gap = {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "n_patients": 0,
        "undefined": "no cases",
        "better": "lower",
    }
    assert draw_forest(board(tmp_path, make("a", metrics={"zone_mae": gap}))) is None
