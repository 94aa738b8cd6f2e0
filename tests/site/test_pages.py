import base64
import csv
import hashlib
import io
import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from cxrbench.catalog import cards

TRACK = "tracks/brixia-severity--brixia-cohen--test.html"
CLAIMED = "tracks/brixia-severity--brixia-cohen--all.html"
PHANTOM = "tracks/brixia-severity--phantom--test.html"


@pytest.fixture(scope="module", params=["plain", "illustrated"])
def pages(request, site, illustrated):
    """Every page; of the site whose results carry figures those that show them."""
    if request.param == "plain":
        return sorted(site.rglob("*.html"))
    return [illustrated / "index.html", *sorted(illustrated.glob("tracks/*.html"))]


def leaves(content):
    """Every number and every text of a JSON value, as text."""
    if isinstance(content, dict):
        return {leaf for value in content.values() for leaf in leaves(value)}
    if isinstance(content, list):
        return {leaf for value in content for leaf in leaves(value)}
    return {str(content)}


def exported(page):
    """What the exports beside a page hold: those that the page links for download."""
    found = set()
    for link in page["root"].all("a", download=None):
        path = page["path"].parent / unquote(link.attrs["href"])
        if path.suffix == ".json":
            found |= leaves(json.loads(path.read_text("utf-8")))
        elif path.suffix == ".csv":
            found |= {cell for row in csv.reader(io.StringIO(path.read_text("utf-8"))) for cell in row}
    return found


def shown_number(text):
    """The first number of a text, a true minus read as a minus."""
    found = re.search(r"[-+]?\d[\d.]*(e[-+]?\d+)?", text.replace("\N{MINUS SIGN}", "-"))
    return (float(found[0]), found[0]) if found else None


def test_every_number_on_a_page_is_in_the_exports_beside_it(pages, page):
    seen = 0
    for path in pages:
        root = page(path)
        found = exported({"root": root, "path": path})
        marked = {
            element.attrs[name]: element
            for element in root.one("main").all()
            for name in ("data-value", "data-low", "data-high")
            if name in element.attrs
        }
        missing = set(marked) - found
        assert not missing, f"{path.name}: {sorted(missing)[:5]}"
        seen += len(marked)
    assert seen > 300


def test_a_number_in_a_table_carries_its_exact_value(pages, page):
    """No digit stands in a cell of numbers without the value that it rounds."""
    for path in pages:
        for cell in page(path).all("td"):
            if "num" in cell.attrs.get("class", "").split() and shown_number(cell.text):
                assert "data-value" in cell.attrs or "empty" in cell.attrs["class"], f"{path.name}: {cell.text}"


def test_what_is_shown_is_the_exact_value_rounded(pages, page):
    checked = 0
    for path in pages:
        for cell in page(path).all("td"):
            key = cell.attrs.get("data-key", "")
            if "data-value" not in cell.attrs or key in {"parameters", "macs", "peak_memory_bytes"}:
                continue
            value, text = shown_number(cell.text)
            decimals = len(text.partition(".")[2])
            assert abs(value - float(cell.attrs["data-value"])) <= 0.5 * 10**-decimals + 1e-12, f"{key}: {cell.text}"
            checked += 1
    assert checked > 500


def test_tables_are_complete_without_the_script(site, page):
    """Every row, caption, heading and value is in the file itself."""
    table = page(site / TRACK).one("table", id="ranking")
    names = [row.one("th", scope="row").one("bdi", class_="title").text for row in rows(table)]
    assert names == ["Beta", "Gamma", "Alpha", "Zeta", "Radiologist (junior)", "Epsilon", "Delta"]
    assert "0.400" in rows(table)[0].text
    assert "[0.349, 0.474]" in rows(table)[0].text


def rows(table):
    return [row for body in table.all("tbody") for row in body.all("tr") if "section" not in row.attrs.get("class", "")]


def cell(row, key):
    return row.one("td", data_key=key)


def test_ranks_follow_the_primary_metric_and_ties_share(site, page):
    ranked, apart = page(site / TRACK).one("table", id="ranking").all("tbody")
    assert [cell(row, "rank").text for row in ranked.all("tr")] == ["1", "1", "3", "4"]
    assert {cell(row, "rank").text for row in apart.all("tr") if row.attrs.get("class") != "section"} == {"\N{EN DASH}"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Delta", "predicts 47 of 48 cases"),
        ("Epsilon", "trained on 12 of the track's 36 patients"),
        ("Radiologist (junior)", "a radiologist's own readings"),
    ],
)
def test_rows_out_of_the_ranking_say_why(site, page, name, reason):
    table = page(site / TRACK).one("table", id="ranking")
    own = next(row for row in rows(table) if row.one("bdi", class_="title").text == name)
    assert f"Not ranked: {reason}" in own.text


def test_an_undefined_metric_is_a_dash_with_its_reason(site, page):
    table = page(site / TRACK).one("table", id="ranking")
    own = cell(next(row for row in rows(table) if "Zeta" in row.text), "zone_pearson")
    assert own.text == "\N{EN DASH}prediction is constant"
    assert "data-value" not in own.attrs


def test_coverage_and_isolation_are_marked(site, page):
    table = page(site / "index.html").one("table", id="overview")
    by_name = {row.one("bdi").text: row for row in rows(table)}
    assert "47 of 48 cases" in by_name["Delta"].text
    assert "trained on these patients" in by_name["Epsilon"].text
    assert "not isolated" in by_name["Zeta"].text
    assert "not isolated" not in by_name["Alpha"].text
    assert "radiologist" in by_name["Radiologist (junior)"].text


def test_printed_claims_stand_apart_and_are_marked_as_printed(site, page):
    root = page(site / CLAIMED)
    table = root.one("table", id="claims")
    names = [row.one("span", class_="title").text for row in rows(table)]
    assert names == ["radiologist-rj", "bs-net-ha", "bs-net"]
    assert "not yet checked" in root.one("section", aria_labelledby="printed").text
    assert not list(root.all("table", id="ranking"))


def test_the_opposite_sign_of_the_printed_mean_error_is_said_beside_it(site, page):
    root = page(site / CLAIMED)
    own = cell(rows(root.one("table", id="claims"))[0], "zone_mean_error")
    assert own.text == "+0.131opposite sign; here \N{MINUS SIGN}0.131"
    assert "opposite sign" in root.one("section", aria_labelledby="printed").one("ul").text
    networks = cell(rows(root.one("table", id="claims"))[1], "zone_mean_error")
    assert networks.text == "\N{MINUS SIGN}0.143"


def test_printed_digits_keep_their_trailing_zeros(site, page):
    table = page(site / "claims.html").one("table", id="t-signoroni2020-bsnet")
    assert "0.370" in {cell(row, "value").text[:5] for row in rows(table)}


def test_the_page_of_claims_has_all_of_them_with_place_and_verdict(site, page):
    root = page(site / "claims.html")
    found = [row for table in root.all("table") for row in rows(table)]
    lines = list(csv.DictReader(io.StringIO((site / "claims.csv").read_text("utf-8"))))
    assert len(found) == len(lines) > 600
    said = [line["verdict"] for line in lines]
    assert sorted(cell(row, "verdict").text.partition("the printed")[0][:5] for row in found) == sorted(
        text[:5] for text in said
    )
    assert set(said) == {"equal", "differs", "undefined", "not yet checked"}
    assert all(cell(row, "where").text for row in found)


def test_a_checked_claim_shows_what_was_recomputed_and_why_it_differs(site, page):
    table = page(site / "claims.html").one("table", id="t-danilov2022-scoring")
    found = [row for row in rows(table) if "data-value" in cell(row, "recomputed").attrs]
    assert len(found) > 100
    for row in found:
        gap = abs(float(cell(row, "recomputed").attrs["data-value"]) - float(cell(row, "value").attrs["data-value"]))
        verdict = cell(row, "verdict").text
        assert gap <= 0.5 + 1e-9 if verdict == "equal" else len(verdict) > len("differs")


def test_synthetic_tracks_are_apart_and_say_what_they_are(site, page):
    overview = page(site / "index.html")
    real, synthetic = overview.one("table", id="overview"), overview.one("table", id="overview-synthetic")
    assert "phantom" not in real.text
    assert "brixia-cohen" not in synthetic.text
    for root in (overview.one("section", aria_labelledby="synthetic"), page(site / PHANTOM)):
        assert "not that it reads radiographs" in root.one("p", class_="banner").text
    assert not list(page(site / TRACK).all("p", class_="banner"))


def test_every_dataset_has_its_card(site, page):
    for name, card in cards().items():
        root = page(site / "datasets" / f"{name}.html")
        assert card.licence in root.text
        assert all(problem in root.text for problem in card.problems)


def test_no_page_asks_the_network_for_anything(pages, page):
    for path in pages:
        for element in page(path).all():
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


def test_links_lead_to_files_and_places_that_exist(pages, page):
    for path in pages:
        for link in page(path).all("a"):
            parts = urlsplit(link.attrs["href"])
            if parts.scheme:
                assert parts.scheme in {"http", "https"}
                continue
            target = path.parent / unquote(parts.path) if parts.path else path
            assert target.is_file(), f"{path.name}: {link.attrs['href']}"
            if parts.fragment:
                assert list(page(target).all(id=parts.fragment)), f"{path.name}: {link.attrs['href']}"


def test_ids_are_unique_and_what_points_at_them_finds_them(pages, page):
    for path in pages:
        elements = list(page(path).all())
        ids = [element.attrs["id"] for element in elements if "id" in element.attrs]
        assert len(ids) == len(set(ids)), path.name
        for element in elements:
            for name in ("aria-labelledby", "for"):
                assert set(element.attrs.get(name, "").split()) <= set(ids), f"{path.name}: {element.attrs}"


def test_pages_can_be_used_by_keyboard_and_screen_reader(pages, page):
    for path in pages:
        root = page(path)
        assert root.one("html").attrs["lang"] == "en"
        assert root.one("a", class_="skip").attrs["href"] == "#main"
        assert len(list(root.all("h1"))) == 1
        for table in root.all("table"):
            assert table.one("caption").text.strip()
            assert all("scope" in heading.attrs for heading in table.all("th"))
        for heading in root.all("th"):
            buttons = list(heading.all("button"))
            assert bool(buttons) == ("aria-sort" in heading.attrs)
            assert all(button.attrs["type"] == "button" for button in buttons)
        for drawing in root.all("svg", role="img"):
            assert drawing.one("title").text
            assert drawing.one("desc").text


def test_rows_have_as_many_cells_as_the_head_has_columns(pages, page):
    for path in pages:
        for table in page(path).all("table"):
            head = [row for part in table.all("thead") for row in part.all("tr")]
            first = sum(int(heading.attrs.get("colspan", 1)) for heading in head[0].all("th"))
            keys = {button.attrs["data-key"] for button in table.one("thead").all("button")}
            for row in rows(table):
                cells = [part for part in row.parts if not isinstance(part, str)]
                assert len(cells) == first, f"{path.name}: {row.text[:60]}"
                assert keys <= {own.attrs.get("data-key") for own in cells}


def test_the_policy_lets_in_our_own_script_and_style_only(pages, page):
    for path in pages:
        root = page(path)
        policy = root.one("meta", http_equiv="Content-Security-Policy").attrs["content"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag in ("script", "style"):
            digest = base64.b64encode(hashlib.sha256(root.one(tag).text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert not [own for own in root.all() if "style" in own.attrs or any(key.startswith("on") for key in own.attrs)]


def test_the_front_page_is_small(site):
    assert (site / "index.html").stat().st_size < 300 * 1024


def test_exports_hold_every_metric_of_every_row(site):
    lines = list(csv.DictReader(io.StringIO((site / PHANTOM).with_suffix(".csv").read_text("utf-8"))))
    assert {line["metric"]: line["value"] for line in lines}["zone_mae"] == "0.123456789"
    assert len(lines) == 10
    rows = json.loads((site / TRACK).with_suffix(".json").read_text("utf-8"))["rows"]
    lines = list(csv.DictReader(io.StringIO((site / TRACK).with_suffix(".csv").read_text("utf-8"))))
    assert sum(len(row["metrics"]) for row in rows) == len(lines) == 70


def test_the_sites_exports_hold_every_row_with_its_primary_metric(site):
    lines = list(csv.DictReader(io.StringIO((site / "leaderboard.csv").read_text("utf-8"))))
    results = json.loads((site / "leaderboard.json").read_text("utf-8"))["results"]
    assert len(lines) == len(results) == 8
    assert [(line["submission"], line["track"]) for line in lines] == [
        (one["submission"], one["track"]) for one in results
    ]
    assert {line["metric"] for line in lines} == {"zone_mae"}


def test_ids_of_cases_that_no_result_names_stay_out_of_the_site(site):
    from cxrbench.splits import load_split

    for case in load_split("brixia-cohen").cases("test")[:5]:
        assert not [path for path in site.rglob("*") if path.is_file() and case.encode() in path.read_bytes()]


def test_bibtex_names_the_split_by_its_hash(site):
    from cxrbench.splits import load_split

    text = (site / TRACK).with_suffix(".bib").read_text("utf-8")
    assert load_split("brixia-cohen").sha256 in text
    assert text.count("{") == text.count("}")
