import base64
import csv
import hashlib
import io
import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from cxrbench.catalog import read_cards

TRACK = "tracks/brixia-severity--brixia-cohen--test.html"
CLAIMED = "tracks/brixia-severity--brixia-cohen--all.html"
PHANTOM = "tracks/brixia-severity--phantom--test.html"


@pytest.fixture(scope="module", params=["plain", "illustrated"])
def pages(request, site, illustrated):
    """Every page; of the site whose results carry figures those that show them."""
    if request.param == "plain":
        return sorted(site.rglob("*.html"))
    return [illustrated / "index.html", *sorted(illustrated.glob("tracks/*.html"))]


def list_leaves(content):
    """List every number and every text of a JSON value, as text."""
    if isinstance(content, dict):
        return {leaf for value in content.values() for leaf in list_leaves(value)}
    if isinstance(content, list):
        return {leaf for value in content for leaf in list_leaves(value)}
    return {str(content)}


def read_exports(page):
    """Read the contents of the exports that a page links for download."""
    contents = set()
    for link in page["root"].find_all("a", download=None):
        path = page["path"].parent / unquote(link.attrs["href"])
        if path.suffix == ".json":
            contents |= list_leaves(json.loads(path.read_text("utf-8")))
        elif path.suffix == ".csv":
            contents |= {cell for row in csv.reader(io.StringIO(path.read_text("utf-8"))) for cell in row}
    return contents


def find_number(text):
    """Find the first number of a text; a true minus counts as a minus."""
    match = re.search(r"[-+]?\d[\d.]*(e[-+]?\d+)?", text.replace("\N{MINUS SIGN}", "-"))
    return (float(match[0]), match[0]) if match else None


def test_every_number_on_a_page_is_in_its_exports(pages, page):
    seen = 0
    for path in pages:
        root = page(path)
        contents = read_exports({"root": root, "path": path})
        marked = {
            element.attrs[name]: element
            for element in root.find("main").find_all()
            for name in ("data-value", "data-low", "data-high")
            if name in element.attrs
        }
        missing = set(marked) - contents
        assert not missing, f"{path.name}: {sorted(missing)[:5]}"
        seen += len(marked)
    assert seen > 300


def test_a_number_in_a_table_carries_its_exact_value(pages, page):
    """A cell of numbers with a digit has the value that it rounds."""
    for path in pages:
        for cell in page(path).find_all("td"):
            if "num" in cell.attrs.get("class", "").split() and find_number(cell.text):
                assert "data-value" in cell.attrs or "empty" in cell.attrs["class"], f"{path.name}: {cell.text}"


def test_what_is_shown_is_the_exact_value_rounded(pages, page):
    checked = 0
    for path in pages:
        for cell in page(path).find_all("td"):
            key = cell.attrs.get("data-key", "")
            if "data-value" not in cell.attrs or key in {"parameters", "macs", "peak_memory_bytes"}:
                continue
            value, text = find_number(cell.text)
            decimals = len(text.partition(".")[2])
            assert abs(value - float(cell.attrs["data-value"])) <= 0.5 * 10**-decimals + 1e-12, f"{key}: {cell.text}"
            checked += 1
    assert checked > 500


def test_tables_are_complete_without_the_script(site, page):
    """Every row, caption, heading and value is in the file itself."""
    table = page(site / TRACK).find("table", id="ranking")
    names = [row.find("th", scope="row").find("bdi", class_="title").text for row in list_rows(table)]
    assert names == ["Beta", "Gamma", "Alpha", "Zeta", "Radiologist (junior)", "Epsilon", "Delta"]
    assert "0.400" in list_rows(table)[0].text
    assert "[0.349, 0.474]" in list_rows(table)[0].text


def list_rows(table):
    return [
        row
        for body in table.find_all("tbody")
        for row in body.find_all("tr")
        if "section" not in row.attrs.get("class", "")
    ]


def find_cell(row, key):
    return row.find("td", data_key=key)


def test_ranks_follow_the_primary_metric_and_ties_share(site, page):
    ranked, apart = page(site / TRACK).find("table", id="ranking").find_all("tbody")
    assert [find_cell(row, "rank").text for row in ranked.find_all("tr")] == ["1", "1", "3", "4"]
    assert {find_cell(row, "rank").text for row in apart.find_all("tr") if row.attrs.get("class") != "section"} == {
        "\N{EN DASH}"
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Delta", "predicts 47 of 48 cases"),
        ("Epsilon", "trained on 12 of the 36 patients of this track"),
        ("Radiologist (junior)", "readings of a radiologist"),
    ],
)
def test_rows_without_a_rank_give_the_reason(site, page, name, reason):
    table = page(site / TRACK).find("table", id="ranking")
    row = next(row for row in list_rows(table) if row.find("bdi", class_="title").text == name)
    assert f"Not ranked: {reason}" in row.text


def test_an_undefined_metric_is_a_dash_with_its_reason(site, page):
    table = page(site / TRACK).find("table", id="ranking")
    undefined = find_cell(next(row for row in list_rows(table) if "Zeta" in row.text), "zone_pearson")
    assert undefined.text == "\N{EN DASH}prediction is constant"
    assert "data-value" not in undefined.attrs


def test_coverage_and_isolation_are_marked(site, page):
    table = page(site / "index.html").find("table", id="overview")
    by_name = {row.find("bdi").text: row for row in list_rows(table)}
    assert "47 of 48 cases" in by_name["Delta"].text
    assert "trained on these patients" in by_name["Epsilon"].text
    assert "not isolated" in by_name["Zeta"].text
    assert "not isolated" not in by_name["Alpha"].text
    assert "radiologist" in by_name["Radiologist (junior)"].text


def test_reported_values_have_a_table_of_their_own(site, page):
    root = page(site / CLAIMED)
    table = root.find("table", id="claims")
    names = [row.find("span", class_="title").text for row in list_rows(table)]
    assert names == ["radiologist-rj", "bs-net-ha", "bs-net"]
    assert "not yet checked" in root.find("section", aria_labelledby="reported").text
    assert not list(root.find_all("table", id="ranking"))


def test_the_opposite_sign_of_the_mean_error_is_shown(site, page):
    root = page(site / CLAIMED)
    junior = find_cell(list_rows(root.find("table", id="claims"))[0], "zone_mean_error")
    assert junior.text == "+0.131opposite sign; in this site's sign \N{MINUS SIGN}0.131"
    assert "opposite sign" in root.find("section", aria_labelledby="reported").find("ul").text
    networks = find_cell(list_rows(root.find("table", id="claims"))[1], "zone_mean_error")
    assert networks.text == "\N{MINUS SIGN}0.143"


def test_reported_digits_keep_their_trailing_zeros(site, page):
    table = page(site / "claims.html").find("table", id="t-signoroni2020-bsnet")
    assert "0.370" in {find_cell(row, "value").text[:5] for row in list_rows(table)}


def test_the_page_of_reported_values_has_all_of_them(site, page):
    root = page(site / "claims.html")
    shown = [row for table in root.find_all("table") for row in list_rows(table)]
    lines = list(csv.DictReader(io.StringIO((site / "claims.csv").read_text("utf-8"))))
    assert len(shown) == len(lines) > 600
    verdicts = [line["verdict"] for line in lines]
    assert sorted(find_cell(row, "verdict").text.partition("the printed")[0][:5] for row in shown) == sorted(
        text[:5] for text in verdicts
    )
    assert set(verdicts) == {"equal", "differs", "undefined", "not yet checked"}
    assert all(find_cell(row, "where").text for row in shown)


def test_a_checked_value_shows_what_was_recomputed(site, page):
    table = page(site / "claims.html").find("table", id="t-danilov2022-scoring")
    checked = [row for row in list_rows(table) if "data-value" in find_cell(row, "recomputed").attrs]
    assert len(checked) > 100
    for row in checked:
        gap = abs(
            float(find_cell(row, "recomputed").attrs["data-value"]) - float(find_cell(row, "value").attrs["data-value"])
        )
        verdict = find_cell(row, "verdict").text
        assert gap <= 0.5 + 1e-9 if verdict == "equal" else len(verdict) > len("differs")


def test_synthetic_tracks_are_separate_and_marked(site, page):
    overview = page(site / "index.html")
    real, synthetic = overview.find("table", id="overview"), overview.find("table", id="overview-synthetic")
    assert "phantom" not in real.text
    assert "brixia-cohen" not in synthetic.text
    for root in (overview.find("section", aria_labelledby="synthetic"), page(site / PHANTOM)):
        assert "not that it can read radiographs" in root.find("p", class_="banner").text
    assert not list(page(site / TRACK).find_all("p", class_="banner"))


def test_every_dataset_has_its_card(site, page):
    for name, card in read_cards().items():
        root = page(site / "datasets" / f"{name}.html")
        assert card.licence in root.text
        assert all(problem in root.text for problem in card.problems)


def test_no_page_needs_the_network(pages, page):
    for path in pages:
        for element in page(path).find_all():
            for name in ("srcset", "data", "poster", "action", "formaction", "xlink:href"):
                assert name not in element.attrs, f"{path.name}: {element.tag} {name}"
            source = element.attrs.get("src", "data:image/")
            inside = source.startswith("../phantom/") and (path.parent / source).is_file()
            assert inside or source.startswith("data:image/"), f"{path.name}: {element.tag} src"
            if element.tag != "a":
                assert element.attrs.get("href", "data:,") == "data:,", f"{path.name}: {element.tag}"
        text = path.read_text("utf-8")
        assert "@import" not in text
        assert "url(" not in text
        assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(|type=\"module\"", text)


def test_links_lead_to_existing_files_and_anchors(pages, page):
    for path in pages:
        for link in page(path).find_all("a"):
            parts = urlsplit(link.attrs["href"])
            if parts.scheme:
                assert parts.scheme in {"http", "https"}
                continue
            target = path.parent / unquote(parts.path) if parts.path else path
            assert target.is_file(), f"{path.name}: {link.attrs['href']}"
            if parts.fragment:
                assert list(page(target).find_all(id=parts.fragment)), f"{path.name}: {link.attrs['href']}"


def test_ids_are_unique_and_references_exist(pages, page):
    for path in pages:
        elements = list(page(path).find_all())
        ids = [element.attrs["id"] for element in elements if "id" in element.attrs]
        assert len(ids) == len(set(ids)), path.name
        for element in elements:
            for name in ("aria-labelledby", "for"):
                assert set(element.attrs.get(name, "").split()) <= set(ids), f"{path.name}: {element.attrs}"


def test_pages_can_be_used_by_keyboard_and_screen_reader(pages, page):
    for path in pages:
        root = page(path)
        assert root.find("html").attrs["lang"] == "en"
        assert root.find("a", class_="skip").attrs["href"] == "#main"
        assert len(list(root.find_all("h1"))) == 1
        for table in root.find_all("table"):
            assert table.find("caption").text.strip()
            assert all("scope" in heading.attrs for heading in table.find_all("th"))
        for heading in root.find_all("th"):
            buttons = list(heading.find_all("button"))
            assert bool(buttons) == ("aria-sort" in heading.attrs)
            assert all(button.attrs["type"] == "button" for button in buttons)
        for drawing in root.find_all("svg", role="img"):
            assert drawing.find("title").text
            assert drawing.find("desc").text


def test_rows_have_a_cell_for_every_column(pages, page):
    for path in pages:
        for table in page(path).find_all("table"):
            head = [row for part in table.find_all("thead") for row in part.find_all("tr")]
            first = sum(int(heading.attrs.get("colspan", 1)) for heading in head[0].find_all("th"))
            keys = {button.attrs["data-key"] for button in table.find("thead").find_all("button")}
            for row in list_rows(table):
                cells = [part for part in row.parts if not isinstance(part, str)]
                assert len(cells) == first, f"{path.name}: {row.text[:60]}"
                assert keys <= {item.attrs.get("data-key") for item in cells}


def test_the_policy_allows_the_inlined_script_and_style_only(pages, page):
    for path in pages:
        root = page(path)
        policy = root.find("meta", http_equiv="Content-Security-Policy").attrs["content"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag in ("script", "style"):
            digest = base64.b64encode(hashlib.sha256(root.find(tag).text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert not [
            tag for tag in root.find_all() if "style" in tag.attrs or any(key.startswith("on") for key in tag.attrs)
        ]


def test_the_front_page_is_small(site):
    assert (site / "index.html").stat().st_size < 300 * 1024


def test_exports_hold_every_metric_of_every_row(site):
    lines = list(csv.DictReader(io.StringIO((site / PHANTOM).with_suffix(".csv").read_text("utf-8"))))
    assert {line["metric"]: line["value"] for line in lines}["zone_mae"] == "0.123456789"
    assert len(lines) == 10
    rows = json.loads((site / TRACK).with_suffix(".json").read_text("utf-8"))["rows"]
    lines = list(csv.DictReader(io.StringIO((site / TRACK).with_suffix(".csv").read_text("utf-8"))))
    assert sum(len(row["metrics"]) for row in rows) == len(lines) == 70


def test_the_exports_of_the_site_hold_every_row(site):
    lines = list(csv.DictReader(io.StringIO((site / "leaderboard.csv").read_text("utf-8"))))
    results = json.loads((site / "leaderboard.json").read_text("utf-8"))["results"]
    assert len(lines) == len(results) == 8
    assert [(line["submission"], line["track"]) for line in lines] == [
        (record["submission"], record["track"]) for record in results
    ]
    assert {line["metric"] for line in lines} == {"zone_mae"}


def test_ids_of_other_cases_are_not_in_the_site(site):
    from cxrbench.splits import load_split

    for case in load_split("brixia-cohen").cases("test")[:5]:
        assert not [path for path in site.rglob("*") if path.is_file() and case.encode() in path.read_bytes()]


def test_bibtex_has_the_hash_of_the_split(site):
    from cxrbench.splits import load_split

    text = (site / TRACK).with_suffix(".bib").read_text("utf-8")
    assert load_split("brixia-cohen").sha256 in text
    assert text.count("{") == text.count("}")
