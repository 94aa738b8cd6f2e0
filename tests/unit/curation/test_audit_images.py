"""Planted duplicates are found, different images are not reported."""

import html.parser
import io
import json
import shutil

import numpy as np
import pytest
from cxrbench.case import Case, Image
from cxrbench.curation.audit.duplicates import find_duplicates
from cxrbench.curation.audit.fingerprint import compute_fingerprint, compute_perceptual_hash
from cxrbench.datasets import Dataset, load
from cxrbench.errors import DataError
from cxrbench.splits import Split, load_split
from PIL import Image as Raster


@pytest.fixture(scope="module")
def phantom():
    """Pixels of the first study of each phantom patient: different images of a thorax."""
    test_cases = set(load_split("phantom").cases("test"))
    cases = {case.patient: case for case in reversed(load("phantom").cases) if case.id in test_cases}
    return [cases[patient].image().pixels for patient in sorted(cases)]


def resized(pixels):
    return np.asarray(Raster.fromarray(pixels).resize((163, 201), Raster.Resampling.BILINEAR))


def brighter(pixels):
    return np.clip(0.75 * pixels + 0.2, 0, 1)


def darkened_by_gamma(pixels):
    return pixels**1.4


def through_jpeg(pixels):
    packed = io.BytesIO()
    Raster.fromarray((255 * pixels).astype(np.uint8)).save(packed, "JPEG", quality=50)
    return np.asarray(Raster.open(packed), np.float32) / 255


def noisy(pixels):
    return np.clip(pixels + np.random.default_rng(1).normal(0, 0.02, pixels.shape).astype(np.float32), 0, 1)


COPIES = {change.__name__: change for change in (np.copy, resized, brighter, darkened_by_gamma, through_jpeg, noisy)}


def dataset_of(pixels, name="planted"):
    def case(key, array):
        return Case(id=key, patient=key, dataset=name, load=lambda: Image(np.asarray(array, np.float32)))

    return Dataset(name, tuple(case(key, array) for key, array in pixels.items()))


def split_of(dataset, part_of):
    patients = {case.id: case.patient for case in dataset.cases}
    return Split(dataset=dataset.name, origin="ours", licence="", note="", patients=patients, part_of=part_of)


@pytest.mark.parametrize("change", COPIES)
def test_only_the_copy_of_an_image_is_found(phantom, change):
    pixels = {f"train-{i}": array for i, array in enumerate(phantom)} | {"test-0": COPIES[change](phantom[7])}
    dataset = dataset_of(pixels)
    split = split_of(dataset, {name: name.split("-")[0] for name in pixels})
    search = find_duplicates([dataset], [split])
    assert search.images == len(phantom) + 1
    (pair,) = search.duplicates
    assert (pair.a.case, pair.b.case) == ("test-0", "train-7")
    assert pair.kind == ("identical" if change == "copy" else "near")
    assert pair.straddles == ("planted",)
    assert pair.two_patients
    assert (pair.correlation is None) == (change == "copy")


def test_different_images_are_not_reported(phantom):
    noise = np.random.default_rng(0).random((60, 90, 80), dtype=np.float32)
    pixels = {f"thorax-{i}": array for i, array in enumerate(phantom)}
    pixels |= {f"noise-{i}": array for i, array in enumerate(noise)}
    assert find_duplicates([dataset_of(pixels)], []).duplicates == ()


def test_copies_elsewhere_or_unused_are_in_one_part(phantom):
    first, second = dataset_of({"a": phantom[0], "b": phantom[0]}, "one"), dataset_of({"a": phantom[0]}, "two")
    split = split_of(first, {"a": "train", "b": "unused"})
    pairs = find_duplicates([first, second], [split]).duplicates
    assert [(pair.a.dataset, pair.b.dataset) for pair in pairs] == [("one", "one"), ("one", "two"), ("one", "two")]
    assert all(pair.straddles == () for pair in pairs)
    assert [pair.two_patients for pair in pairs] == [True, False, False]


def test_constant_images_are_alike_only_if_identical():
    flat = {str(i): np.full((40, 40), value, np.float32) for i, value in enumerate((0.2, 0.2, 0.8))}
    (pair,) = find_duplicates([dataset_of(flat)], []).duplicates
    assert (pair.kind, pair.a.case, pair.b.case) == ("identical", "0", "1")


def test_an_image_that_cannot_be_read_is_named(phantom):
    def broken():
        raise DataError("cannot be decoded", "x.png", "fetch it again")

    dataset = dataset_of({"a": phantom[0]})
    bad = Case(id="b", patient="b", dataset="planted", load=broken)
    search = find_duplicates([Dataset("planted", (*dataset.cases, bad))], [])
    assert search.images == 1
    assert [(image.case, image.reason) for image in search.unreadable] == [
        ("b", "cannot be decoded: x.png; fetch it again")
    ]


def test_no_available_image_is_an_error():
    with pytest.raises(DataError, match=r"no image is available.*--images"):
        find_duplicates([Dataset("d", (Case(id="a", patient="a", dataset="d"),))], [])


def test_fingerprints(phantom):
    fingerprint = compute_fingerprint(Image(phantom[0]))
    assert fingerprint.thumbnail.shape == (64 * 64,)
    assert np.linalg.norm(fingerprint.thumbnail) == pytest.approx(1, abs=1e-5)
    assert fingerprint.thumbnail.mean() == pytest.approx(0, abs=1e-6)
    assert compute_perceptual_hash(phantom[0] * 0.5 + 0.1) == compute_perceptual_hash(phantom[0])
    volume = np.stack([(1000 * phantom[0]).astype(np.int16)] * 3)
    assert compute_fingerprint(Image(volume, "ct")).thumbnail == pytest.approx(fingerprint.thumbnail, abs=0.01)


class Outline(html.parser.HTMLParser):
    """Headings, whether anything is loaded from elsewhere, and whether every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.foreign, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.foreign += [value for key, value in attrs if key in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_command_finds_a_planted_copy_and_writes_a_page(command, synthetic_copy, tmp_path):
    split = load_split("brixia-cohen")
    folder = synthetic_copy / "brixia-cohen/public-cohen-subset"
    train, test = (next(name for name in split.cases(part) if name.endswith(".png")) for part in ("train", "test"))
    shutil.copy(folder / train, folder / test)
    page = tmp_path / "audit.html"
    done = command("splits", "audit", "brixia-cohen", "--images", "--json", "--page", page, "--data", synthetic_copy)
    assert done.code == 0
    report = json.loads(done.out)
    assert report["compared"] == 192
    (pair,) = report["duplicates"]
    assert {pair["a"]["case"], pair["b"]["case"]} == {train, test}
    assert pair["kind"] == "identical"
    assert "brixia-cohen" in pair["straddles"]
    outline = Outline()
    outline.feed(page.read_text("utf-8"))
    assert outline.open == []
    assert outline.foreign == []
    text = " ".join(outline.text)
    assert train in text
    assert "17" in text
    assert "<script" not in page.read_text("utf-8")


def test_names_are_escaped_on_the_page(phantom):
    from cxrbench.curation.audit import AuditReport
    from cxrbench.curation.audit.page import render_audit_page

    search = find_duplicates([dataset_of({"<b>a": phantom[0], "b": phantom[0]})], [])
    text = render_audit_page(AuditReport((), (), search.images, search.duplicates))
    assert "&lt;b&gt;a" in text
    assert "<b>a" not in text


def test_the_cohen_set_has_four_images_twice(real_data):
    wanted = {"178": "16660_", "97": "covid-19-rapidly-progressive-acute-respiratory-distress-syndrome-ards"}
    cases = tuple(case for case in load("cohen", real_data).cases if case.patient in {*wanted, "13", "19", "192"})
    search = find_duplicates([Dataset("cohen", cases)], [])
    twice = [pair for pair in search.duplicates if pair.two_patients]
    assert len(twice) == 4
    assert all(pair.a.case.startswith(wanted["178"]) and pair.b.case.startswith(wanted["97"]) for pair in twice)
    assert [(pair.a.case, pair.b.case) for pair in search.duplicates if not pair.two_patients] == [
        ("AR-1.jpg", "AR-2.jpg")
    ]
