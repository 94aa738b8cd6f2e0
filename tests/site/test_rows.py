"""The ranking and the plot, from results alone."""

from decimal import Decimal

import pytest
from cxrbench.reported.claims import load_claims
from cxrbench_leaderboard.model.rows import boards
from cxrbench_leaderboard.model.sources import read_all
from cxrbench_leaderboard.render.charts import forest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAME = "brixia-severity/brixia-cohen/test"


def board_of(folder, keep, *results, name=NAME):
    keep(folder, *results)
    return next(board for board in boards(read_all([folder]), load_claims()) if board.name == name)


def places(board):
    return {row.result.submission.name: row.rank for row in board.rows}


def test_equal_values_share_a_rank_and_the_next_is_counted_on(tmp_path, make, keep):
    values = {"a": 0.5, "b": 0.2, "c": 0.5, "d": 0.7}
    board = board_of(tmp_path, keep, *(make(name, zone_mae=value) for name, value in values.items()))
    assert places(board) == {"b": 1, "a": 2, "c": 2, "d": 4}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=6))
def test_a_rank_is_one_more_than_the_rows_that_are_better(tmp_path_factory, make, keep, values):
    folder = tmp_path_factory.mktemp("ranks")
    board = board_of(folder, keep, *(make(f"s{i}", zone_mae=value) for i, value in enumerate(values)))
    expected = {f"s{i}": 1 + sum(other < value for other in values) for i, value in enumerate(values)}
    assert places(board) == expected


def test_a_row_out_of_the_ranking_moves_nobody(tmp_path, make, keep):
    two = [make("a", zone_mae=0.5), make("b", zone_mae=0.6)]
    alone = places(board_of(tmp_path / "one", keep, *two))
    more = [make("seen", zone_mae=0.1, patients_seen=1), make("radiologist-x", zone_mae=0.05, kind="rater")]
    together = places(board_of(tmp_path / "two", keep, *two, *more))
    assert together == alone | {"seen": None, "radiologist-x": None}


def test_a_table_of_predictions_is_ranked_and_marked(tmp_path, make, keep):
    board = board_of(tmp_path, keep, make("a", kind="predictions"))
    assert board.ranked[0].rank == 1
    assert board.ranked[0].marks == ("predictions only",)


def test_an_undefined_primary_metric_is_not_ranked(tmp_path, make, keep):
    gap = {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "n_patients": 0,
        "undefined": "no cases",
        "better": "lower",
    }
    board = board_of(tmp_path, keep, make("a", metrics={"zone_mae": gap}), make("b"))
    assert places(board) == {"b": 1, "a": None}
    assert board.unranked[0].reasons == ("primary metric undefined: no cases",)


def test_columns_begin_with_the_primary_metric_and_keep_their_groups_together(tmp_path, make, keep):
    board = board_of(tmp_path, keep, make("a"))
    assert board.keys == ("zone_mae", "zone_mean_error", "zone_pearson", "global_mae")
    assert [(one.base, one.labels, one.kind) for one in board.details] == [("zone_mae", tuple("ABCDEF"), "zones")]


def test_the_junior_against_itself_is_no_number(tmp_path, make, keep, page):
    from cxrbench_leaderboard.build import build

    zero = {"value": 0.0, "low": 0.0, "high": 0.0, "n": 48, "n_patients": 36, "better": "lower"}
    other = zero | {"value": 0.5, "low": 0.4, "high": 0.6}
    metrics = {"zone_mae[vs_junior]": zero, "zone_mae[vs_senior]": other}
    keep(tmp_path / "in", make("radiologist-junior", kind="rater", metrics=metrics))
    index = build([tmp_path / "in"], tmp_path / "out").index
    table = page(index.parent / "tracks/brixia-severity--brixia-cohen--test.html").one(
        "table", id="detail-zone_mae-readers"
    )
    assert [cell.text for cell in table.all("td")] == ["itself", "0.500[0.400, 0.600]"]


def test_the_plot_puts_every_mark_where_its_value_is(tmp_path, make, keep):
    drawn = forest(board_of(tmp_path, keep, make("a", zone_mae=0.4), make("b", zone_mae=0.8), make("c", zone_mae=0.6)))
    marks = [mark for group in drawn.groups for mark in group.marks]
    ticks = {float(tick.text): tick.x for tick in drawn.ticks}
    (low, left), (high, right) = min(ticks.items()), max(ticks.items())
    for mark in marks:
        expected = left + (right - left) * (float(mark.value) - low) / (high - low)
        assert mark.x == pytest.approx(expected, abs=0.02)
        assert 0 <= mark.low <= mark.x <= mark.high <= 100
    assert len({mark.y for mark in marks}) == 3
    assert max(mark.y for mark in marks) < drawn.bottom < drawn.height


def test_printed_values_are_hollow_without_whiskers_and_in_our_sign(tmp_path, make, keep):
    name = "brixia-severity/brixia-cohen/all"
    drawn = forest(board_of(tmp_path, keep, make("a", track=name), name=name))
    printed = drawn.groups[-1]
    assert printed.title == "Printed in papers, not measured here"
    assert [(mark.label, mark.value, mark.shape, mark.bounds) for mark in printed.marks] == [
        ("radiologist-rj", Decimal("0.405"), "hollow", None),
        ("bs-net-ha", Decimal("0.518"), "hollow", None),
    ]


def test_one_value_alone_can_be_drawn(tmp_path, make, keep):
    point = {"value": 0.0, "low": 0.0, "high": 0.0, "n": 1, "n_patients": 1, "better": "lower"}
    drawn = forest(board_of(tmp_path, keep, make("a", metrics={"zone_mae": point})))
    assert all(0 <= tick.x <= 100 for tick in drawn.ticks)


def test_a_track_without_values_has_no_plot(tmp_path, make, keep):
    gap = {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "n_patients": 0,
        "undefined": "no cases",
        "better": "lower",
    }
    assert forest(board_of(tmp_path, keep, make("a", metrics={"zone_mae": gap}))) is None
