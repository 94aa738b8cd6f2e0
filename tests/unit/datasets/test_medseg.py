"""MedSeg: labels of five mask folders, grey volumes, headers that have front and back the wrong way round."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_nifti

from tests.fixtures.make_copies import (
    MEDSEG_LESIONS,
    MEDSEG_LUNGS,
    make_medseg_nine,
    make_medseg_twenty,
)
from tests.fixtures.make_volumes import body, write_nifti

GREY = "radiopaedia_4_85506_1"
UPSIDE_DOWN = "radiopaedia_7_85703_0"
SHAPE = body().shape


def test_effusion_is_no_lesion(tmp_path):
    case = load("medseg", make_medseg_nine(tmp_path / "medseg").parent).by_id["rp_im/1"]
    lesion = case.targets.lesion_mask()
    assert lesion[1].all()
    assert lesion[2].all()
    assert not lesion[[0, 3, 4]].any()
    np.testing.assert_array_equal(case.image().pixels, body())


def test_lungs_of_the_nine_keep_their_sides(tmp_path):
    lung = load("medseg", make_medseg_nine(tmp_path)).by_id["rp_im/1"].targets.lung_mask()
    assert lung[0, 0, 4] == 3
    np.testing.assert_array_equal(np.delete(lung[0, 0], 4), np.delete(MEDSEG_LUNGS[0, 0], 4))


def test_sides_come_from_the_combined_mask_without_infection(tmp_path):
    case = load("medseg", make_medseg_twenty(tmp_path, "coronacases_001", body())).by_id["coronacases_001"]
    np.testing.assert_array_equal(
        case.targets.lung_mask(), np.where(MEDSEG_LESIONS * MEDSEG_LUNGS > 0, 3, MEDSEG_LUNGS)
    )
    np.testing.assert_array_equal(case.targets.lesion_mask(), MEDSEG_LESIONS > 0)
    assert (case.targets.category, case.patient) == ("covid", "coronacases_001")


def test_without_the_combined_mask_the_sides_are_unknown(tmp_path):
    root = make_medseg_twenty(tmp_path, "coronacases_001", body())
    (root / "Lung_and_Infection_Mask" / "coronacases_001.nii.gz").unlink()
    lung = load("medseg", tmp_path).by_id["coronacases_001"].targets.lung_mask()
    np.testing.assert_array_equal(lung, np.where(MEDSEG_LUNGS > 0, 3, 0))


@pytest.mark.parametrize("name", [GREY, UPSIDE_DOWN])
def test_a_grey_volume_has_masks_with_corrected_axes(tmp_path, name):
    grey = (np.arange(body().size) % 256).reshape(SHAPE).astype(np.uint8)
    dataset = load("medseg", make_medseg_twenty(tmp_path, name, grey))
    case = dataset.by_id[name]
    assert not case.available
    np.testing.assert_array_equal(case.targets.lesion_mask(), MEDSEG_LESIONS > 0)
    np.testing.assert_array_equal(case.targets.lung_mask() > 0, MEDSEG_LUNGS > 0)
    assert any(problem.file == name and "not HU" in problem.reason and not problem.bad for problem in dataset.problems)
    mapped = read_nifti(tmp_path / case.meta["file"], grey_range=(-1000, 300), flip=case.meta["flip"])
    np.testing.assert_array_equal(mapped.pixels, np.rint(-1000 + grey * (1300 / 255)))


def test_two_volumes_are_of_one_patient(tmp_path):
    dataset = load("medseg", make_medseg_twenty(tmp_path, "coronacases_001", body()))
    patients = {case.id: case.patient for case in dataset.cases}
    assert patients["radiopaedia_10_85902_1"] == patients["radiopaedia_10_85902_3"]
    assert len(patients) == 20
    assert len(set(patients.values())) == 19


def test_a_mirror_changes_names_of_folders_and_volumes(tmp_path):
    folders = ("ct_scans", "infection_mask", "lung_mask")
    make_medseg_twenty(tmp_path, "coronacases_001", body(), folders=folders, file="coronacases_org_001")
    long = "radiopaedia_org_covid-19-pneumonia-4_85506_1-dcm"
    make_medseg_twenty(tmp_path, GREY, body(), folders=folders, file=long)
    dataset = load("medseg", tmp_path)
    np.testing.assert_array_equal(dataset.by_id["coronacases_001"].image().pixels, body())
    assert dataset.by_id[GREY].meta["file"] == f"ct_scans/{long}.nii.gz"


def test_absent_files_are_reported_absent_parts_once(tmp_path):
    dataset = load("medseg", make_medseg_nine(tmp_path))
    wrong = [(problem.file, problem.reason) for problem in dataset.problems if problem.bad]
    assert ("rp_im/2.nii.gz", "absent") in wrong
    assert ("rp_lung_msk/9.nii.gz", "absent") in wrong
    assert sum("Ma et al" in reason for _, reason in wrong) == 1
    assert len(wrong) == 3 * 8 + 1
    assert [case.available for case in dataset.cases] == [True] + [False] * 8


def test_a_mask_that_does_not_fit_its_volume_is_refused(tmp_path):
    write_nifti(make_medseg_nine(tmp_path) / "rp_msk" / "1.nii.gz", MEDSEG_LESIONS[1:], axes="LPS")
    with pytest.raises(DataError, match="shape"):
        load("medseg", tmp_path).by_id["rp_im/1"].targets.lesion_mask()


def test_an_unknown_lung_label_is_refused(tmp_path):
    write_nifti(make_medseg_nine(tmp_path) / "rp_lung_msk" / "1.nii.gz", MEDSEG_LUNGS * 2, axes="LPS")
    with pytest.raises(DataError, match=r"unknown labels \[4\]"):
        load("medseg", tmp_path).by_id["rp_im/1"].targets.lung_mask()
