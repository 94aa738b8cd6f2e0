"""COVIDx lists: read from the right, a typo mapped, RSNA ids to NIH patients."""

import pytest
from cxrbench.datasets import load
from cxrbench.datasets.adapters.covidx import ListEntry, read_list
from cxrbench.errors import DataError
from cxrbench.splits import load_split

from tests.fixtures.make_copies import COVIDX_TRAIN, make_covidx
from tests.fixtures.make_tables import make_rsna, write_picture


@pytest.fixture(autouse=True)
def _without_split(monkeypatch):
    monkeypatch.setattr("cxrbench.datasets.adapters.rsna.adapter.load_split_patients", lambda _: {})


def test_lines_are_read_from_the_right(tmp_path):
    entries, problems = read_list(make_covidx(tmp_path) / "train_COVIDx3.txt", "train")
    assert entries == [
        ListEntry("3", "kjr-21-e24-g003-l-a.jpg", "COVID-19", "cohen", "train"),
        ListEntry("COVID 70", "COVID(70).png", "COVID-19", "sirm", "train"),
        ListEntry("aaaa-1", "aaaa-1.png", "normal", "rsna", "train"),
        ListEntry("aaaa-2", "aaaa-2.png", "pneumonia", "rsna", "train"),
    ]
    assert problems == []


def test_rsna_ids_become_nih_patients(tmp_path):
    make_rsna(tmp_path / "rsna", [], twins=[(f"aaaa-{i}", "x.png", "41", "1", "Normal") for i in (1, 3)])
    make_covidx(tmp_path)
    assert [case.patient for case in load("covidx", tmp_path).cases] == [
        "cohen:3",
        "sirm:COVID 70",
        "nih:41",
        "rsna:aaaa-2",
        "8",
        "nih:41",
    ]


def test_labels_parts_and_images(tmp_path):
    make_covidx(tmp_path)
    write_picture(tmp_path / "covidx/data/test/lancet-case2a.jpg")
    dataset = load("covidx", tmp_path)
    assert [case.targets.category for case in dataset.cases] == [
        "covid",
        "covid",
        "healthy",
        "other",
        "covid",
        "healthy",
    ]
    assert [case.id for case in dataset.cases if case.available] == ["lancet-case2a.jpg"]
    assert [case.meta["subset"] for case in dataset.cases] == ["train"] * 4 + ["test"] * 2
    reasons = {problem.file: problem.reason for problem in dataset.problems}
    assert reasons["train/aaaa-1.png"] == "listed but absent"
    assert reasons["rsna_to_nih.csv"] == "absent: RSNA images count as patients of their own"


def test_without_any_image_there_is_one_problem(tmp_path):
    make_covidx(tmp_path)
    reasons = [problem.reason for problem in load("covidx", tmp_path).problems]
    assert "absent: none of 6 listed images is there" in reasons
    assert "listed but absent" not in reasons


def test_version_3_is_preferred_else_the_newest(tmp_path):
    two = "1 a.png positive cohen\n2 b.png negative rsna\n"
    make_covidx(tmp_path, "8A", two, "3 c.png negative rsna\n", folder="")
    make_covidx(tmp_path, "9A", two, "4 d.png negative rsna\n", folder="")
    dataset = load("covidx", tmp_path)
    assert [case.id for case in dataset.cases] == ["a.png", "b.png", "d.png"]
    assert [case.targets.category for case in dataset.cases] == ["covid", None, None]
    make_covidx(tmp_path, "3", folder="")
    newer = load("covidx", tmp_path)
    assert len(newer.cases) == 6
    assert [problem.file for problem in newer.problems if "version 3 is" in problem.reason] == ["COVIDx8A", "COVIDx9A"]


def test_lines_that_do_not_fit_are_reported(tmp_path):
    make_covidx(tmp_path, train=COVIDX_TRAIN + "one two\n5 a.png flu cohen\n6 b.png normal elsewhere\n")
    reasons = {problem.file: problem.reason for problem in load("covidx", tmp_path).problems}
    for number in (5, 6, 7):
        assert "left out" in reasons[f"train_COVIDx3.txt:{number}"]


def test_duplicate_files(tmp_path):
    repeated = "3 kjr-21-e24-g003-l-a.jpg COVID-19 cohen\naaaa-2 aaaa-2.png normal rsna\n"
    make_covidx(tmp_path, train=COVIDX_TRAIN + repeated)
    dataset = load("covidx", tmp_path)
    reasons = {problem.file: problem.reason for problem in dataset.problems}
    assert "aaaa-2.png" not in dataset.by_id
    assert reasons["aaaa-2.png"] == "2 lines, which differ: none kept"
    assert reasons["kjr-21-e24-g003-l-a.jpg"] == "2 lines, all equal: one kept"


def test_a_list_without_entries_is_an_error(tmp_path):
    make_covidx(tmp_path, test="\n")
    with pytest.raises(DataError, match="no line of the list"):
        load("covidx", tmp_path)


def test_our_split_leaves_out_test_images_of_trained_patients(tmp_path):
    make_rsna(tmp_path / "rsna", [], twins=[(f"aaaa-{i}", "x.png", "41", "1", "Normal") for i in (1, 3)])
    make_covidx(tmp_path)
    cases = load("covidx", tmp_path).cases
    published, ours = load_split("covidx", "published", cases), load_split("covidx", cases=cases)
    assert published.cases("test") == ("aaaa-3.png", "lancet-case2a.jpg")
    assert set().union(*published.shared_patients().values()) == {"nih:41"}
    assert (ours.cases("test"), ours.cases("unused")) == (("lancet-case2a.jpg",), ("aaaa-3.png",))
    assert ours.cases("train") == published.cases("train")
    assert ours.shared_patients() == {}
