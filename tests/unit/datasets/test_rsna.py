"""RSNA: one row per box in, one case per image out, contradictions are reported, the patient is the NIH patient."""

import numpy as np
import pydicom
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import make_rsna, write_csv, write_radiograph

NEGATIVE, POSITIVE, TWO = "aaaa-negative", "bbbb-positive", "cccc-two-boxes"
LABELS = [
    (NEGATIVE, None, None, None, None, 0),
    (POSITIVE, "264.0", "152.0", "213.0", "379.0", 1),
    (TWO, "10.0", "20.0", "30.0", "40.0", 1),
    (TWO, "500.0", "600.0", "70.0", "80.0", 1),
]
CLASSES = [
    (NEGATIVE, "No Lung Opacity / Not Normal"),
    (POSITIVE, "Lung Opacity"),
    (TWO, "Lung Opacity"),
    (TWO, "Lung Opacity"),
]
HEADERS = [(NEGATIVE, "58", "F", "PA"), (POSITIVE, "150", "M", "AP"), (TWO, "17", "M", "AP")]
TWINS = [
    (NEGATIVE, "00000007_000.png", "7", "1.5", "No Lung Opacity / Not Normal"),
    (POSITIVE, "00000007_003.png", "7", "0.5", "Lung Opacity"),
    (TWO, "00000009_000.png", "9", "20.5", "Lung Opacity"),
]


def reasons(dataset, file=None):
    return [problem.reason for problem in dataset.problems if file in (None, problem.file)]


def listed(tmp_path, labels=LABELS, classes=CLASSES, headers=HEADERS, twins=TWINS):
    make_rsna(tmp_path / "rsna", labels, classes, headers, twins)
    return load("rsna", tmp_path)


def test_rows_per_box_become_cases_per_image(tmp_path):
    dataset = listed(tmp_path)
    assert [case.id for case in dataset.cases] == [NEGATIVE, POSITIVE, TWO]
    negative, positive, two = dataset.cases
    assert (negative.targets.finding, positive.targets.finding) == (False, True)
    assert negative.targets.boxes.shape == (0, 4)
    np.testing.assert_array_equal(positive.targets.boxes, [[264, 152, 213, 379]])
    np.testing.assert_array_equal(two.targets.boxes, [[10, 20, 30, 40], [500, 600, 70, 80]])
    assert {case.targets.category for case in dataset.cases} == {"other"}


def test_the_class_normal_is_healthy(tmp_path):
    dataset = listed(tmp_path, LABELS[:1], [(NEGATIVE, "Normal")], twins=None)
    assert dataset.cases[0].targets.category == "healthy"


@pytest.fixture(autouse=True)
def _without_split(monkeypatch):
    """Ids of these tests are in no split; the real tables are also read without it, so that the mapping is seen."""
    monkeypatch.setattr("cxrbench.datasets.adapters.rsna.adapter.load_split_patients", lambda _: {})


def test_patients_are_the_nih_patients(tmp_path):
    dataset = listed(tmp_path)
    assert [case.patient for case in dataset.cases] == ["7", "7", "9"]
    assert reasons(dataset, "rsna_to_nih.csv") == ["1 matches are uncertain (squared error above 10)"]


def test_without_the_mapping_patients_are_unknown_and_reported(tmp_path):
    dataset = listed(tmp_path, twins=None)
    assert [case.patient for case in dataset.cases] == [f"image:{case.id}" for case in dataset.cases]
    assert any("patients: unknown" in reason for reason in reasons(dataset, "rsna_to_nih.csv"))


def test_a_registered_split_gives_the_patients(tmp_path, monkeypatch):
    known = {NEGATIVE: "41", POSITIVE: "42"}
    monkeypatch.setattr(
        "cxrbench.datasets.adapters.rsna.adapter.load_split_patients", lambda name: known if name == "rsna" else {}
    )
    dataset = listed(tmp_path, twins=None)
    assert [case.patient for case in dataset.cases] == ["41", "42", f"image:{TWO}"]
    assert reasons(dataset, TWO) == ["its NIH patient is unknown: counts as a patient of its own"]


def test_ages_above_100_are_unknown_and_reported(tmp_path):
    dataset = listed(tmp_path)
    assert [case.meta.get("age") for case in dataset.cases] == [58, None, 17]
    assert dataset.by_id[POSITIVE].meta["view"] == "AP"
    assert reasons(dataset, POSITIVE) == ["age 150 counts as unknown"]


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (("900.0", "1000.0", "200.0", "100.0"), [900, 1000, 124, 24]),
        (("-10.0", "-20.0", "110.0", "120.0"), [0, 0, 100, 100]),
    ],
)
def test_a_box_that_leaves_the_image_is_clipped_and_reported(tmp_path, box, inside):
    dataset = listed(tmp_path, [(POSITIVE, *box, 1)], CLASSES[1:2])
    np.testing.assert_array_equal(dataset.cases[0].targets.boxes, [inside])
    assert any("leaves the image: clipped" in reason for reason in reasons(dataset, POSITIVE))


@pytest.mark.parametrize("box", [("1024.0", "0.0", "9.0", "9.0"), ("-9.0", "0.0", "9.0", "9.0"), ("5", "5", "0", "5")])
def test_a_box_outside_is_dropped_and_reported(tmp_path, box):
    dataset = listed(tmp_path, [*LABELS, (TWO, *box, 1)])
    assert len(dataset.by_id[TWO].targets.boxes) == 2
    assert any("outside the image: dropped" in reason for reason in reasons(dataset, TWO))


@pytest.mark.parametrize(
    ("rows", "classes", "reason"),
    [
        ([("x", None, None, None, None, 1)], [("x", "Lung Opacity")], "Target 1 without a box"),
        ([("x", "1", "2", "3", "4", 0)], [("x", "Normal")], "Target 0 with a box"),
        ([("x", "1", "2", "3", "4", 1), ("x", "", "", "", "", 0)], [], "Target is 0 and 1"),
        ([("x", "1", "2", "3", "4", 1)], [("x", "Normal")], "Target 1 but class Normal"),
        ([("x", "", "", "", "", 0)], [("x", "Lung Opacity")], "Target 0 but class Lung Opacity"),
        ([("x", "", "", "", "", "yes")], [], "Target is yes"),
        ([("x", "one", "2", "3", "4", 1)], [], "not four numbers"),
        ([("x", "2000", "2", "3", "4", 1)], [], "without a box inside the image"),
    ],
)
def test_contradictions_are_reported_and_left_out(tmp_path, rows, classes, reason):
    dataset = listed(tmp_path, [*LABELS, *rows], [*CLASSES, *classes])
    assert [case.id for case in dataset.cases] == [NEGATIVE, POSITIVE, TWO]
    (left_out,) = [text for text in reasons(dataset, "x") if "left out" in text]
    assert reason in left_out


def test_equal_label_rows_count_once_and_are_reported(tmp_path):
    dataset = listed(tmp_path, [*LABELS, LABELS[1]])
    assert len(dataset.by_id[POSITIVE].targets.boxes) == 1
    assert "2 equal label rows: one kept" in reasons(dataset, POSITIVE)


def test_an_unknown_class_is_reported(tmp_path):
    dataset = listed(tmp_path, LABELS[:1], [(NEGATIVE, "Fine")])
    assert dataset.cases[0].targets.category is None
    assert reasons(dataset, NEGATIVE) == ["class is Fine: unknown"]


def test_the_mapping_gives_a_missing_class(tmp_path):
    dataset = listed(tmp_path, classes=CLASSES[1:])
    assert dataset.by_id[NEGATIVE].targets.category == "other"
    assert any("no row for 1 images" in reason for reason in reasons(dataset, "stage_2_detailed_class_info.csv"))


def test_a_missing_column_is_named(tmp_path):
    make_rsna(tmp_path / "rsna", LABELS, CLASSES)
    write_csv(tmp_path / "rsna/stage_2_train_labels.csv", ("patientId", "x", "y", "width", "height"), [])
    with pytest.raises(DataError, match="column missing: Target"):
        load("rsna", tmp_path)


def test_images_are_found_and_absent_ones_reported(tmp_path):
    make_rsna(tmp_path / "rsna", LABELS, CLASSES, HEADERS, TWINS)
    write_radiograph(tmp_path / f"rsna/stage_2_train_images/{NEGATIVE}.dcm")
    dataset = load("rsna", tmp_path)
    assert [case.available for case in dataset.cases] == [True, False, False]
    assert reasons(dataset, f"stage_2_train_images/{TWO}") == ["listed but absent"]


def test_without_the_header_table_facts_come_from_the_file(tmp_path):
    make_rsna(tmp_path / "rsna", LABELS, CLASSES, twins=TWINS)
    write_radiograph(tmp_path / f"rsna/stage_2_train_images/{NEGATIVE}.dcm", age="058Y", sex="F", view="PA")
    write_radiograph(tmp_path / f"rsna/stage_2_train_images/{POSITIVE}.dcm", age="155Y")
    dataset = load("rsna", tmp_path)
    expected = {"age": 58, "sex": "F", "view": "PA", "class": CLASSES[0][1], "nih_image": "00000007_000.png"}
    assert dict(dataset.by_id[NEGATIVE].meta) == expected
    assert "age" not in dataset.by_id[POSITIVE].meta


def test_an_image_is_decoded_on_demand(tmp_path):
    make_rsna(tmp_path / "rsna", LABELS, CLASSES, HEADERS, TWINS)
    write_radiograph(tmp_path / f"rsna/stage_2_train_images/{NEGATIVE}.dcm")
    pixels = load("rsna", tmp_path).by_id[NEGATIVE].image().pixels
    assert pixels.shape == (20, 24)
    assert (pixels.min(), pixels.max()) == (0, 1)


def test_the_spacing_of_the_matrix_before_resizing_is_dropped(tmp_path):
    make_rsna(tmp_path / "rsna", LABELS, CLASSES, HEADERS, TWINS)
    write_radiograph(tmp_path / f"rsna/stage_2_train_images/{NEGATIVE}.dcm", spacing=0.143)
    assert load("rsna", tmp_path).by_id[NEGATIVE].image().spacing is None


@pytest.fixture
def opened(monkeypatch):
    """The DICOM files that were opened for their header or their pixels."""
    paths = []
    original = pydicom.dcmread

    def read(path, *arguments, **options):
        paths.append(path)
        return original(path, *arguments, **options)

    monkeypatch.setattr(pydicom, "dcmread", read)
    return paths


def test_listing_opens_no_image(tmp_path, opened):
    make_rsna(tmp_path / "rsna", LABELS, CLASSES, HEADERS, TWINS)
    for name in (NEGATIVE, POSITIVE, TWO):
        write_radiograph(tmp_path / f"rsna/stage_2_train_images/{name}.dcm")
    dataset = load("rsna", tmp_path)
    assert [case.meta.get("age") for case in dataset.cases] == [58, None, 17]
    assert opened == []
    dataset.cases[0].image()
    assert len(opened) == 1


def test_the_real_tables(real_data, opened):
    dataset = load("rsna", real_data)
    positive = [case for case in dataset.cases if case.targets.finding]
    assert len(dataset.cases) == 26_684
    assert len(positive) == 6_012
    assert sum(len(case.targets.boxes) for case in dataset.cases) == 9_555
    assert sum(case.meta.get("age", 0) >= 18 for case in positive) == 5_627
    assert len({case.patient for case in dataset.cases}) == 11_439
    assert sum("counts as unknown" in reason for reason in reasons(dataset)) == 5
    assert not [reason for reason in reasons(dataset) if "left out" in reason or "clipped" in reason]
    assert opened == []
