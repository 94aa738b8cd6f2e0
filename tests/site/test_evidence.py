"""What stands beside the table of a track: tests, figures, costs, printed beside measured; all of it in the exports."""

import csv
import io
import json
import math
from itertools import pairwise

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.reported.claims import load_claims
from cxrbench.results.figures import numbers
from cxrbench_leaderboard.build import build
from cxrbench_leaderboard.model.beside import beside
from cxrbench_leaderboard.model.evidence import PICTURED, against_readers, cost_plots, grid, pictured, shade
from cxrbench_leaderboard.model.rows import boards
from cxrbench_leaderboard.model.sources import read_all
from cxrbench_leaderboard.render import plots
from cxrbench_leaderboard.render.charts import forest
from cxrbench_leaderboard.render.plots import LEFT, SIDE, TOP

NAME = "brixia-severity/brixia-cohen/test"
TRACK = "tracks/brixia-severity--brixia-cohen--test"
CLAIMED = "brixia-severity/brixia-cohen/all"
DETECTION = "tracks/detection--phantom--test"


def board_of(folder, keep, *results, name=NAME):
    keep(folder, *results)
    return next(board for board in boards(read_all([folder]), load_claims()) if board.name == name)


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_the_grid_shows_every_pair_once_with_its_corrected_p(illustrated, page):
    root = page(illustrated / f"{TRACK}.html").one("table", id="paired-tests")
    shown = [cell for cell in root.all("td") if "data-value" in cell.attrs]
    lines = [line for line in table(illustrated / f"{TRACK}.tests.csv") if line["pairs_corrected"] == "3"]
    lines = [line for line in lines if not line["right"].startswith("radiologist")]
    assert len(shown) == len(lines) == 3
    assert {cell.attrs["data-value"] for cell in shown} == {line["left_is_better_by"] for line in lines}
    for line in lines:
        assert float(line["p"]) <= float(line["p_holm"]) <= 1
        assert line["on_the_metric_itself"] == "yes"
        assert (line["told_apart"] == "yes") == (float(line["p_holm"]) < 0.05)


def test_rows_that_cannot_be_told_apart_share_a_rank_on_both_pages(illustrated, page):
    ranking = page(illustrated / f"{TRACK}.html").one("table", id="ranking")
    first = next(iter(ranking.all("tbody")))
    own = {row.one("bdi", class_="title").text: row.one("td", data_key="rank") for row in first.all("tr")}
    assert own["Alpha"].attrs["data-value"] == own["Beta"].attrs["data-value"] == "1"
    assert own["Gamma"].attrs["data-value"] == "4"
    assert own["Gamma"].text == "4place 3"
    assert own["Plain"].text == "3"
    overview = page(illustrated / "index.html").one("table", id="overview")
    gamma = next(row for row in overview.all("tr") if row.text.strip().startswith("Gamma"))
    assert "rank 4 of 4place 3" in gamma.text


def test_the_radiologist_is_compared_and_moves_no_rank(tmp_path, draw, keep):
    two = [draw("a", level=0.5), draw("b", level=0.6)]
    alone = board_of(tmp_path / "one", keep, *two)
    reader = draw("radiologist-x", level=0.2, kind="rater")
    both = board_of(tmp_path / "two", keep, *two, reader)
    assert [row.place for row in alone.ranked] == [row.place for row in both.ranked]
    assert against_readers(alone) is None
    found = against_readers(both)
    assert (found.rows, found.columns, found.family) == (("a", "b"), ("radiologist-x",), 2)
    gap = found.cells["a", "radiologist-x"]
    expected = reader.metrics["zone_mae"].value - two[0].metrics["zone_mae"].value
    assert gap.score.value == pytest.approx(expected)
    assert gap.score.low < expected < gap.score.high < 0


def test_a_board_of_one_row_has_no_grid(tmp_path, draw, keep):
    board = board_of(tmp_path, keep, draw("a"))
    assert grid(board) is None
    assert board.ranked[0].place.rank == 1
    assert board.ranked[0].place.low is None


def test_a_grid_has_at_most_fifteen_rows_and_corrects_over_all(tmp_path, draw, keep):
    rows = [draw(f"s{i:02d}", level=0.2 + i / 40) for i in range(18)]
    found = grid(board_of(tmp_path, keep, *rows))
    assert (len(found.rows), len(found.columns), len(found.cells)) == (14, 14, 105)
    assert found.family == 18 * 17 // 2


def test_every_count_on_the_page_is_in_the_result_file(illustrated, page):
    """From the page through its export to the file that the number came from."""
    lines = table(illustrated / f"{TRACK}.figures.csv")
    assert {line["submission"] for line in lines} == {"alpha", "beta", "gamma", "radiologist-junior", "seen"}
    for name in ("alpha", "gamma"):
        file = illustrated.parent / "in" / name / "results" / "brixia-severity--brixia-cohen--test.json"
        tables = json.loads(file.read_text("utf-8"))["figures"]["tables"]
        own = [line for line in lines if line["submission"] == name]
        for figure, content in tables.items():
            counts = {
                (truth, pred): int(value)
                for truth, row in zip(content["rows"], content["counts"], strict=True)
                for pred, value in zip(content["columns"], row.split(), strict=True)
            }
            told = {(line["row"], line["column"]): int(line["value"]) for line in own if line["figure"] == figure}
            assert told == {place: count for place, count in counts.items() if count or content["kind"] == "confusion"}
    shown = page(illustrated / f"{TRACK}.html").one("table", id="alpha-zone")
    counts = [[int(cell.text) for cell in row.all("td")] for row in shown.one("tbody").all("tr")]
    file = illustrated.parent / "in/alpha/results/brixia-severity--brixia-cohen--test.json"
    tables = json.loads(file.read_text("utf-8"))["figures"]["tables"]
    assert counts == [numbers(row).astype(int).tolist() for row in tables["zone"]["counts"]]


def test_a_curve_is_shown_with_area_band_and_operating_point(illustrated, page):
    root = page(illustrated / f"{DETECTION}.html")
    drawing = next(one for one in root.all("svg") if "alpha-finding-roc-title" in one.attrs.get("aria-labelledby", ""))
    assert len(list(drawing.all("polygon", class_="band"))) == 1
    point = drawing.one("path", class_="point").attrs["d"]
    x, y = point[1:].partition("l")[0].split()
    assert float(x) == pytest.approx(LEFT + SIDE * 0.3, abs=0.1)
    assert float(y) + 7 == pytest.approx(TOP + SIDE * 0.2, abs=0.1)
    lines = [line for line in table(illustrated / f"{DETECTION}.figures.csv") if line["kind"] == "roc"]
    area = {line["submission"]: line["value"] for line in lines if line["row"] == "auc"}
    assert area["alpha"] in {own.attrs.get("data-value") for own in root.all("span")}
    assert "no mean over cases" in root.one("section", aria_labelledby="tests").text


def test_bubbles_stand_where_their_counts_are(draw):
    own = draw("a").figures.tables["global_spread"]
    drawn = plots.spread(own)
    assert sum(dot.value for dot in drawn.dots) == own.cells.sum()
    ticks = {float(tick.text): tick.x for tick in drawn.across}
    scale = (ticks[18] - ticks[0]) / 18
    places = {(round((dot.x - ticks[0]) / scale, 1), dot.value) for dot in drawn.dots}
    assert places == {(float(own.rows[i]), int(own.cells[i, j])) for i, j in np.argwhere(own.cells)}
    largest = max(drawn.dots, key=lambda dot: dot.value)
    assert largest.r == max(dot.r for dot in drawn.dots) == plots.LARGEST


def test_a_curve_runs_from_corner_to_corner(detect):
    own = detect("a").figures.curves["finding"]
    points = [tuple(map(float, point.split(","))) for point in plots.roc(own, None).line.split()]
    assert points[0] == (LEFT, TOP + SIDE)
    assert points[-1] == (LEFT + SIDE, TOP)
    assert all(b[0] >= a[0] and b[1] <= a[1] for a, b in pairwise(points))


def test_shades_go_with_the_share_of_the_row(draw):
    own = draw("a").figures.tables["zone"]
    for i in range(4):
        row = own.cells[i]
        assert [shade(own, i, j) for j in range(4)] == [math.ceil(9 * count / row.sum()) for count in row]


def test_the_front_is_what_nothing_beats(tmp_path, make, keep):
    rng = np.random.default_rng(6)
    places = [(float(rng.integers(1, 9) * 100), float(rng.integers(1, 9)) / 10) for _ in range(25)]
    results = [make(f"s{i:02d}", zone_mae=mae, cost={"parameters": int(cost)}) for i, (cost, mae) in enumerate(places)]
    found = {one.key: one for one in cost_plots(board_of(tmp_path, keep, *results))}
    assert set(found) == {"parameters"}
    front = {(place.cost, place.value) for place, _ in found["parameters"].places if place.front}
    expected = {
        (cost, mae)
        for cost, mae in places
        if not any((c <= cost and m < mae) or (c < cost and m <= mae) for c, m in places)
    }
    assert front == expected


def test_more_images_a_second_are_cheaper(tmp_path, make, keep):
    results = [
        make("slow", zone_mae=0.4, cost={"images_per_second": 10.0}),
        make("fast", zone_mae=0.5, cost={"images_per_second": 900.0}),
        make("both", zone_mae=0.6, cost={"images_per_second": 100.0}),
        make("radiologist-x", zone_mae=0.2, kind="rater"),
    ]
    (own,) = cost_plots(board_of(tmp_path, keep, *results))
    assert {place.label: place.front for place, _ in own.places} == {"slow": True, "fast": True, "both": False}
    assert [name for name, _ in own.levels] == ["Radiologist-X"]
    by_label = {place.label: dot for place, dot in own.places}
    assert by_label["slow"].x < by_label["both"].x < by_label["fast"].x
    assert by_label["slow"].y > by_label["both"].y


def test_ranked_rows_and_readers_are_pictured_first(tmp_path, draw, keep):
    rows = [draw(f"s{i:02d}", level=0.2 + i / 20) for i in range(8)]
    others = [draw("radiologist-x", kind="rater"), draw("seen", level=0.1, patients_seen=3)]
    found = [one.row.result.submission.name for one in pictured(board_of(tmp_path, keep, *rows, *others))]
    assert len(found) == PICTURED
    assert "radiologist-x" in found
    assert sum(name.startswith("s0") for name in found) == 5


def test_printed_recomputed_and_measured_stand_side_by_side(illustrated, tmp_path, draw, keep, page):
    reader = draw("radiologist-junior", track=CLAIMED, level=0.4, kind="rater")
    lines = beside(board_of(tmp_path, keep, reader, name=CLAIMED))
    assert {line.system.name for line in lines} == {"radiologist-rj"}
    by_key = {line.key: line for line in lines}
    assert str(by_key["zone_mae"].claim.value) == "0.405"
    assert by_key["zone_mae"].row.result == reader
    root = page(illustrated / "tracks/brixia-severity--brixia-cohen--all.html").one("table", id="beside")
    mean_error = next(row for row in root.all("tr") if "Zone mean error" in row.text)
    assert "\N{MINUS SIGN}0.131printed with the opposite sign" in mean_error.text
    assert list(mean_error.all("td"))[2].text == "\N{MINUS SIGN}0.131equal"


def test_printed_systems_that_were_neither_recomputed_nor_measured_are_left_out(tmp_path, make, keep):
    lines = beside(board_of(tmp_path, keep, make("a", track=CLAIMED), name=CLAIMED))
    assert all(line.row is None and line.recomputed is not None for line in lines)
    assert "bs-net" not in {line.system.name for line in lines}


def test_sums_that_do_not_give_the_metric_are_refused(tmp_path, draw, keep):
    path = keep(tmp_path / "in", draw("a"))
    content = json.loads(path.read_text())
    content["figures"]["paired"]["sums"] = content["figures"]["paired"]["bases"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"the sums for paired comparison do not give zone_mae.*\.json"):
        build([tmp_path / "in"], tmp_path / "out")


def test_figures_change_neither_ranks_order_nor_other_pages(tmp_path, draw, make, keep):
    """A result with figures is the same row as one without them."""
    plain = draw("a").model_copy(update={"figures": None})
    with_figures = board_of(tmp_path / "one", keep, draw("a"), make("b", zone_mae=0.9))
    without = board_of(tmp_path / "two", keep, plain, make("b", zone_mae=0.9))
    assert [row.rank for row in with_figures.ranked] == [row.rank for row in without.ranked]
    assert with_figures.keys == without.keys


def test_a_note_on_one_metric_is_a_column_of_the_export(tmp_path, make, keep):
    value = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 48, "n_patients": 36, "better": "lower", "note": "left out: 2"}
    keep(tmp_path / "in", make("a"), make("b", metrics={"zone_sd": value}))
    site = build([tmp_path / "in"], tmp_path / "out").index.parent
    notes = {(line["submission"], line["metric"]): line["note"] for line in table(site / f"{TRACK}.csv")}
    assert notes["b", "zone_sd"] == "left out: 2"
    assert notes["a", "zone_mae"] == ""


def test_strangers_words_in_plots_are_words(tmp_path, draw, keep, page):
    words = '"><svg onload=alert(1)>\u202e'
    keep(tmp_path / "in", draw("a", title=words), draw("b", title=words, level=0.9))
    root = page(build([tmp_path / "in"], tmp_path / "out").index.parent / f"{TRACK}.html")
    assert not [own for own in root.all() if any(key.startswith("on") for key in own.attrs)]
    assert "\u202e" not in root.text
    assert all(len(list(one.all("title"))) == 1 for one in root.all("svg", role="img"))


def test_rows_of_one_title_are_told_by_their_names_where_there_is_little_room(tmp_path, make, keep):
    title = "A network with a long title that differs in its last word alone"
    board = board_of(tmp_path, keep, *(make(name, zone_mae=0.4, title=f"{title} {name}") for name in ("one", "two")))
    drawn = forest(board)
    assert [mark.brief for group in drawn.groups for mark in group.marks if mark.shape == "circle"] == ["one", "two"]
