"""Every number on the pages, traced to the result file that it is from, on pages of one part and of several."""

import json
from urllib.parse import unquote

import pytest
from cxrbench.results import read_result
from cxrbench_leaderboard.build import build
from cxrbench_leaderboard.render.cells import known_heading
from cxrbench_leaderboard.views.paging import ROWS

from tests.fixtures.make_leaderboard import write_results

TRACKS = ("brixia-severity/brixia-cohen/test", "brixia-severity/phantom/test")
SUBMISSIONS = ROWS + 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    write_results(folder / "in", SUBMISSIONS, TRACKS)
    build([folder / "in"], folder / "out")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """(submission, track) to the result, read from its file."""
    found = map(read_result, folder.glob("in/*/results/*.json"))
    return {(one.submission.name, one.track.name): one for one in found}


def rows(table):
    return [row for body in table.all("tbody") for row in body.all("tr") if "section" not in row.attrs.get("class", "")]


def name_of(row):
    return (
        unquote(row.one("th", scope="row").one("bdi", class_="title").one("a").attrs["href"])
        .rpartition("/")[2]
        .removesuffix(".html")
    )


def bounds(cell):
    """What a cell says of a metric: value, low, high."""
    inner = list(cell.all("span", class_="interval"))
    found = [cell.attrs["data-value"], *(inner[0].attrs[key] for key in ("data-low", "data-high"))]
    return tuple(map(float, found))


def test_every_metric_on_a_track_is_that_of_its_result_file(folder, results, page):
    seen = set()
    for path in sorted((folder / "out/tracks").glob("*--test*.html")):
        root = page(path)
        track = path.name.partition(".")[0].replace("--", "/")
        for table in root.all("table"):
            if not table.attrs["id"].startswith(("ranking", "detail-")):
                continue
            for row in rows(table):
                metrics = results[name_of(row), track].metrics
                for cell in row.all("td"):
                    if "data-value" in cell.attrs and cell.attrs["data-key"] in metrics:
                        own = metrics[cell.attrs["data-key"]]
                        assert bounds(cell) == (own.value, own.low, own.high)
                        seen.add((name_of(row), track, cell.attrs["data-key"]))
    assert seen == {(*place, key) for place, one in results.items() for key in one.metrics}


def test_the_overview_and_the_submissions_pages_say_the_same(folder, results, page):
    seen = set()
    for path in (folder / "out").glob("index*.html"):
        for table in (own for own in page(path).all("table") if own.attrs["id"].startswith("overview")):
            for row in rows(table):
                for cell in row.all("td"):
                    own = results[name_of(row), cell.attrs["data-key"]]
                    value = own.metrics[own.primary]
                    assert bounds(cell) == (value.value, value.low, value.high)
                    seen.add((name_of(row), own.track.name))
    assert seen == set(results)
    pages = {name: page(folder / "out/submissions" / f"{name}.html") for name, _ in results}
    for (name, track), own in results.items():
        root = pages[name]
        link = f"../tracks/{track.replace('/', '--')}.html"
        row = next(row for table in root.all("table") for row in rows(table) if list(row.all("a", href=link)))
        value = own.metrics[own.primary]
        assert bounds(row.one("td", data_key="value")) == (value.value, value.low, value.high)


def test_inline_data_holds_every_row_as_it_is_shown(folder, results, page):
    root = page(folder / "out/tracks/brixia-severity--phantom--test.html")
    data = json.loads(root.one("script", type="application/json").text)
    assert len(data["rows"]) == SUBMISSIONS
    for row in data["rows"]:
        cells = {column["key"]: (cell, column) for cell, column in zip(row[1:], data["columns"], strict=True)}
        own = results[cells["submission"][0][1], TRACKS[1]]
        for key, (cell, column) in cells.items():
            if column["type"] == "metric":
                value = own.metrics[key]
                shown = [f"{one:.{known_heading(key).digits}f}" for one in (value.value, value.low, value.high)]
                assert [round(float(one) * 10 ** column["digits"]) for one in shown] == cell


def test_worst_and_best_cases_are_those_of_the_result_file(folder, results, page):
    place = (min(results)[0], TRACKS[0])
    found = results[place].extremes
    row = rows(page(folder / "out/submissions" / f"{place[0]}.html").one("table", id="case-list"))[0]
    shown = [
        [(item.one("code").text, float(item.one("span").attrs["data-value"])) for item in cell.all("li")]
        for cell in list(row.all("td"))[1:]
    ]
    assert shown == [[(one.case, one.value) for one in own] for own in (found.worst, found.best)]
