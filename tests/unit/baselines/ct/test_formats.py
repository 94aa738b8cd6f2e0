"""From the files of four datasets, in their published layout, to lungs and affected fraction of the same chest.

No real volume with lesions is available: orientation and measures are checked on a chest whose lesion is in the
posterior right lung, so that every wrong axis and direction is detected.
"""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench_baselines.ct.lungs import find_lung_sides
from cxrbench_baselines.ct.prepare import prepare_series
from cxrbench_baselines.ct.rescaling import rescale_ct
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


def for_each(writers):
    """A test per dataset; `case` is the chest as read from its files."""
    return pytest.mark.parametrize("case", writers, ids=lambda write: write.__name__, indirect=True)


@pytest.fixture(scope="module")
def case(request, tmp_path_factory):
    """The case of one dataset, whose files are written once."""
    root = tmp_path_factory.mktemp(request.param.__name__)
    dataset, name = request.param(root)
    return load(dataset, root).by_id[name]


@for_each(WRITERS)
def test_the_volume_comes_out_as_it_was_made(case):
    image = case.image()
    np.testing.assert_array_equal(image.pixels, MADE.hu)
    assert image.spacing == pytest.approx(MADE.spacing, rel=1e-6)


@for_each(WRITERS)
def test_lungs_are_found_on_their_sides_and_have_their_volume(case):
    small = rescale_ct(case.image())
    split = find_lung_sides(small)
    assert split.remark == ""
    for side in (1, 2):
        expected = (MADE.lungs == side).sum() * np.prod(MADE.spacing)
        assert (split.labels == side).sum() * np.prod(small.spacing) == pytest.approx(expected, rel=0.05)


@for_each(WITH_LESIONS)
def test_the_drawn_lesion_is_measured_in_the_right_lung(case):
    series = prepare_series(case.image())
    fractions = affected_fraction(series.cropped(case.targets.lesion_mask()) > 0, series.lungs)
    assert fractions["right"] == pytest.approx(RIGHT, rel=0.05)
    assert fractions["left"] == 0
    assert fractions["larger"] == fractions["right"]


@for_each(WITH_LUNGS)
def test_drawn_lungs_crop_like_extracted_ones(case):
    image = case.image()
    drawn, extracted = prepare_series(image, case.targets.lung_mask()), prepare_series(image)
    for left, right in zip(drawn.box, extracted.box, strict=True):
        assert abs(left.start - right.start) <= 2
        assert abs(left.stop - right.stop) <= 2
