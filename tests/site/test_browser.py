"""The pages in a real browser: sorting, filtering and state in the address, with the policy in force."""

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TRACK = "tracks/brixia-severity--brixia-cohen--test.html"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture
def dumped(tmp_path, page):
    """The page as the browser has it after its script has run."""

    def dump(path, address):
        arguments = [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"{path.as_uri()}{address}",
        ]
        done = subprocess.run(arguments, capture_output=True, check=True)
        dom = tmp_path / "dom.html"
        dom.write_bytes(done.stdout)
        return page(dom)

    return dump


def list_names(root, body):
    table = root.find("table", id="ranking")
    return [
        row.find("bdi", class_="title").text
        for row in list(table.find_all("tbody"))[body].find_all("tr")
        if not row.attrs.get("class")
    ]


def test_sorting_by_the_address_orders_each_part_of_the_table(site, dumped):
    root = dumped(site / TRACK, "#sort=ranking:zone_mae:desc")
    assert list_names(root, 0) == ["Zeta", "Alpha", "Beta", "Gamma"]
    assert list_names(root, 1) == ["Delta", "Epsilon"]
    sorted_heads = [
        head
        for head in root.find("table", id="ranking").find_all("th")
        if head.attrs.get("aria-sort", "none") != "none"
    ]
    assert [(head.find("button").attrs["data-key"], head.attrs["aria-sort"]) for head in sorted_heads] == [
        ("zone_mae", "descending")
    ]
    assert root.find("p", id="status").text == "Sorted by MAE, descending"
    assert root.find("html").attrs["class"] == "js"


def test_undefined_values_come_last_in_either_order(site, dumped):
    for order in ("asc", "desc"):
        assert list_names(dumped(site / TRACK, f"#sort=ranking:zone_pearson:{order}"), 0)[-1] == "Zeta"


def test_words_sort_as_words(site, dumped):
    assert list_names(dumped(site / TRACK, "#sort=ranking:submission:desc"), 0) == ["Zeta", "Gamma", "Beta", "Alpha"]


@pytest.mark.parametrize("address", ["#sort=absent:zone_mae:asc", "#sort=ranking:absent:asc&page=x", "#sort=%"])
def test_a_meaningless_address_changes_nothing(site, dumped, address):
    assert list_names(dumped(site / TRACK, address), 0) == ["Beta", "Gamma", "Alpha", "Zeta"]


def test_reported_values_are_filtered_by_words(site, dumped):
    root = dumped(site / "claims.html", "#filter=radiologist-rj+table+9")
    shown = [
        row
        for table in root.find_all("table")
        for body in table.find_all("tbody")
        for row in body.find_all("tr")
        if "hidden" not in row.attrs
    ]
    assert len(shown) == 32
    assert all("radiologist-rj" in row.text and "Table 9" in row.text for row in shown)


def test_a_click_sorts_and_the_address_remembers(site, dumped, tmp_path):
    """A script in a copy of the page clicks; the policy is removed from the copy for it."""
    folder = tmp_path / "copy"
    shutil.copytree(site, folder)
    target = Path(folder, TRACK)
    click = (
        "document.addEventListener('DOMContentLoaded', function () {"
        "document.querySelector('#ranking button[data-key=zone_pearson]').click();"
        "document.title = location.hash; });"
    )
    text = target.read_text("utf-8")
    policy = text.partition('<meta http-equiv="Content-Security-Policy"')[2].partition(">")[0]
    text = text.replace(f'<meta http-equiv="Content-Security-Policy"{policy}>', "")
    target.write_text(text.replace("</head>", f"<script>{click}</script></head>"), "utf-8")
    root = dumped(target, "")
    assert root.find("head").find("title").text == "#sort=ranking%3Azone_pearson%3Adesc"
    assert sorted(list_names(root, 0)[:-1]) == ["Alpha", "Beta", "Gamma"]
    assert list_names(root, 0)[-1] == "Zeta"


def test_words_in_a_result_run_no_script(tmp_path, make, keep, dumped):
    from cxrbench_leaderboard.build import build_site

    words = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
    keep(tmp_path / "in", make("alpha", title=words))
    root = dumped(build_site([tmp_path / "in"], tmp_path / "out").index, "")
    assert root.find("head").find("title").text == "Overview · cxrbench"
