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
    """The page as the browser has it after its script ran."""

    def dump(path, address):
        arguments = [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"{path.as_uri()}{address}",
        ]
        done = subprocess.run(arguments, capture_output=True, timeout=120, check=True)
        dom = tmp_path / "dom.html"
        dom.write_bytes(done.stdout)
        return page(dom)

    return dump


def names(root, body):
    table = root.one("table", id="ranking")
    return [
        row.one("bdi", class_="title").text
        for row in list(table.all("tbody"))[body].all("tr")
        if not row.attrs.get("class")
    ]


def test_sorting_by_the_address_orders_each_part_and_keeps_them_apart(site, dumped):
    root = dumped(site / TRACK, "#sort=ranking:zone_mae:desc")
    assert names(root, 0) == ["Zeta", "Alpha", "Beta", "Gamma"]
    assert names(root, 1) == ["Delta", "Epsilon"]
    sorted_heads = [
        head for head in root.one("table", id="ranking").all("th") if head.attrs.get("aria-sort", "none") != "none"
    ]
    assert [(head.one("button").attrs["data-key"], head.attrs["aria-sort"]) for head in sorted_heads] == [
        ("zone_mae", "descending")
    ]
    assert root.one("p", id="status").text == "Sorted by MAE, descending"
    assert root.one("html").attrs["class"] == "js"


def test_undefined_values_come_last_whichever_way(site, dumped):
    for order in ("asc", "desc"):
        assert names(dumped(site / TRACK, f"#sort=ranking:zone_pearson:{order}"), 0)[-1] == "Zeta"


def test_words_sort_as_words(site, dumped):
    assert names(dumped(site / TRACK, "#sort=ranking:submission:desc"), 0) == ["Zeta", "Gamma", "Beta", "Alpha"]


@pytest.mark.parametrize("address", ["#sort=absent:zone_mae:asc", "#sort=ranking:absent:asc&page=x", "#sort=%"])
def test_an_address_that_means_nothing_changes_nothing(site, dumped, address):
    assert names(dumped(site / TRACK, address), 0) == ["Beta", "Gamma", "Alpha", "Zeta"]


def test_claims_are_filtered_by_words(site, dumped):
    root = dumped(site / "claims.html", "#filter=radiologist-rj+table+9")
    shown = [
        row
        for table in root.all("table")
        for body in table.all("tbody")
        for row in body.all("tr")
        if "hidden" not in row.attrs
    ]
    assert len(shown) == 32
    assert all("radiologist-rj" in row.text and "Table 9" in row.text for row in shown)


def test_a_click_sorts_and_the_address_remembers(site, dumped, tmp_path):
    """The click comes from a script put into a copy of the page, whose policy is taken out for it."""
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
    assert root.one("head").one("title").text == "#sort=ranking%3Azone_pearson%3Adesc"
    assert sorted(names(root, 0)[:-1]) == ["Alpha", "Beta", "Gamma"]
    assert names(root, 0)[-1] == "Zeta"


def test_words_in_a_result_run_no_script(tmp_path, make, keep, dumped):
    from cxrbench_leaderboard.build import build

    words = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
    keep(tmp_path / "in", make("alpha", title=words))
    root = dumped(build([tmp_path / "in"], tmp_path / "out").index, "")
    assert root.one("head").one("title").text == "Overview · cxrbench"
