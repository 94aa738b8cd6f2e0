"""From the files of four datasets, laid out as published, to lungs and affected fraction: one chest, one answer.

No real volume with lesions is at hand: orientation and measures are checked on a chest whose lesion lies in the right
lung, towards the back, so that no wrong axis and no wrong direction can hide.
"""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench_baselines.ct.lungs import found_lungs
from cxrbench_baselines.ct.prepare import prepare, rescaled
from cxrbench_baselines.ct.severity import affected_fraction

from tests.fixtures.make_chest import chest
from tests.fixtures.make_tables import write_csv
from tests.fixtures.make_volumes import write_mhd, write_nifti, write_rtstruct, write_series

MADE = chest((8.0, 3.0, 3.0))
LESIONS = MADE.lesions.astype(np.uint8)
SPACING = {"spacing": MADE.spacing}
RIGHT = float(MADE.lesions.sum() / (MADE.lungs == 1).sum())


def mosmed(root):
    row = ("1", "CT-1", "/studies/CT-1/study_0255.nii.gz", "/masks/study_0255_mask.nii.gz")
    header = ("study_id", "category", "study_file", "mask_file")
    write_csv(root / "dataset_registry.csv", header, [row], encoding="utf-8-sig", line_end="\r\n")
    write_nifti(root / "studies" / "CT-1" / "study_0255.nii.gz", MADE.hu, axes="LAS", **SPACING)
    write_nifti(root / "masks" / "study_0255_mask.nii.gz", LESIONS.astype(np.int16), axes="LAS", **SPACING)
    return "mosmed-1110", "study_0255"


def medseg_nine(root):
    write_nifti(root / "rp_im" / "1.nii.gz", MADE.hu, axes="LPS", **SPACING)
    write_nifti(root / "rp_msk" / "1.nii.gz", LESIONS, axes="LPS", **SPACING)
    write_nifti(root / "rp_lung_msk" / "1.nii.gz", MADE.lungs, axes="LPS", **SPACING)
    return "medseg", "rp_im/1"


def medseg_ma(root):
    name = "coronacases_001.nii.gz"
    write_nifti(root / "COVID-19-CT-Seg_20cases" / name, MADE.hu, axes="RAS", **SPACING)
    write_nifti(root / "Infection_Mask" / name, LESIONS, axes="RAS", **SPACING)
    write_nifti(root / "Lung_Mask" / name, (MADE.lungs > 0).astype(np.uint8), axes="RAS", **SPACING)
    return "medseg", "coronacases_001"


def nsclc(root):
    folder = root / "NSCLC-Radiomics" / "LUNG1-001" / "09-18-2008-StudyID-69331"
    step, *_ = MADE.spacing
    header = {"PixelSpacing": list(MADE.spacing[1:]), "SliceThickness": step}
    write_series(folder / "0.000000-1", MADE.hu, heights=np.arange(len(MADE.hu)) * step - 300.0, **header)
    write_rtstruct(folder / "3.000000-2" / "1-1.dcm")
    cavity = root / "Thoracic_Cavities" / "LUNG1-001" / "LUNG1-001_thor_cav_primary_reviewer.nii.gz"
    write_nifti(cavity, MADE.lungs, axes="LAS", **SPACING)
    return "nsclc", "LUNG1-001"


def luna16(root):
    uid = "1.3.6.1.4.1.14519.5.2.1.1"
    write_mhd(root / "subset0" / f"{uid}.mhd", MADE.hu, reverse=(False, True, True), **SPACING)
    labels = np.select([MADE.lungs == 1, MADE.lungs == 2], [4, 3], 0).astype(np.uint8)
    write_mhd(root / "seg-lungs-LUNA16" / f"{uid}.mhd", labels, packed=True, **SPACING)
    write_csv(root / "annotations.csv", ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm"), [(uid, 1, 2, 3, 4)])
    return "luna16", uid


WRITERS = (mosmed, medseg_nine, medseg_ma, nsclc, luna16)


WITH_LESIONS = (mosmed, medseg_nine, medseg_ma)
WITH_LUNGS = (medseg_nine, medseg_ma, nsclc, luna16)


def written(writers):
    """A test for each dataset: `write` lays it out, and `case_of` reads its case back."""
    return pytest.mark.parametrize("write", writers, ids=lambda write: write.__name__)


def case_of(write, root):
    dataset, name = write(root)
    return load(dataset, root).by_id[name]


@written(WRITERS)
def test_the_volume_comes_out_as_it_was_made(tmp_path, write):
    case = case_of(write, tmp_path)
    image = case.image()
    np.testing.assert_array_equal(image.pixels, MADE.hu)
    assert image.spacing == pytest.approx(MADE.spacing, rel=1e-6)


@written(WRITERS)
def test_lungs_are_found_on_their_sides_and_have_their_volume(tmp_path, write):
    case = case_of(write, tmp_path)
    small = rescaled(case.image())
    found = found_lungs(small)
    assert found.remark == ""
    for side in (1, 2):
        wanted = (MADE.lungs == side).sum() * np.prod(MADE.spacing)
        assert (found.labels == side).sum() * np.prod(small.spacing) == pytest.approx(wanted, rel=0.05)


@written(WITH_LESIONS)
def test_the_drawn_lesion_is_measured_in_the_right_lung(tmp_path, write):
    case = case_of(write, tmp_path)
    series = prepare(case.image())
    found = affected_fraction(series.cropped(case.targets.lesion_mask()) > 0, series.lungs)
    assert found["right"] == pytest.approx(RIGHT, rel=0.05)
    assert found["left"] == 0
    assert found["larger"] == found["right"]


@written(WITH_LUNGS)
def test_drawn_lungs_crop_as_found_ones_do(tmp_path, write):
    case = case_of(write, tmp_path)
    image = case.image()
    given, found = prepare(image, case.targets.lung_mask()), prepare(image)
    for one, other in zip(given.box, found.box, strict=True):
        assert abs(one.start - other.start) <= 2
        assert abs(one.stop - other.stop) <= 2
