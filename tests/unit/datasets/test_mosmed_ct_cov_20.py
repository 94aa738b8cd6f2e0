"""MosMed CT-Cov-20: the re-release with raters and groups, and the original DICOM tree."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import make_mosmed_rerelease, write_rerelease
from tests.fixtures.make_volumes import SPACING, body, write_series

NAME = "mosmed-ct-cov-20"


@pytest.mark.parametrize("place", [NAME, f"{NAME}/test", "test", ""])
def test_groups_of_the_rerelease_are_categories(tmp_path, place):
    make_mosmed_rerelease(tmp_path / place)
    dataset = load(NAME, tmp_path)
    assert [(case.id, case.targets.category) for case in dataset.cases] == [
        ("covid_1", "covid"),
        ("bacterial_pneumonia_1", "other"),
        ("nodules_1", "other"),
        ("normal_1", "healthy"),
    ]
    image = dataset.by_id["nodules_1"].image()
    np.testing.assert_array_equal(image.pixels, body(seed=2))
    assert image.spacing == pytest.approx(SPACING)
    assert not [problem for problem in dataset.problems if problem.bad]


def test_the_first_rater_gives_the_lesion_mask(tmp_path):
    case = load(NAME, make_mosmed_rerelease(tmp_path)).by_id["covid_1"]
    raters = case.meta["lesion_masks"]
    assert list(raters) == ["rater_1", "rater_2"]
    np.testing.assert_array_equal(raters["rater_2"](), body() > 1000)
    np.testing.assert_array_equal(case.targets.lesion_mask(), body() > 1500)


def test_contradictions_of_the_rerelease_are_reported(tmp_path):
    make_mosmed_rerelease(tmp_path)
    (tmp_path / "normal" / "images" / "normal_1.nii.gz").unlink()
    write_rerelease(tmp_path / "nodules" / "images" / "covid_1.nii.gz", body())
    dataset = load(NAME, tmp_path)
    assert "covid_1" not in dataset.by_id
    wrong = {problem.file: problem.reason for problem in dataset.problems if problem.bad}
    assert wrong == {
        "covid_1": "in two groups: left out",
        "normal/images": "absent or empty",
        "covid/masks/covid_1": "masks without a scan",
    }


@pytest.mark.parametrize("place", [f"{NAME}/MosMedData-CT-COVID19-type VII-v 1/dicom", f"{NAME}/dicom", "dicom"])
def test_the_original_groups_by_patient_and_names_series(tmp_path, place):
    for number, date in ((1, "20200225"), (2, "20200220")):
        changes = {"SeriesInstanceUID": f"1.2.{number}", "StudyDate": date}
        write_series(tmp_path / place / "patient_001" / str(number), body(seed=number), suffix="", **changes)
    (tmp_path / place / "patient_002").mkdir()
    dataset = load(NAME, tmp_path)
    assert [(case.id, case.patient) for case in dataset.cases] == [
        ("patient_001/1.2.2", "patient_001"),
        ("patient_001/1.2.1", "patient_001"),
    ]
    np.testing.assert_array_equal(dataset.by_id["patient_001/1.2.1"].image().pixels, body(seed=1))
    assert [(problem.file, problem.bad) for problem in dataset.problems] == [("patient_002", True), (NAME, False)]


def test_another_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match=NAME):
        load(NAME, tmp_path)
