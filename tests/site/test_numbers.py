"""Every number on the pages, traced to its result file, for tables on one page and on several."""

import json
import re
from urllib.parse import unquote

import pytest
from cxrbench.results import read_result
from cxrbench_leaderboard.build import build_site
from cxrbench_leaderboard.views.paging import ROWS_PER_PAGE

from tests.fixtures.make_leaderboard import write_results

TRACKS = ("brixia-severity/brixia-cohen/test", "brixia-severity/phantom/test")
SUBMISSIONS = ROWS_PER_PAGE + 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    write_results(folder / "in", SUBMISSIONS, TRACKS)
    build_site([folder / "in"], folder / "out")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """(submission, track) to the result, read from its file."""
    read = map(read_result, folder.glob("in/*/results/*.json"))
    return {(result.submission.name, result.track.name): result for result in read}


def list_rows(table):
    rows = [row for body in table.find_all("tbody") for row in body.find_all("tr")]
    return [row for row in rows if "section" not in row.attrs.get("class", "")]


def find_name(row):
    return (
        unquote(row.find("th", scope="row").find("bdi", class_="title").find("a").attrs["href"])
        .rpartition("/")[2]
        .removesuffix(".html")
    )


def read_bounds(cell):
    """Read value, low and high of a metric from its cell."""
    inner = list(cell.find_all("span", class_="interval"))
    texts = [cell.attrs["data-value"], *(inner[0].attrs[key] for key in ("data-low", "data-high"))]
    return tuple(map(float, texts))


def test_every_metric_on_a_track_equals_its_result_file(folder, results, page):
    seen = set()
    for path in sorted((folder / "out/tracks").glob("*--test*.html")):
        root = page(path)
        track = path.name.partition(".")[0].replace("--", "/")
        for table in root.find_all("table"):
            if not table.attrs["id"].startswith(("ranking", "detail-")):
                continue
            for row in list_rows(table):
                metrics = results[find_name(row), track].metrics
                for cell in row.find_all("td"):
                    if "data-value" in cell.attrs and cell.attrs["data-key"] in metrics:
                        metric = metrics[cell.attrs["data-key"]]
                        assert read_bounds(cell) == (metric.value, metric.low, metric.high)
                        seen.add((find_name(row), track, cell.attrs["data-key"]))
    assert seen == {(*place, key) for place, result in results.items() for key in result.metrics}


def test_the_overview_and_the_submission_pages_agree(folder, results, page):
    seen = set()
    for path in (folder / "out").glob("index*.html"):
        for table in (table for table in page(path).find_all("table") if table.attrs["id"].startswith("overview")):
            for row in list_rows(table):
                for cell in row.find_all("td"):
                    result = results[find_name(row), cell.attrs["data-key"]]
                    value = result.metrics[result.primary]
                    assert read_bounds(cell) == (value.value, value.low, value.high)
                    seen.add((find_name(row), result.track.name))
    assert seen == set(results)
    pages = {name: page(folder / "out/submissions" / f"{name}.html") for name, _ in results}
    for (name, track), result in results.items():
        root = pages[name]
        link = f"../tracks/{track.replace('/', '--')}.html"
        rows = [row for table in root.find_all("table") for row in list_rows(table)]
        row = next(row for row in rows if list(row.find_all("a", href=link)))
        value = result.metrics[result.primary]
        assert read_bounds(row.find("td", data_key="value")) == (value.value, value.low, value.high)


EXACT = re.compile(r' data-(?:value|low|high|sort)="[^"]*"')


def test_inline_data_fills_to_the_rows_of_later_pages(folder):
    """Filling the patterns gives the HTML of the next page, exact values apart."""
    base = folder / "out/tracks/brixia-severity--phantom--test"
    first, later = (base.with_name(f"{base.name}{ending}").read_text("utf-8") for ending in (".html", ".2.html"))
    data = json.loads(re.search(r'<script type="application/json" id="ranking-rows">(.*?)</script>', first)[1])
    table = re.search(r'<table id="ranking".*?</table>', later, re.DOTALL)[0]
    rows = re.findall(r"<tr>\n<td.*?</tr>", table, re.DOTALL)
    assert len(rows) == len(data["rows"]) == SUBMISSIONS - ROWS_PER_PAGE
    for row, text in zip(rows, data["rows"], strict=True):
        cells = [fill_pattern(*pair) for pair in zip(data["patterns"], text.split("^")[1:], strict=True)]
        assert "\n".join([*cells, "</tr>"]) == EXACT.sub("", row)


def fill_pattern(patterns, cell):
    """Fill a cell as the script does."""
    number, *texts = cell.split("|")
    pieces = patterns[int(number or 0)]
    assert len(pieces) == len(texts) + 1
    return EXACT.sub("", pieces[0] + "".join(text + piece for text, piece in zip(texts, pieces[1:], strict=True)))


def test_worst_and_best_cases_equal_the_result_file(folder, results, page):
    place = (min(results)[0], TRACKS[0])
    extremes = results[place].extremes
    row = list_rows(page(folder / "out/submissions" / f"{place[0]}.html").find("table", id="case-list"))[0]
    shown = [
        [(item.find("code").text, float(item.find("span").attrs["data-value"])) for item in cell.find_all("li")]
        for cell in list(row.find_all("td"))[1:]
    ]
    assert shown == [[(case.case, case.value) for case in cases] for cases in (extremes.worst, extremes.best)]
