"""Hostile content of a result: it is shown as text, shortened, or refused with the name of the file; never run."""

import csv
import io
import json

import pytest
from cxrbench.errors import DataError
from cxrbench_leaderboard.build import build_site
from cxrbench_leaderboard.model.text import BIDI

TRACK = "tracks/brixia-severity--brixia-cohen--test.html"
PAGE = "submissions/alpha.html"
SCRIPT = "<script>alert(1)</script>"


def build_from(tmp_path, keep, *results):
    keep(tmp_path / "in", *results)
    return build_site([tmp_path / "in"], tmp_path / "out").index.parent


@pytest.mark.parametrize(
    "words",
    [
        SCRIPT,
        "</title></script><img src=x onerror=alert(1)>",
        '"><svg onload=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "]]>-->",
    ],
)
def test_markup_in_texts_stays_text(tmp_path, make, keep, page, words):
    result = make("alpha", title=words, authors=words, metrics={}, sandbox=words)
    site = build_from(tmp_path, keep, result)
    for path in (site / "index.html", site / TRACK, site / PAGE):
        root = page(path)
        assert len(list(root.find_all("script"))) == 1
        assert not list(root.find_all("img"))
        assert not [tag for tag in root.find_all() if any(key.startswith("on") for key in tag.attrs)]
        assert words in root.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example", "file:///x"]
)
def test_only_web_addresses_become_links(tmp_path, make, keep, page, url):
    site = build_from(tmp_path, keep, make("alpha", url=url))
    links = [
        link.attrs["href"] for path in (site / TRACK, site / PAGE) for link in page(path).find("main").find_all("a")
    ]
    assert all(link.startswith(("../", "#", "alpha.", "brixia-")) for link in links)
    assert url in page(site / PAGE).find("main").text


def test_a_web_address_becomes_a_link_without_referrer(tmp_path, make, keep, page):
    site = build_from(tmp_path, keep, make("alpha", url="https://example.org/a?b=1&c=2"))
    link = page(site / PAGE).find("a", rel="nofollow noopener noreferrer")
    assert link.attrs == {"href": "https://example.org/a?b=1&c=2", "rel": "nofollow noopener noreferrer"}


def test_long_titles_are_shortened_on_pages_alone(tmp_path, make, keep, page):
    title = "x" * 200
    site = build_from(tmp_path, keep, make("alpha", title=title))
    shown = page(site / TRACK).find("table", id="ranking").find("bdi", class_="title").text
    assert shown == "x" * 89 + "…"
    assert title in (site / "leaderboard.json").read_text("utf-8")


def test_a_title_beyond_the_limit_is_refused(tmp_path, make, keep):
    path = keep(tmp_path / "in", make("alpha"))
    path.write_text(path.read_text().replace('"Alpha"', json.dumps("x" * 201)))
    with pytest.raises(DataError, match=r"submission\.title.*\.json"):
        build_site([tmp_path / "in"], tmp_path / "out")


def test_right_to_left_text_does_not_affect_its_neighbours(tmp_path, make, keep, page):
    site = build_from(tmp_path, keep, make("alpha", title="\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd"))
    text = (site / TRACK).read_text("utf-8")
    assert not set(text) & BIDI
    assert (
        page(site / TRACK).find("table", id="ranking").find("bdi", class_="title").text
        == "evil \u05e9\u05dc\u05d5\u05dd"
    )


def test_control_characters_reach_no_page(tmp_path, make, keep):
    site = build_from(tmp_path, keep, make("alpha", title="a\x00b\x1b[31m", authors="c\x07"))
    for path in site.rglob("*.html"):
        assert not set(path.read_text("utf-8")) & {"\x00", "\x1b", "\x07"}


@pytest.mark.parametrize("title", ["=HYPERLINK(0)", "+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_finds_no_formula(tmp_path, make, keep, title):
    site = build_from(tmp_path, keep, make("alpha", title=title))
    lines = list(csv.DictReader(io.StringIO((site / "leaderboard.csv").read_text("utf-8"))))
    assert {line["title"][0] for line in lines} == {"'"}


def change_file(path, *place, value):
    """Set a value deep in a JSON file, as someone with an editor would."""
    content = json.loads(path.read_text())
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("metrics", "zone_mae", "value"), float("nan")),
        (("metrics", "zone_mae", "high"), float("inf")),
        (("metrics", "zone_mae", "value"), 1e300),
        (("metrics", "zone_mae", "low"), 0.9),
        (("metrics", "zone_mae", "low"), None),
        (("metrics", "zone_mae", "value"), "0.1"),
        (("metrics", "zone_mae", "surprise"), 1),
        (("metrics", '"><script>'), {"value": 1, "low": 1, "high": 1, "n": 1, "n_patients": 1, "better": "lower"}),
        (("cost", "parameters"), -1),
        (("cost", "images_per_second"), 1e300),
        (("coverage", "predicted"), 49),
        (("coverage", "expected"), 1),
        (("track", "name"), "../../etc/passwd"),
        (("track", "name"), "brixia-severity/phantom/test"),
        (("track", "name"), "brixia-severity/unknown/test"),
        (("track", "synthetic"), True),
        (("track", "n_cases"), 47),
        (("primary",), "zone_pearson"),
        (("submission", "name"), "../up"),
        (("submission", "kind"), "radiologist"),
        (("provenance", "started"), "<script>"),
        (("schema",), 2),
    ],
)
def test_an_impossible_result_is_refused_by_name(tmp_path, make, keep, place, value):
    path = keep(tmp_path / "in", make("alpha"))
    change_file(path, *place, value=value)
    with pytest.raises(DataError, match=r"alpha/results/brixia-severity--brixia-cohen--test\.json") as caught:
        build_site([tmp_path / "in"], tmp_path / "out")
    assert caught.value.exit_code == 4
    assert "\n" not in caught.value.line
    assert not (tmp_path / "out").exists()


def test_a_result_on_another_split_version_is_not_ranked(tmp_path, make, keep, page):
    site = build_from(tmp_path, keep, make("alpha", place={"split_sha256": "0" * 64, "split_version": 7}))
    row = page(site / TRACK).find("table", id="ranking")
    assert "Not ranked: scored on another version of the split (version 7)" in row.text


def test_other_files_beside_results_are_ignored(tmp_path, make, keep):
    path = keep(tmp_path / "in", make("alpha"))
    path.with_suffix(".parquet").write_bytes(b"not read")
    (path.parent.parent / "notes.json").write_text("{")
    (path.parent / "folder.json").mkdir()
    assert build_site([tmp_path / "in"], tmp_path / "out").results == 1
