"""The evidence on the page of a track: tests, figures, costs, reported values; all of it is in the exports."""

import csv
import io
import json
import math
from itertools import pairwise

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.results.figures import parse_numbers
from cxrbench_leaderboard.build import build_site
from cxrbench_leaderboard.model.cost_plots import draw_cost_plots
from cxrbench_leaderboard.model.forest_plot import draw_forest
from cxrbench_leaderboard.model.reported_vs_measured import list_reported_quantities
from cxrbench_leaderboard.model.row_figures import MOST_ROWS, compute_shade, list_row_figures
from cxrbench_leaderboard.model.significance import compare_ranked_rows, compare_with_readers
from cxrbench_leaderboard.model.square_plots import LARGEST_RADIUS, LEFT, SIDE, TOP, draw_roc, draw_spread

TRACK = "tracks/brixia-severity--brixia-cohen--test"
CLAIMED = "brixia-severity/brixia-cohen/all"
DETECTION = "tracks/detection--phantom--test"


def read_table(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_the_tests_show_every_pair_once(illustrated, page):
    root = page(illustrated / f"{TRACK}.html").find("table", id="paired-tests")
    shown = [cell for cell in root.find_all("td") if "data-value" in cell.attrs]
    lines = [line for line in read_table(illustrated / f"{TRACK}.tests.csv") if line["pairs_corrected"] == "3"]
    lines = [line for line in lines if not line["right"].startswith("radiologist")]
    assert len(shown) == len(lines) == 3
    assert {cell.attrs["data-value"] for cell in shown} == {line["left_is_better_by"] for line in lines}
    for line in lines:
        assert float(line["p"]) <= float(line["p_holm"]) <= 1
        assert line["on_the_metric_itself"] == "yes"
        assert (line["told_apart"] == "yes") == (float(line["p_holm"]) < 0.05)


def test_rows_without_a_significant_difference_share_a_rank(illustrated, page):
    ranking = page(illustrated / f"{TRACK}.html").find("table", id="ranking")
    first = next(iter(ranking.find_all("tbody")))
    ranks = {row.find("bdi", class_="title").text: row.find("td", data_key="rank") for row in first.find_all("tr")}
    assert ranks["Alpha"].attrs["data-value"] == ranks["Beta"].attrs["data-value"] == "1"
    assert ranks["Gamma"].attrs["data-value"] == "4"
    assert ranks["Gamma"].text == "4 95\N{NO-BREAK SPACE}% rank interval 3"
    assert ranks["Plain"].text == "3"
    overview = page(illustrated / "index.html").find("table", id="overview")
    gamma = next(row for row in overview.find_all("tr") if row.text.strip().startswith("Gamma"))
    assert "rank 4 of 4 95\N{NO-BREAK SPACE}% rank interval 3" in gamma.text


def test_the_radiologist_is_compared_and_changes_no_rank(tmp_path, draw, board):
    two = [draw("a", level=0.5), draw("b", level=0.6)]
    alone = board(tmp_path / "first", *two)
    reader = draw("radiologist-x", level=0.2, kind="rater")
    both = board(tmp_path / "second", *two, reader)
    assert [row.ranking for row in alone.ranked] == [row.ranking for row in both.ranked]
    assert compare_with_readers(alone) is None
    tests = compare_with_readers(both)
    assert (tests.rows, tests.columns, tests.family) == (("a", "b"), ("radiologist-x",), 2)
    gap = tests.cells["a", "radiologist-x"]
    expected = reader.metrics["zone_mae"].value - two[0].metrics["zone_mae"].value
    assert gap.estimate.value == pytest.approx(expected)
    assert gap.estimate.low < expected < gap.estimate.high < 0


def test_a_board_of_one_row_has_no_tests(tmp_path, draw, board):
    single = board(tmp_path, draw("a"))
    assert compare_ranked_rows(single) is None
    assert single.ranked[0].ranking.rank == 1
    assert single.ranked[0].ranking.low is None


def test_at_most_fifteen_rows_are_tested_and_all_corrected(tmp_path, draw, board):
    rows = [draw(f"s{i:02d}", level=0.2 + i / 40) for i in range(18)]
    tests = compare_ranked_rows(board(tmp_path, *rows))
    assert (len(tests.rows), len(tests.columns), len(tests.cells)) == (14, 14, 105)
    assert tests.family == 18 * 17 // 2


def test_every_count_on_the_page_is_in_the_result_file(illustrated, page):
    """From the page through its export to the file of the number."""
    lines = read_table(illustrated / f"{TRACK}.figures.csv")
    assert {line["submission"] for line in lines} == {"alpha", "beta", "gamma", "radiologist-junior", "seen"}
    for name in ("alpha", "gamma"):
        file = illustrated.parent / "in" / name / "results" / "brixia-severity--brixia-cohen--test.json"
        tables = json.loads(file.read_text("utf-8"))["figures"]["tables"]
        exported = [line for line in lines if line["submission"] == name]
        for figure, content in tables.items():
            counts = {
                (truth, pred): int(value)
                for truth, row in zip(content["rows"], content["counts"], strict=True)
                for pred, value in zip(content["columns"], row.split(), strict=True)
            }
            shown = {(line["row"], line["column"]): int(line["value"]) for line in exported if line["figure"] == figure}
            assert shown == {place: count for place, count in counts.items() if count or content["kind"] == "confusion"}
    shown = page(illustrated / f"{TRACK}.html").find("table", id="alpha-zone")
    counts = [[int(cell.text) for cell in row.find_all("td")] for row in shown.find("tbody").find_all("tr")]
    file = illustrated.parent / "in/alpha/results/brixia-severity--brixia-cohen--test.json"
    tables = json.loads(file.read_text("utf-8"))["figures"]["tables"]
    assert counts == [parse_numbers(row).astype(int).tolist() for row in tables["zone"]["counts"]]


def test_a_curve_has_area_band_and_operating_point(illustrated, page):
    root = page(illustrated / f"{DETECTION}.html")
    drawing = next(
        svg for svg in root.find_all("svg") if "alpha-finding-roc-title" in svg.attrs.get("aria-labelledby", "")
    )
    assert len(list(drawing.find_all("polygon", class_="band"))) == 1
    point = drawing.find("path", class_="point").attrs["d"]
    x, y = point[1:].partition("l")[0].split()
    assert float(x) == pytest.approx(LEFT + SIDE * 0.3, abs=0.1)
    assert float(y) + 7 == pytest.approx(TOP + SIDE * 0.2, abs=0.1)
    lines = [line for line in read_table(illustrated / f"{DETECTION}.figures.csv") if line["kind"] == "roc"]
    area = {line["submission"]: line["value"] for line in lines if line["row"] == "auc"}
    assert area["alpha"] in {span.attrs.get("data-value") for span in root.find_all("span")}
    assert "not a mean over cases" in root.find("section", aria_labelledby="tests").text


def test_bubbles_are_at_the_position_of_their_counts(draw):
    counts = draw("a").figures.tables["global_spread"]
    drawn = draw_spread(counts)
    assert sum(dot.value for dot in drawn.dots) == counts.cells.sum()
    ticks = {float(tick.text): tick.x for tick in drawn.across}
    scale = (ticks[18] - ticks[0]) / 18
    places = {(round((dot.x - ticks[0]) / scale, 1), dot.value) for dot in drawn.dots}
    assert places == {(float(counts.rows[i]), int(counts.cells[i, j])) for i, j in np.argwhere(counts.cells)}
    largest = max(drawn.dots, key=lambda dot: dot.value)
    assert largest.r == max(dot.r for dot in drawn.dots) == LARGEST_RADIUS


def test_a_curve_runs_from_corner_to_corner(detect):
    curve = detect("a").figures.curves["finding"]
    points = [tuple(map(float, point.split(","))) for point in draw_roc(curve, None).line.split()]
    assert points[0] == (LEFT, TOP + SIDE)
    assert points[-1] == (LEFT + SIDE, TOP)
    assert all(b[0] >= a[0] and b[1] <= a[1] for a, b in pairwise(points))


def test_shades_show_the_share_of_the_row(draw):
    counts = draw("a").figures.tables["zone"]
    for i in range(4):
        row = counts.cells[i]
        assert [compute_shade(counts, i, j) for j in range(4)] == [math.ceil(9 * count / row.sum()) for count in row]


def test_no_row_is_better_and_cheaper_than_the_front(tmp_path, make, board):
    rng = np.random.default_rng(6)
    places = [(float(rng.integers(1, 9) * 100), float(rng.integers(1, 9)) / 10) for _ in range(25)]
    results = [make(f"s{i:02d}", zone_mae=mae, cost={"parameters": int(cost)}) for i, (cost, mae) in enumerate(places)]
    plots = {plot.key: plot for plot in draw_cost_plots(board(tmp_path, *results))}
    assert set(plots) == {"parameters"}
    front = {(point.cost, point.value) for point, _ in plots["parameters"].points if point.front}
    expected = {
        (cost, mae)
        for cost, mae in places
        if not any((c <= cost and m < mae) or (c < cost and m <= mae) for c, m in places)
    }
    assert front == expected


def test_more_images_per_second_are_cheaper(tmp_path, make, board):
    results = [
        make("slow", zone_mae=0.4, cost={"images_per_second": 10.0}),
        make("fast", zone_mae=0.5, cost={"images_per_second": 900.0}),
        make("both", zone_mae=0.6, cost={"images_per_second": 100.0}),
        make("radiologist-x", zone_mae=0.2, kind="rater"),
    ]
    (plot,) = draw_cost_plots(board(tmp_path, *results))
    assert {point.label: point.front for point, _ in plot.points} == {"slow": True, "fast": True, "both": False}
    assert [name for name, _ in plot.levels] == ["Radiologist-X"]
    by_label = {point.label: dot for point, dot in plot.points}
    assert by_label["slow"].x < by_label["both"].x < by_label["fast"].x
    assert by_label["slow"].y > by_label["both"].y


def test_figures_of_ranked_rows_and_readers_come_first(tmp_path, draw, board):
    rows = [draw(f"s{i:02d}", level=0.2 + i / 20) for i in range(8)]
    others = [draw("radiologist-x", kind="rater"), draw("seen", level=0.1, patients_seen=3)]
    names = [item.row.result.submission.name for item in list_row_figures(board(tmp_path, *rows, *others))]
    assert len(names) == MOST_ROWS
    assert "radiologist-x" in names
    assert sum(name.startswith("s0") for name in names) == 5


def test_reported_recomputed_and_measured_values_are_shown(illustrated, tmp_path, draw, board, page):
    reader = draw("radiologist-junior", track=CLAIMED, level=0.4, kind="rater")
    lines = list_reported_quantities(board(tmp_path, reader, name=CLAIMED))
    assert {line.system.name for line in lines} == {"radiologist-rj"}
    by_key = {line.key: line for line in lines}
    assert str(by_key["zone_mae"].claim.value) == "0.405"
    assert by_key["zone_mae"].row.result == reader
    root = page(illustrated / "tracks/brixia-severity--brixia-cohen--all.html").find("table", id="reported-vs-measured")
    mean_error = next(row for row in root.find_all("tr") if "Zone mean error" in row.text)
    assert "\N{MINUS SIGN}0.131reported with the opposite sign" in mean_error.text
    assert list(mean_error.find_all("td"))[2].text == "\N{MINUS SIGN}0.131equal"


def test_systems_neither_recomputed_nor_measured_are_left_out(tmp_path, make, board):
    lines = list_reported_quantities(board(tmp_path, make("a", track=CLAIMED), name=CLAIMED))
    assert all(line.row is None and line.recomputed is not None for line in lines)
    assert "bs-net" not in {line.system.name for line in lines}


def test_sums_that_do_not_give_the_metric_are_refused(tmp_path, draw, keep):
    path = keep(tmp_path / "in", draw("a"))
    content = json.loads(path.read_text())
    content["figures"]["paired"]["sums"] = content["figures"]["paired"]["bases"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"the sums for paired comparison do not give zone_mae.*\.json"):
        build_site([tmp_path / "in"], tmp_path / "out")


def test_figures_change_no_rank_and_no_column(tmp_path, draw, make, board):
    """A result with figures is the same row as one without them."""
    plain = draw("a").model_copy(update={"figures": None})
    with_figures = board(tmp_path / "first", draw("a"), make("b", zone_mae=0.9))
    without = board(tmp_path / "second", plain, make("b", zone_mae=0.9))
    assert [row.rank for row in with_figures.ranked] == [row.rank for row in without.ranked]
    assert with_figures.keys == without.keys


def test_the_note_of_a_metric_is_exported(tmp_path, make, keep):
    value = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 48, "n_patients": 36, "better": "lower", "note": "left out: 2"}
    keep(tmp_path / "in", make("a"), make("b", metrics={"zone_sd": value}))
    site = build_site([tmp_path / "in"], tmp_path / "out").index.parent
    notes = {(line["submission"], line["metric"]): line["note"] for line in read_table(site / f"{TRACK}.csv")}
    assert notes["b", "zone_sd"] == "left out: 2"
    assert notes["a", "zone_mae"] == ""


def test_markup_in_plot_labels_stays_text(tmp_path, draw, keep, page):
    words = '"><svg onload=alert(1)>\u202e'
    keep(tmp_path / "in", draw("a", title=words), draw("b", title=words, level=0.9))
    root = page(build_site([tmp_path / "in"], tmp_path / "out").index.parent / f"{TRACK}.html")
    assert not [tag for tag in root.find_all() if any(key.startswith("on") for key in tag.attrs)]
    assert "\u202e" not in root.text
    assert all(len(list(svg.find_all("title"))) == 1 for svg in root.find_all("svg", role="img"))


def test_brief_labels_are_the_names_of_the_rows(tmp_path, make, board):
    title = "A network with a long title that differs in its last word alone"
    drawn = draw_forest(
        board(tmp_path, *(make(name, zone_mae=0.4, title=f"{title} {name}") for name in ("one", "two")))
    )
    assert [mark.brief for group in drawn.groups for mark in group.marks if mark.shape == "circle"] == ["one", "two"]
