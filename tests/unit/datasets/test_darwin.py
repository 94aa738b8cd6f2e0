"""Darwin V7: outlines to masks, areas to ignore, images that do not come with the annotations, patients."""

import json

import numpy as np
import pytest
from cxrbench.case import IGNORE
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import DARWIN_LUNGS, make_outline, write_darwin
from tests.fixtures.make_tables import write_csv, write_picture

DEVICE = [(14, 5), (16, 5), (16, 7), (14, 7)]
COHEN = "01E392EE-69F9-4E33-BFCE-E5C968654078.jpeg"


@pytest.mark.parametrize("place", ["darwin", ""])
@pytest.mark.parametrize("size", [{}, {"height": 20, "width": 24}])
def test_outlines_become_a_mask_with_sides(tmp_path, place, size):
    root = tmp_path / place
    write_darwin(root, "IM-0001-0001.jpeg", *DARWIN_LUNGS, make_outline("Ignore", DEVICE), **size)
    write_picture(root / "images" / "IM-0001-0001.jpeg", 20, 24)
    (case,) = load("darwin", tmp_path).cases
    mask = case.targets.lung_mask()
    assert mask.shape == case.image().pixels.shape == (20, 24)
    expected = np.zeros((20, 24), np.uint8)
    expected[4:16, 2:8], expected[4:16, 12:20], expected[5:7, 14:16] = 1, 2, IGNORE
    np.testing.assert_array_equal(mask, expected)
    assert case.meta["tags"] == ("Viral Pneumonia",)


def test_an_absent_image_is_reported_and_its_url_kept(tmp_path):
    write_darwin(tmp_path, "a.png", *DARWIN_LUNGS, height=20, width=24)
    write_darwin(tmp_path, "b.png", *DARWIN_LUNGS, number=2)
    dataset = load("darwin", tmp_path)
    assert [case.available for case in dataset.cases] == [False, False]
    assert dataset.by_id["a.png"].targets.lung_mask().shape == (20, 24)
    assert dataset.by_id["b.png"].targets.lung_mask is None, "neither file gives the size"
    assert dataset.by_id["a.png"].meta["url"] == "https://example.org/a.png"
    assert [problem.file for problem in dataset.problems if problem.bad] == ["a.png", "b.png"]


def test_laterals_have_no_mask_and_are_counted(tmp_path):
    write_darwin(tmp_path, "lateral.png", height=20, width=24)
    dataset = load("darwin", tmp_path)
    assert dataset.cases[0].targets.lung_mask is None
    assert any("1 images without outlined lungs" in problem.reason for problem in dataset.problems)


def test_patients_come_from_cohen_and_from_kermany_names(tmp_path):
    header = ("patientid", "filename", "finding", "view", "modality", "folder")
    write_csv(tmp_path / "cohen" / "metadata.csv", header, [("7", COHEN, "COVID-19", "PA", "X-ray", "images")])
    names = (COHEN, "NORMAL2-IM-1289-0001.jpeg", "person6_virus_12.jpeg", "other.png")
    for number, name in enumerate(names):
        write_darwin(tmp_path / "darwin", name, *DARWIN_LUNGS, number=number, height=20, width=24)
    patients = [case.patient for case in load("darwin", tmp_path).cases]
    assert patients == ["cohen:7", "kermany:IM-1289", "kermany:person6", "image:other.png"]


def test_damaged_and_repeated_annotations_are_left_out(tmp_path):
    write_darwin(tmp_path, "good.png", *DARWIN_LUNGS, height=20, width=24)
    write_darwin(tmp_path, "twice.png", number=2)
    write_darwin(tmp_path, "twice.png", number=3)
    folder = tmp_path / "annotations" / "all-images"
    (folder / "4.json").write_text("{")
    (folder / "5.json").write_text(json.dumps({"image": {}, "annotations": []}))
    write_darwin(tmp_path, "bent.png", {"name": "Lung", "polygon": {"path": [{"x": 1}]}}, number=6)
    dataset = load("darwin", tmp_path)
    assert [case.id for case in dataset.cases] == ["good.png"]
    wrong = [problem.file for problem in dataset.problems if problem.bad]
    assert wrong == ["4.json", "5.json", "6.json", "twice.png", "good.png"]


def test_annotations_have_to_be_unpacked(tmp_path):
    (tmp_path / "darwin" / "annotations").mkdir(parents=True)
    with pytest.raises(DataError, match="unpack"):
        load("darwin", tmp_path)
