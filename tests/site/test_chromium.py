"""Every page in Chromium, opened from disk without a network: what `browse.cjs` reports."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from cxrbench_leaderboard.build import build_site
from cxrbench_leaderboard.views.paging import ROWS_PER_PAGE

from tests.fixtures.make_leaderboard import write_results

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TRACKS = ("brixia-severity/brixia-cohen/test", "brixia-severity/phantom/test")
SUBMISSIONS = 120
RANKED, UNRANKED = 108, 12

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js on this machine"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "axe-core").is_dir(),
        reason="no browser libraries: npm install --prefix tests/site",
    ),
]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A site with tables on three pages."""
    folder = tmp_path_factory.mktemp("long")
    write_results(folder / "in", SUBMISSIONS, TRACKS)
    return build_site([folder / "in"], folder / "out").index.parent


@pytest.fixture(scope="module")
def look(site, long):
    """What one kind of look at the two sites reports."""

    @cache
    def browse(what):
        command = ["node", "browse.cjs", CHROMIUM, str(site), str(long), what]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)[what]

    return browse


def test_every_page_opens_from_disk_without_error_or_request(look, site):
    pages = look("everyPage")
    assert set(pages) == {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {name: seen for name, seen in pages.items() if seen["errors"] or seen["requests"]} == {}
    assert {name for name, seen in pages.items() if seen["wide"] > 0} == set()
    assert {name: seen["broken"] for name, seen in pages.items() if seen["broken"]} == {}


@pytest.fixture(scope="module")
def kinds(look):
    return look("everyKind")


def test_axe_finds_nothing_serious_on_any_kind_of_page(kinds):
    assert len(kinds) == 30
    assert [(kind["name"], kind["colorScheme"], kind["grave"]) for kind in kinds if kind["grave"]] == []


def test_no_kind_of_page_is_wider_than_a_phone(kinds):
    assert [(kind["name"], kind["phone"]) for kind in kinds if kind["phone"] > 390] == []


def test_without_scripts_the_pages_hold_all_rows(look, long):
    tables = look("withoutScripts")
    names = {f"System {number:04d}" for number in range(SUBMISSIONS)}
    for table, column in (("ranking", 1), ("overview", 0)):
        rows = [row for part in tables[table] for row in part]
        assert len(rows) == SUBMISSIONS
        assert {row[column][:11] for row in rows} == names
        assert max(map(len, tables[table])) == ROWS_PER_PAGE
    assert len(tables["short"]) == 7
    result = json.loads((long / "tracks" / "brixia-severity--brixia-cohen--test.json").read_text("utf-8"))
    shown = {row[1][:11]: row[2][:5] for part in tables["ranking"] for row in part}
    assert shown == {row["title"]: f"{row['metrics']['zone_mae']['value']:.3f}" for row in result["rows"]}


@pytest.fixture(scope="module")
def done(look):
    return look("interaction")


def test_using_the_pages_raises_no_error_or_request(done):
    assert done["seen"] == {"errors": [], "requests": []}


def test_rows_from_inline_data_equal_those_of_the_page(done, look):
    first, later = (set(), [])
    for rows in look("withoutScripts")["ranking"]:
        later.append(rows) if not rows[0][0].startswith("1 ") else first.update(row[1] for row in rows)
    assert done["filled"] in later
    assert not {row[1] for row in done["filled"]} & first


def test_sorting_includes_rows_that_are_not_shown(done, long):
    assert done["sorted"]["hash"] == "#sort=ranking%3Azone_pearson%3Adesc"
    assert done["sorted"]["status"] == "Sorted by Pearson r, descending"
    text = (long / "tracks" / "brixia-severity--brixia-cohen--test.json").read_text("utf-8")
    rows = [row for row in json.loads(text)["rows"] if row["rank"]]
    best = sorted(rows, key=lambda row: (-round(row["metrics"]["zone_pearson"]["value"], 3), row["rank"]))
    ranked, apart = done["sorted"]["titles"]
    assert ([title[:11] for title in ranked], apart) == ([row["title"] for row in best[:ROWS_PER_PAGE]], [])


def test_the_next_page_continues_the_order(done):
    assert done["turned"]["text"] == f"Rows {ROWS_PER_PAGE + 1}\N{EN DASH}{2 * ROWS_PER_PAGE} of {SUBMISSIONS}"
    assert done["turned"]["hash"] == "#sort=ranking%3Azone_pearson%3Adesc&page=ranking%3A2"
    assert not set(done["turned"]["titles"][0]) & set(done["sorted"]["titles"][0])


def test_the_address_restores_the_state(done):
    assert done["again"] == {"titles": done["turned"]["titles"], "order": "descending"}


def test_filtering_finds_rows_that_were_not_shown(done):
    assert [title[:11] for title in done["filtered"]["titles"][0]] == ["System 0007"]
    assert done["filtered"]["hash"] == "#sort=ranking%3Azone_pearson%3Adesc&filter=system+0007"
    assert done["none"] == {"titles": [[], []], "text": "No row has these words"}


def test_a_heading_of_a_later_page_sorts_the_whole_table(done):
    assert done["fromPart"] == {key: done["sorted"][key] for key in ("hash", "titles")}


def test_the_theme_is_kept_from_page_to_page(done):
    light, dark, elsewhere = done["theme"]
    assert light == "rgb(255, 255, 255)"
    assert dark == elsewhere != light


def test_every_export_opens_or_is_saved_whole(done, site):
    folder = site / "tracks"
    assert len(done["downloads"]) == 4
    for name, content in done["downloads"].items():
        assert content.strip() == (folder / name).read_text("utf-8").strip()


def test_the_first_tab_stop_skips_to_the_content(done):
    assert done["firstFocus"] == "Skip to the content"


def test_print_has_white_paper_whole_tables_and_no_navigation(done):
    assert done["printed"] == ["rgb(255, 255, 255)", "none", "visible"]
