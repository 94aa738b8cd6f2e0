"""Cohen: a table whose header changes, severity scores, lung masks drawn and predicted, CT volumes apart."""

import numpy as np
import pytest
from cxrbench.case import IGNORE, LUNG
from cxrbench.datasets import load
from cxrbench.datasets.adapters.cohen.masks import is_empty
from cxrbench.datasets.formats.image_files import read_image_size
from cxrbench.errors import DataError
from PIL import Image

from tests.fixtures.make_tables import (
    COHEN,
    COHEN_FIRST,
    cohen_first_row,
    cohen_row,
    make_severity,
    write_csv,
    write_mask,
    write_picture,
)

ROWS = [
    cohen_row(2, "one.jpg"),
    cohen_row(2, "two.jpg", offset=4, view="AP Supine", survival="N", went_icu="Y"),
    cohen_row(5, "side.jpg", view="L"),
    cohen_row(6, "slice.jpg", view="Axial", modality="CT"),
    cohen_row(7, "coronacases_org_001.nii.gz", view="Axial", modality="CT", folder="volumes"),
]


@pytest.fixture
def copy(tmp_path):
    root = tmp_path / "cohen"
    write_csv(root / "metadata.csv", COHEN, ROWS, line_end="\n")
    for name in ("one.jpg", "two.jpg"):
        write_picture(root / "images" / name)
    return root


def listed(copy, rows=ROWS, dataset="cohen"):
    write_csv(copy / "metadata.csv", COHEN, rows)
    return load(dataset, copy.parent)


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


def test_cases_are_frontal_radiographs(copy):
    dataset = load("cohen", copy.parent)
    assert [case.id for case in dataset.cases] == ["one.jpg", "two.jpg"]
    assert [case.patient for case in dataset.cases] == ["2", "2"]
    assert [case.targets.day for case in dataset.cases] == [0.0, 4.0]
    assert [(case.targets.icu, case.targets.death) for case in dataset.cases] == [(False, False), (True, True)]
    assert dataset.cases[0].image().pixels.shape == (20, 24)


def test_the_first_generation_of_the_table_is_read(copy):
    rows = [
        cohen_first_row(2, "one.jpg"),
        cohen_first_row(2, "two.jpg", offset="a few", finding="COVID-19, ARDS"),
        cohen_first_row(3, "slice.jpg", view="Axial"),
    ]
    write_csv(copy / "metadata.csv", COHEN_FIRST, rows)
    dataset = load("cohen", copy.parent)
    assert [(case.id, case.patient) for case in dataset.cases] == [("one.jpg", "2"), ("two.jpg", "2")]
    assert [case.targets.category for case in dataset.cases] == ["covid", "covid"]
    assert [case.targets.day for case in dataset.cases] == [0.0, None]


@pytest.mark.parametrize(
    ("finding", "category"),
    [
        ("COVID-19", "covid"),
        ("COVID-19, ARDS", "covid"),
        ("Pneumonia/Viral/COVID-19", "covid"),
        ("Pneumonia/Viral/SARS", "other"),
        ("No Finding", "healthy"),
        ("todo", None),
        ("Unknown", None),
    ],
)
def test_findings(copy, finding, category):
    case = listed(copy, [cohen_row(1, "one.jpg", finding=finding)]).cases[0]
    assert case.targets.category == category
    assert case.targets.finding == (None if category is None else category != "healthy")


def test_what_is_neither_yes_nor_no_is_unknown(copy):
    row = cohen_row(1, "one.jpg", survival="Would have been stated", went_icu="?", offset="")
    targets = listed(copy, [row]).cases[0].targets
    assert (targets.icu, targets.death, targets.day) == (None, None, None)


def test_severity_scores_below_comment_lines(copy):
    make_severity(copy, [("one.jpg", "6.0", "4.3")])
    targets = {case.id: (case.targets.extent, case.targets.opacity) for case in load("cohen", copy.parent).cases}
    assert targets == {"one.jpg": (6.0, 4.3), "two.jpg": (None, None)}


@pytest.mark.parametrize(("extent", "opacity"), [("8.1", "1"), ("1", "6.5"), ("-1", "1"), ("much", "1"), ("", "1")])
def test_a_score_out_of_range_is_reported_and_not_used(copy, extent, opacity):
    make_severity(copy, [("one.jpg", extent, opacity)])
    dataset = load("cohen", copy.parent)
    assert dataset.cases[0].targets.extent is None
    assert reasons(dataset, "one.jpg") == [f"extent {extent}, opacity {opacity}: not 0-8 and 0-6, not used"]


def test_a_score_without_a_case_is_reported(copy):
    make_severity(copy, [("side.jpg", "1", "1")])
    assert reasons(load("cohen", copy.parent), "side.jpg") == [
        "in covid-severity-scores.csv but no frontal radiograph of this name"
    ]


def drawn(values=(0, 127, 255), size=(20, 24)):
    mask = np.zeros(size, int)
    for i, value in enumerate(values):
        mask[2 + 4 * i : 5 + 4 * i, 3:9] = value
    return mask


def test_v7labs_masks_are_png_and_127_is_ignored(copy):
    stored = drawn()
    write_mask(copy / "annotations/semantic_masks_v7labs_lungs/one.jpg", stored)
    mask = load("cohen", copy.parent).cases[0].targets.lung_mask()
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask == LUNG, stored == 255)
    np.testing.assert_array_equal(mask == IGNORE, stored == 127)
    np.testing.assert_array_equal(mask == 0, stored == 0)


def test_predicted_masks_are_a_dataset_of_their_own(copy):
    stored = drawn((255, 127, 128))
    write_mask(copy / "annotations/lungVAE-masks/one_mask.png", stored)
    assert load("cohen", copy.parent).cases[0].targets.lung_mask is None
    mask = load("cohen-lungvae", copy.parent).cases[0].targets.lung_mask()
    np.testing.assert_array_equal(mask, np.where(stored >= 128, LUNG, 0))


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((20, 24)), "lung mask empty: not used"),
        (drawn(size=(24, 20)), "lung mask of 24 x 20 pixels, image of 20 x 24: not used"),
        (drawn(size=(40, 48)), "lung mask of 40 x 48 pixels, image of 20 x 24: not used"),
    ],
)
def test_an_unusable_mask_is_reported_and_not_used(copy, mask, reason):
    write_mask(copy / "annotations/semantic_masks_v7labs_lungs/one.jpg", mask)
    dataset = load("cohen", copy.parent)
    assert dataset.cases[0].targets.lung_mask is None
    assert reasons(dataset, "semantic_masks_v7labs_lungs/one.jpg") == [reason]


def test_a_file_that_is_not_a_mask_is_reported(copy):
    path = copy / "annotations/semantic_masks_v7labs_lungs/one.jpg"
    path.parent.mkdir(parents=True)
    path.write_text("not a picture", "utf-8")
    assert "cannot be decoded" in reasons(load("cohen", copy.parent), "semantic_masks_v7labs_lungs/one.jpg")[0]


def test_a_mask_with_another_value_is_refused(copy):
    write_mask(copy / "annotations/semantic_masks_v7labs_lungs/one.jpg", drawn((255, 128)))
    mask = load("cohen", copy.parent).cases[0].targets.lung_mask
    with pytest.raises(DataError, match="a lung mask holds the value 128"):
        mask()


def test_masks_without_a_case_are_counted(copy):
    for name in ("one.jpg", "side.jpg"):
        write_mask(copy / f"annotations/semantic_masks_v7labs_lungs/{name}", drawn())
    assert reasons(load("cohen", copy.parent), "semantic_masks_v7labs_lungs") == [
        "1 of 2 masks belong to no frontal radiograph of metadata.csv"
    ]


def test_the_size_of_a_rotated_picture_is_as_displayed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (24, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image_size(tmp_path / "turned.jpg") == (24, 20)


def test_volumes_are_a_dataset_of_their_own(copy):
    dataset = load("cohen-volumes", copy.parent)
    assert [(case.id, case.modality, case.patient) for case in dataset.cases] == [
        ("coronacases_org_001.nii.gz", "ct", "7")
    ]
    assert reasons(dataset, "volumes") == ["absent: none of 1 listed images is there"]


def test_duplicate_file_names(copy):
    dataset = listed(copy, [*ROWS, ROWS[0], cohen_row(9, "two.jpg")])
    assert [case.id for case in dataset.cases] == ["one.jpg"]
    assert reasons(dataset, "one.jpg") == ["2 rows in metadata.csv, all equal: one kept"]
    assert reasons(dataset, "two.jpg") == ["2 rows in metadata.csv, which differ: none kept"]


def test_an_absent_image_is_a_case_without_an_image(copy):
    (copy / "images/two.jpg").unlink()
    dataset = load("cohen", copy.parent)
    assert [case.available for case in dataset.cases] == [True, False]
    assert reasons(dataset, "images/two.jpg") == ["listed but absent"]


@pytest.mark.parametrize("column", ["patientid", "modality", "view"])
def test_a_missing_column_is_named(copy, column):
    write_csv(copy / "metadata.csv", [name for name in COHEN if name != column], [])
    with pytest.raises(DataError, match=f"column missing: {column}"):
        load("cohen", copy.parent)


def check_scores_and_masks(data):
    """Every scored case has its image; both datasets list the same cases; a mask has the size of its image."""
    dataset, predicted = load("cohen", data), load("cohen-lungvae", data)
    assert [case.id for case in predicted.cases] == [case.id for case in dataset.cases]
    assert all(case.available for case in dataset.cases if case.targets.extent is not None)
    case = next(case for case in dataset.cases if case.available and case.targets.lung_mask)
    mask = case.targets.lung_mask()
    assert mask.shape == case.image().pixels.shape
    assert 0.05 < (mask == LUNG).mean() < 0.8
    return dataset


def test_scores_and_masks_fit_their_images(copy):
    make_severity(copy, [("one.jpg", "6.0", "4.3")])
    write_mask(copy / "annotations/semantic_masks_v7labs_lungs/one.jpg", drawn((255, 255)))
    write_mask(copy / "annotations/semantic_masks_v7labs_lungs/two.jpg", np.zeros((20, 24)))
    check_scores_and_masks(copy.parent)
    masks = sorted((copy / "annotations/semantic_masks_v7labs_lungs").iterdir())
    assert [is_empty(path, read_image_size(path)) for path in masks] == [False, True]


def test_the_real_scores_and_masks(real_data):
    dataset = check_scores_and_masks(real_data)
    assert sum(case.targets.extent is not None for case in dataset.cases) == 94
    masks = list((real_data / "cohen/annotations/semantic_masks_v7labs_lungs").iterdir())
    assert (len(masks), sum(is_empty(path, read_image_size(path)) for path in masks)) == (517, 82)
    assert sum(path.suffix == ".png" for path in (real_data / "cohen/annotations/lungVAE-masks").iterdir()) == 209
