"""NSCLC-Radiomics with PleThora: which study, which mask, objects beside the CT."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import CAVITY, make_nsclc, write_cavity
from tests.fixtures.make_volumes import body, write_nifti, write_series


@pytest.mark.parametrize("scans", ["NSCLC-Radiomics", "manifest-1603198545583/NSCLC-Radiomics"])
@pytest.mark.parametrize("place", ["nsclc", ""])
def test_the_cavity_is_lung_of_unknown_side(tmp_path, place, scans):
    make_nsclc(tmp_path / place, scans=scans)
    case = load("nsclc", tmp_path).by_id["LUNG1-001"]
    np.testing.assert_array_equal(case.image().pixels, body())
    np.testing.assert_array_equal(case.targets.lung_mask(), np.where(CAVITY > 0, 3, 0))
    assert (case.patient, case.targets.category, case.targets.lesion_mask) == ("LUNG1-001", "other", None)


def test_of_several_studies_the_earliest_by_date_is_used(tmp_path):
    make_nsclc(tmp_path, studies=("01-01-2014-StudyID-1", "09-18-2008-StudyID-2"))
    dataset = load("nsclc", tmp_path)
    np.testing.assert_array_equal(dataset.cases[0].image().pixels, body(seed=1))
    assert any("2 studies" in problem.reason and not problem.bad for problem in dataset.problems)


def test_the_primary_reviewer_is_preferred(tmp_path):
    make_nsclc(tmp_path)
    write_cavity(tmp_path, "LUNG1-001", "a_secondary_reviewer", np.zeros_like(CAVITY))
    dataset = load("nsclc", tmp_path)
    assert dataset.cases[0].targets.lung_mask().any()
    (reason,) = [problem.reason for problem in dataset.problems if "2 cavity masks" in problem.reason]
    assert "primary_reviewer" in reason


def test_a_drawn_effusion_is_noted_but_no_lesion(tmp_path):
    write_nifti(make_nsclc(tmp_path) / "Effusions" / "LUNG1-001" / "LUNG1-001_effusion_first_reviewer.nii.gz", CAVITY)
    case = load("nsclc", tmp_path).cases[0]
    assert case.meta["effusion_drawn"] is True
    assert case.targets.lesion_mask is None


def test_an_absent_scan_is_a_problem_an_absent_mask_not(tmp_path):
    make_nsclc(tmp_path)
    write_series(tmp_path / "NSCLC-Radiomics" / "LUNG1-002" / "01-01-2014-x" / "1", body())
    write_cavity(tmp_path, "LUNG1-003")
    dataset = load("nsclc", tmp_path)
    assert [(case.id, case.available) for case in dataset.cases] == [
        ("LUNG1-001", True),
        ("LUNG1-002", True),
        ("LUNG1-003", False),
    ]
    assert {problem.file: problem.bad for problem in dataset.problems} == {"LUNG1-002": False, "LUNG1-003": True}


def test_a_mask_of_another_grid_is_refused(tmp_path):
    write_cavity(make_nsclc(tmp_path), "LUNG1-001", mask=CAVITY[:, 1:])
    with pytest.raises(DataError, match="shape"):
        load("nsclc", tmp_path).cases[0].targets.lung_mask()
