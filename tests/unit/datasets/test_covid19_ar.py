"""COVID-19-AR: the clinical table, radiographs as pictures or DICOM, outlines to masks."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.datasets.adapters.covid19_ar.adapter import read_patients

from tests.fixtures.make_tables import (
    AR_PATIENTS,
    make_ar_table,
    write_csv,
    write_drawing,
    write_picture,
    write_radiograph,
)

ONE, TWO, THREE = (f"COVID-19-AR-1640000{i}" for i in (1, 2, 3))
EARLY, LATE, OTHER = f"{ONE}_01-15-2012-XR", f"{ONE}_01-18-2012-XR", f"{TWO}_02-06-2012-XR"
RIGHT = ("right_lung", [[2, 2], [8, 2], [8, 12], [2, 12]])
LEFT = ("left_lung", [[14, 2], [20, 2], [20, 12], [14, 12]])


@pytest.fixture
def copy(tmp_path):
    """The repository's layout: three radiographs of two patients, one annotated."""
    root = tmp_path / "covid-19-ar"
    make_ar_table(root / "covid_rural_annot/covid_rural_patient_info.csv", [(ONE, 1, 0), (TWO, 0, 0)])
    for stem in (EARLY, LATE, OTHER):
        write_picture(root / f"covid_rural_annot/jpgs/{stem}.jpg")
    return root


def draw(root, stem, shapes, size=(20, 24)):
    write_drawing(root / f"covid_rural_annot/jpgs/jsons/{stem}.json", size, shapes)


def reasons(dataset, file):
    return [problem.reason for problem in dataset.problems if problem.file == file]


def test_radiographs_outcome_and_days(copy):
    dataset = load("covid-19-ar", copy.parent)
    assert [case.id for case in dataset.cases] == [EARLY, LATE, OTHER]
    assert [case.patient for case in dataset.cases] == [ONE, ONE, TWO]
    assert [case.targets.day for case in dataset.cases] == [0.0, 3.0, 0.0]
    assert [(case.targets.icu, case.targets.death) for case in dataset.cases] == [(True, False)] * 2 + [(False, False)]
    assert dataset.cases[0].targets.category == "covid"
    assert dataset.cases[0].image().pixels.shape == (20, 24)
    assert dataset.problems == ()


def test_null_stays_null(copy):
    meta = load("covid-19-ar", copy.parent).cases[0].meta
    assert (meta["test_name"], meta["age"], meta["sex"]) == ("NULL", 81, "F")


def test_outlines_become_masks_with_lesions_clipped_to_lungs(copy):
    lesions = [
        ("groud_glass_opacity", [[0, 4], [5, 4], [5, 6], [0, 6]]),
        ("consolidation", [[18, 8], [24, 8], [24, 10], [18, 10]]),
    ]
    draw(copy, EARLY, [RIGHT, LEFT, *lesions])
    targets = load("covid-19-ar", copy.parent).by_id[EARLY].targets
    lungs, opacity = np.zeros((20, 24), int), np.zeros((20, 24), bool)
    lungs[2:12, 2:8], lungs[2:12, 14:20] = 1, 2
    opacity[4:6, 2:5] = opacity[8:10, 18:20] = True
    np.testing.assert_array_equal(targets.lung_mask(), lungs)
    np.testing.assert_array_equal(targets.lesion_mask(), opacity)


def test_without_an_opacity_shape_the_lesion_mask_is_empty(copy):
    draw(copy, EARLY, [RIGHT, LEFT])
    targets = load("covid-19-ar", copy.parent).by_id[EARLY].targets
    assert targets.lesion_mask().shape == (20, 24)
    assert not targets.lesion_mask().any()


def test_a_radiograph_without_annotation_has_no_masks(copy):
    targets = load("covid-19-ar", copy.parent).by_id[LATE].targets
    assert (targets.lung_mask, targets.lesion_mask) == (None, None)


def test_without_lungs_lesions_are_not_clipped(copy):
    draw(copy, EARLY, [("opacity", [[0, 0], [24, 0], [24, 20], [0, 20]])])
    dataset = load("covid-19-ar", copy.parent)
    assert dataset.by_id[EARLY].targets.lesion_mask().all()
    assert dataset.by_id[EARLY].targets.lung_mask is None
    assert reasons(dataset, EARLY) == ["no lung was drawn: lesions not clipped"]


@pytest.mark.parametrize(
    ("shapes", "size", "reason"),
    [
        ([RIGHT, LEFT, ("effusion", [[0, 0], [1, 0], [1, 1]])], (20, 24), "unknown label effusion: masks not used"),
        ([RIGHT, ("Right_Lung", RIGHT[1])], (20, 24), "unknown label Right_Lung: masks not used"),
        ([RIGHT], (40, 48), "annotation of 40 x 48 pixels, image of 20 x 24: masks not used"),
    ],
)
def test_an_invalid_annotation_is_reported_and_not_used(copy, shapes, size, reason):
    draw(copy, EARLY, shapes, size)
    dataset = load("covid-19-ar", copy.parent)
    assert reasons(dataset, EARLY) == [reason]
    assert dataset.by_id[EARLY].targets.lesion_mask is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "JSONDecodeError"),
        ('{"shapes": []}', "imageHeight"),
        ('{"imageHeight": 20, "imageWidth": 24, "shapes": [{"shape_type": "circle"}]}', "a shape of type circle"),
        (
            '{"imageHeight": 20, "imageWidth": 24, "shapes": [{"shape_type": "polygon", "label": "x", "points": []}]}',
            "a polygon without corners",
        ),
    ],
)
def test_an_annotation_that_does_not_parse_is_reported(copy, content, reason):
    path = copy / f"covid_rural_annot/jpgs/jsons/{EARLY}.json"
    path.parent.mkdir()
    path.write_text(content, "utf-8")
    assert reason in reasons(load("covid-19-ar", copy.parent), EARLY)[0]


def test_a_radiograph_without_a_row_and_vice_versa(copy):
    write_picture(copy / f"covid_rural_annot/jpgs/{THREE}_03-01-2012-XR.jpg")
    make_ar_table(copy / "covid_rural_annot/covid_rural_patient_info.csv", [(ONE, 1, 0), ("COVID-19-AR-9", 0, 0)])
    dataset = load("covid-19-ar", copy.parent)
    assert dataset.cases[-1].targets.icu is None
    assert reasons(dataset, THREE) == ["has a radiograph but no row in the clinical table: outcome unknown"]
    assert reasons(dataset, "COVID-19-AR-9") == ["has a row but no radiograph"]


def test_cells_that_are_no_answer_are_unknown_and_reported(copy):
    make_ar_table(copy / "covid_rural_annot/covid_rural_patient_info.csv", [(ONE, "NULL", ""), (TWO, 0, 0)])
    dataset = load("covid-19-ar", copy.parent)
    assert (dataset.cases[0].targets.icu, dataset.cases[0].targets.death) == (None, None)
    assert "ICU Admit is NULL, not 0 or 1: unknown" in reasons(dataset, ONE)


def test_duplicate_patients_that_differ_have_no_outcome(copy):
    make_ar_table(copy / "covid_rural_annot/covid_rural_patient_info.csv", [(ONE, 1, 0), (ONE, 0, 0), (TWO, 0, 0)])
    dataset = load("covid-19-ar", copy.parent)
    assert dataset.by_id[EARLY].targets.icu is None
    assert "2 rows in covid_rural_patient_info.csv, which differ: none kept" in reasons(dataset, ONE)


def test_a_picture_of_another_name_is_reported(copy):
    write_picture(copy / "covid_rural_annot/jpgs/radiograph 7.jpg")
    dataset = load("covid-19-ar", copy.parent)
    assert len(dataset.cases) == 3
    assert reasons(dataset, "jpgs/radiograph 7.jpg") == ["not named <PATIENT>_<MM-DD-YYYY>-XR: not listed"]


@pytest.mark.parametrize("tree", ["COVID-19-AR", "manifest-1594658036421/COVID-19-AR"])
@pytest.mark.parametrize("study", ["01-15-2012-NA-XR CHEST AP ONLY-24124", "01-15-2012-XR CHEST AP ONLY-24124"])
def test_the_dicom_tree(tmp_path, tree, study):
    root = tmp_path / "covid-19-ar"
    write_radiograph(root / tree / ONE / study / "1001.000000-NA-00046/1-1.dcm")
    write_radiograph(root / tree / ONE / "01-16-2012-NA-CT CHEST-1" / "1-x/1-1.dcm")
    dataset = load("covid-19-ar", tmp_path)
    assert [(case.id, case.available) for case in dataset.cases] == [(EARLY, True)]
    assert reasons(dataset, f"{ONE}/01-16-2012-NA-CT CHEST-1") == ["not a radiograph: not listed"]
    assert reasons(dataset, "covid_rural_patient_info.csv") == ["absent: outcomes are unknown"]


def test_two_radiographs_of_one_day_have_no_masks(copy):
    study = copy / "COVID-19-AR" / THREE / "01-15-2012-NA-XR CHEST-1"
    for series in ("1-a", "2-b"):
        write_radiograph(study / series / "1-1.dcm")
    draw(copy, f"{THREE}_01-15-2012-XR", [RIGHT])
    dataset = load("covid-19-ar", copy.parent)
    cases = [case for case in dataset.cases if case.patient == THREE]
    assert [case.id for case in cases] == [f"{THREE}_01-15-2012-XR-{i}" for i in (1, 2)]
    assert cases[0].targets.lung_mask is None
    assert "which one was annotated is unknown" in reasons(dataset, f"{THREE}_01-15-2012-XR")[0]


def test_the_exported_picture_replaces_its_dicom_file(copy):
    write_radiograph(copy / "COVID-19-AR" / ONE / "01-15-2012-NA-XR CHEST-1" / "1-a/1-1.dcm")
    assert [case.id for case in load("covid-19-ar", copy.parent).cases] == [EARLY, LATE, OTHER]


def test_an_annotation_must_have_the_size_of_the_dicom_image(copy):
    write_radiograph(copy / "COVID-19-AR" / THREE / "01-15-2012-NA-XR CHEST-1" / "1-a/1-1.dcm")
    draw(copy, f"{THREE}_01-15-2012-XR", [RIGHT], (21, 24))
    dataset = load("covid-19-ar", copy.parent)
    assert any("annotation of 21 x 24 pixels" in reason for reason in reasons(dataset, f"{THREE}_01-15-2012-XR"))


def test_without_a_column_the_radiographs_are_still_listed(copy):
    write_csv(copy / "covid_rural_annot/covid_rural_patient_info.csv", AR_PATIENTS[:-1], [])
    dataset = load("covid-19-ar", copy.parent)
    assert reasons(dataset, "covid_rural_patient_info.csv") == ["column missing: MORTALITY: not used"]
    assert dataset.cases
    assert all(case.targets.death is None for case in dataset.cases)


def test_a_copy_without_radiographs_is_one_problem(tmp_path):
    make_ar_table(tmp_path / "covid-19-ar/covid_rural_patient_info.csv", [(ONE, 1, 0), (TWO, 0, 0)])
    dataset = load("covid-19-ar", tmp_path)
    assert dataset.cases == ()
    assert reasons(dataset, "jpgs") == ["absent, and no DICOM tree: none of 2 patients has a radiograph"]


def test_patients_of_the_clinical_table(tmp_path):
    rows = [(ONE, 1, 0), (TWO, 0, 0), (THREE, 1, 1)]
    patients, problems = read_patients(make_ar_table(tmp_path / "covid_rural_patient_info.csv", rows))
    assert [(patient.icu, patient.death) for patient in patients.values()] == [
        (True, False),
        (False, False),
        (True, True),
    ]
    assert all(patient.row["TEST NAME"] == "NULL" for patient in patients.values())
    assert problems == []


def test_the_real_table(real_data):
    patients, problems = read_patients(real_data / "covid-19-ar/covid_rural_patient_info.csv")
    died = [patient for patient in patients.values() if patient.death]
    assert (len(patients), sum(patient.icu for patient in patients.values()), len(died)) == (104, 29, 10)
    assert all(patient.icu for patient in died)
    assert sum(patient.row["TEST NAME"] == "NULL" for patient in patients.values()) == 10
    assert problems == []


def test_the_real_copy_has_no_radiographs(real_data):
    dataset = load("covid-19-ar", real_data)
    assert dataset.cases == ()
    assert reasons(dataset, "jpgs") == ["absent, and no DICOM tree: none of 104 patients has a radiograph"]
