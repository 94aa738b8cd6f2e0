"""The gallery page: every picture is there, whole, described, and the page carries all that it shows."""

import base64
import csv
import io

import cv2
import numpy as np
from cxrbench_leaderboard.model.gallery import exhibits


def test_the_gallery_shows_twelve_studies_with_their_scores(site, page):
    root = page(site / "gallery.html")
    found = list(root.all("img"))
    assert len(found) == len(list(root.all("h2"))) == 12
    assert all(image.attrs["alt"].count("Brixia") == 1 for image in found)
    for image in found:
        packed = np.frombuffer(base64.b64decode(image.attrs["src"].partition(",")[2]), np.uint8)
        assert packed.size < 40 * 1024
        height, width, _ = cv2.imdecode(packed, cv2.IMREAD_COLOR).shape
        assert (str(width), str(height)) == (image.attrs["width"], image.attrs["height"])


def test_the_gallery_says_that_it_is_synthetic_and_can_be_reached(site, page):
    assert "not that it reads radiographs" in page(site / "gallery.html").one("p", class_="banner").text
    for place, target in (("index.html", "gallery.html"), ("datasets/phantom.html", "../gallery.html")):
        assert list(page(site / place).all("a", href=target))


def test_what_stands_beside_the_pictures_is_exported(site):
    lines = list(csv.DictReader(io.StringIO((site / "gallery.csv").read_text("utf-8"))))
    assert lines == [one.facts for one in exhibits()]


def test_cases_of_the_phantom_are_shown_where_they_are_named(site, page):
    cells = [
        list(cell.all("li"))
        for cell in page(site / "submissions" / "alpha.html").one("table", id="case-list").all("td")
    ]
    (known, unknown), (best,) = cells[1], cells[2]
    assert not list(unknown.all("img"))
    for item in (known, best):
        image, case = item.one("img"), item.one("code").text
        assert image.attrs["src"] == f"../phantom/{case}.webp"
        assert "Brixia zones A to F" in image.attrs["alt"]
        height, width, _ = cv2.imread(str(site / "phantom" / f"{case}.webp")).shape
        assert (str(width), str(height)) == (image.attrs["width"], image.attrs["height"])


def test_healthy_and_every_other_disease_are_shown():
    titles = [one.title for one in exhibits()]
    for wanted in ("Healthy", "Nodule", "Effusion", "Lobar pneumonia", "Atelectasis", "Pulmonary oedema"):
        assert wanted in titles
    assert sum(title.startswith("COVID-19") for title in titles) == 5
