"""Planted copies of one image are found, unlike images are not."""

import html.parser
import io
import json
import shutil

import numpy as np
import pytest
from cxrbench.case import Case, Image
from cxrbench.curation.audit.duplicates import compare
from cxrbench.curation.audit.fingerprint import fingerprint, perceptual_hash
from cxrbench.datasets import Dataset, load
from cxrbench.errors import DataError
from cxrbench.splits import Split, load_split
from PIL import Image as Raster


@pytest.fixture(scope="module")
def phantom():
    """Pixels of the phantom's first study of each patient: unlike, yet all of them a thorax."""
    asked = set(load_split("phantom").cases("test"))
    cases = {case.patient: case for case in reversed(load("phantom").cases) if case.id in asked}
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


COPIES = {one.__name__: one for one in (np.copy, resized, brighter, darkened_by_gamma, through_jpeg, noisy)}


def dataset_of(pixels, name="planted"):
    def case(key, array):
        return Case(id=key, patient=key, dataset=name, load=lambda: Image(np.asarray(array, np.float32)))

    return Dataset(name, tuple(case(key, array) for key, array in pixels.items()))


def split_of(dataset, part_of):
    patients = {case.id: case.patient for case in dataset.cases}
    return Split(dataset=dataset.name, origin="ours", licence="", note="", patients=patients, part_of=part_of)


@pytest.mark.parametrize("change", COPIES)
def test_a_copy_is_found_and_only_the_copy(phantom, change):
    pixels = {f"train-{i}": one for i, one in enumerate(phantom)} | {"test-0": COPIES[change](phantom[7])}
    dataset = dataset_of(pixels)
    split = split_of(dataset, {name: name.split("-")[0] for name in pixels})
    found = compare([dataset], [split])
    assert found.images == len(phantom) + 1
    (pair,) = found.duplicates
    assert (pair.a.case, pair.b.case) == ("test-0", "train-7")
    assert pair.kind == ("identical" if change == "copy" else "near")
    assert pair.straddles == ("planted",)
    assert pair.two_patients
    assert (pair.correlation is None) == (change == "copy")


def test_unlike_images_are_not_flagged(phantom):
    noise = np.random.default_rng(0).random((60, 90, 80), dtype=np.float32)
    pixels = {f"thorax-{i}": one for i, one in enumerate(phantom)} | {f"noise-{i}": one for i, one in enumerate(noise)}
    assert compare([dataset_of(pixels)], []).duplicates == ()


def test_a_copy_in_another_dataset_or_unused_straddles_nothing(phantom):
    one, two = dataset_of({"a": phantom[0], "b": phantom[0]}, "one"), dataset_of({"a": phantom[0]}, "two")
    split = split_of(one, {"a": "train", "b": "unused"})
    found = compare([one, two], [split]).duplicates
    assert [(pair.a.dataset, pair.b.dataset) for pair in found] == [("one", "one"), ("one", "two"), ("one", "two")]
    assert all(pair.straddles == () for pair in found)
    assert [pair.two_patients for pair in found] == [True, False, False]


def test_constant_images_are_alike_only_if_identical():
    flat = {str(i): np.full((40, 40), value, np.float32) for i, value in enumerate((0.2, 0.2, 0.8))}
    (pair,) = compare([dataset_of(flat)], []).duplicates
    assert (pair.kind, pair.a.case, pair.b.case) == ("identical", "0", "1")


def test_an_image_that_cannot_be_read_is_named(phantom):
    def broken():
        raise DataError("cannot be decoded", "x.png", "fetch it again")

    dataset = dataset_of({"a": phantom[0]})
    bad = Case(id="b", patient="b", dataset="planted", load=broken)
    found = compare([Dataset("planted", (*dataset.cases, bad))], [])
    assert found.images == 1
    assert [(one.case, one.reason) for one in found.unreadable] == [("b", "cannot be decoded: x.png; fetch it again")]


def test_no_image_at_hand_is_an_error():
    with pytest.raises(DataError, match=r"no image is at hand.*--images"):
        compare([Dataset("d", (Case(id="a", patient="a", dataset="d"),))], [])


def test_fingerprints(phantom):
    one = fingerprint(Image(phantom[0]))
    assert one.thumbnail.shape == (64 * 64,)
    assert np.linalg.norm(one.thumbnail) == pytest.approx(1, abs=1e-5)
    assert one.thumbnail.mean() == pytest.approx(0, abs=1e-6)
    assert perceptual_hash(phantom[0] * 0.5 + 0.1) == perceptual_hash(phantom[0])
    volume = np.stack([(1000 * phantom[0]).astype(np.int16)] * 3)
    assert fingerprint(Image(volume, "ct")).thumbnail == pytest.approx(one.thumbnail, abs=0.01)


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
    found = json.loads(done.out)
    assert found["compared"] == 192
    (pair,) = found["duplicates"]
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
    from cxrbench.curation.audit import Audit
    from cxrbench.curation.audit.page import page

    found = compare([dataset_of({"<b>a": phantom[0], "b": phantom[0]})], [])
    text = page(Audit((), (), found.images, found.duplicates))
    assert "&lt;b&gt;a" in text
    assert "<b>a" not in text


def test_the_cohen_set_holds_four_images_twice(real_data):
    wanted = {"178": "16660_", "97": "covid-19-rapidly-progressive-acute-respiratory-distress-syndrome-ards"}
    cases = tuple(case for case in load("cohen", real_data).cases if case.patient in {*wanted, "13", "19", "192"})
    found = compare([Dataset("cohen", cases)], [])
    twice = [pair for pair in found.duplicates if pair.two_patients]
    assert len(twice) == 4
    assert all(pair.a.case.startswith(wanted["178"]) and pair.b.case.startswith(wanted["97"]) for pair in twice)
    assert [(pair.a.case, pair.b.case) for pair in found.duplicates if not pair.two_patients] == [
        ("AR-1.jpg", "AR-2.jpg")
    ]
