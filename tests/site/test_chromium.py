"""Every page in a real Chromium from the disk, the network off: what `browse.cjs` saw, by kind of look."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from cxrbench_leaderboard.build import build
from cxrbench_leaderboard.views.paging import ROWS

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
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A site whose tables have three parts."""
    folder = tmp_path_factory.mktemp("long")
    write_results(folder / "in", SUBMISSIONS, TRACKS)
    return build([folder / "in"], folder / "out").index.parent


@pytest.fixture(scope="module")
def look(site, long):
    """What one kind of look at the two sites found."""

    @cache
    def found(what):
        command = ["node", "browse.cjs", CHROMIUM, str(site), str(long), what]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=560, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)[what]

    return found


def test_every_page_opens_from_the_disk_without_an_error_or_a_request(look, site):
    found = look("everyPage")
    assert set(found) == {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {name: one for name, one in found.items() if one["errors"] or one["requests"]} == {}
    assert {name for name, one in found.items() if one["wide"] > 0} == set()
    assert {name: one["broken"] for name, one in found.items() if one["broken"]} == {}


@pytest.fixture(scope="module")
def kinds(look):
    return look("everyKind")


def test_axe_finds_nothing_serious_on_any_kind_of_page_light_or_dark(kinds):
    assert len(kinds) == 30
    assert [(one["name"], one["colorScheme"], one["grave"]) for one in kinds if one["grave"]] == []


def test_no_kind_of_page_is_wider_than_a_telephone(kinds):
    assert [(one["name"], one["phone"]) for one in kinds if one["phone"] > 390] == []


def test_without_scripts_the_parts_of_a_table_hold_all_its_rows(look, long):
    found = look("withoutScripts")
    names = {f"System {number:04d}" for number in range(SUBMISSIONS)}
    for table, column in (("ranking", 1), ("overview", 0)):
        rows = [row for part in found[table] for row in part]
        assert len(rows) == SUBMISSIONS
        assert {row[column][:11] for row in rows} == names
        assert max(map(len, found[table])) == ROWS
    assert len(found["short"]) == 7
    result = json.loads((long / "tracks" / "brixia-severity--brixia-cohen--test.json").read_text("utf-8"))
    shown = {row[1][:11]: row[2][:5] for part in found["ranking"] for row in part}
    assert shown == {row["title"]: f"{row['metrics']['zone_mae']['value']:.3f}" for row in result["rows"]}


@pytest.fixture(scope="module")
def done(look):
    return look("interaction")


def test_using_the_pages_raises_no_error_and_asks_nobody(done):
    assert done["seen"] == {"errors": [], "requests": []}


def test_rows_made_by_the_script_read_as_those_of_the_page(done, look):
    first = next(part for part in look("withoutScripts")["ranking"] if part[0][0].startswith("1"))
    assert done["made"] == first


def test_sorting_takes_in_the_rows_that_are_not_shown(done, long):
    assert done["sorted"]["hash"] == "#sort=ranking%3Azone_pearson%3Adesc"
    assert done["sorted"]["said"] == "Sorted by Pearson r, descending"
    text = (long / "tracks" / "brixia-severity--brixia-cohen--test.json").read_text("utf-8")
    rows = [row for row in json.loads(text)["rows"] if row["rank"]]
    best = sorted(rows, key=lambda row: (-round(row["metrics"]["zone_pearson"]["value"], 3), row["rank"]))
    ranked, apart = done["sorted"]["titles"]
    assert ([title[:11] for title in ranked], apart) == ([row["title"] for row in best[:ROWS]], [])


def test_turning_the_page_goes_on_in_that_order(done):
    assert done["turned"]["text"] == f"Rows {ROWS + 1}\N{EN DASH}{2 * ROWS} of {SUBMISSIONS}"
    assert done["turned"]["hash"] == "#sort=ranking%3Azone_pearson%3Adesc&page=ranking%3A2"
    assert not set(done["turned"]["titles"][0]) & set(done["sorted"]["titles"][0])


def test_the_address_brings_back_what_was_seen(done):
    assert done["again"] == {"titles": done["turned"]["titles"], "order": "descending"}


def test_filtering_finds_rows_that_were_not_shown(done):
    assert [title[:11] for title in done["filtered"]["titles"][0]] == ["System 0007"]
    assert done["filtered"]["hash"] == "#sort=ranking%3Azone_pearson%3Adesc&filter=system+0007"
    assert done["none"] == {"titles": [[], []], "text": "No row has these words"}


def test_a_heading_of_a_later_part_leads_to_the_whole_table_sorted(done):
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


def test_the_first_stop_of_the_keyboard_skips_to_the_content(done):
    assert done["firstFocus"] == "Skip to the content"


def test_print_has_white_paper_whole_tables_and_no_navigation(done):
    assert done["printed"] == ["rgb(255, 255, 255)", "none", "visible"]


def test_sorting_a_long_overview_takes_less_than_a_tenth_of_a_second(look):
    assert look("sortingTime") < 100
