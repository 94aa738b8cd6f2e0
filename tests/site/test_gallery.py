"""The gallery page: every picture is present, complete and described, and the page contains all that it shows."""

import base64
import csv
import io

import cv2
import numpy as np
from cxrbench_leaderboard.model.gallery import list_exhibits


def test_the_gallery_shows_twelve_studies_with_their_scores(site, page):
    root = page(site / "gallery.html")
    images = list(root.find_all("img"))
    assert len(images) == len(list(root.find_all("h2"))) == 12
    assert all(image.attrs["alt"].count("Brixia") == 1 for image in images)
    for image in images:
        packed = np.frombuffer(base64.b64decode(image.attrs["src"].partition(",")[2]), np.uint8)
        assert packed.size < 40 * 1024
        height, width, _ = cv2.imdecode(packed, cv2.IMREAD_COLOR).shape
        assert (str(width), str(height)) == (image.attrs["width"], image.attrs["height"])


def test_the_gallery_is_marked_synthetic_and_is_linked(site, page):
    assert "not that it can read radiographs" in page(site / "gallery.html").find("p", class_="banner").text
    for place, target in (("index.html", "gallery.html"), ("datasets/phantom.html", "../gallery.html")):
        assert list(page(site / place).find_all("a", href=target))


def test_the_facts_of_the_studies_are_exported(site):
    lines = list(csv.DictReader(io.StringIO((site / "gallery.csv").read_text("utf-8"))))
    assert lines == [exhibit.facts for exhibit in list_exhibits()]


def test_named_cases_of_the_phantom_are_shown(site, page):
    cells = [
        list(cell.find_all("li"))
        for cell in page(site / "submissions" / "alpha.html").find("table", id="case-list").find_all("td")
    ]
    (known, unknown), (best,) = cells[1], cells[2]
    assert not list(unknown.find_all("img"))
    for item in (known, best):
        image, case = item.find("img"), item.find("code").text
        assert image.attrs["src"] == f"../phantom/{case}.webp"
        assert "Brixia zones A to F" in image.attrs["alt"]
        height, width, _ = cv2.imread(str(site / "phantom" / f"{case}.webp")).shape
        assert (str(width), str(height)) == (image.attrs["width"], image.attrs["height"])


def test_healthy_and_every_other_disease_are_shown():
    titles = [exhibit.title for exhibit in list_exhibits()]
    for wanted in ("Healthy", "Nodule", "Effusion", "Lobar pneumonia", "Atelectasis", "Pulmonary oedema"):
        assert wanted in titles
    assert sum(title.startswith("COVID-19") for title in titles) == 5
