"""Lungs without weights against known ellipses, the truth of the phantom and a real CT."""

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench.datasets import load
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_mask_volume, read_nifti
from cxrbench_baselines.ct.lungs import find_lung_sides, find_lungs, split_lungs
from cxrbench_baselines.ct.rescaling import rescale_ct

from tests.fixtures.make_chest import chest


def image(ct):
    return Image(ct.hu, "ct", ct.spacing)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("spacing", [(8.0, 3.0, 3.0), (5.0, 2.0, 2.0), (3.0, 1.5, 2.0)])
@pytest.mark.parametrize("bowel", [False, True])
def test_lungs_include_the_lesion_but_no_trachea_or_bowel(spacing, bowel):
    ct = chest(spacing, bowel=bowel, lesion_hu=30)
    labels = find_lungs(image(ct))
    for side in (1, 2):
        assert dice(labels == side, ct.lungs == side) > 0.97
    assert (labels[ct.lesions] == 1).mean() > 0.98


def test_the_two_clusters_are_the_two_lungs():
    ct = chest()
    split = split_lungs(ct.lungs > 0, ct.spacing)
    np.testing.assert_array_equal(split.labels, ct.lungs)
    assert split.remark == ""


def test_a_smaller_right_lung_keeps_its_side_with_a_remark():
    ct = chest(right=0.7, left=1.0)
    split = find_lung_sides(image(ct))
    assert dice(split.labels == 1, ct.lungs == 1) > 0.95
    assert "the larger lung is not the right one" in split.remark
    assert "orientation" in split.remark


def test_a_mirrored_volume_is_noticed_by_the_size_rule():
    ct = chest()
    assert not find_lung_sides(image(ct)).remark
    mirrored = Image(ct.hu[:, :, ::-1].copy(), "ct", ct.spacing)
    assert "not the right one" in find_lung_sides(mirrored).remark


def test_one_lung_alone_has_no_sides():
    ct = chest(lesion_mm=0)
    hu = np.where(ct.lungs == 2, 40, ct.hu).astype(np.int16)
    split = find_lung_sides(Image(hu, "ct", ct.spacing))
    assert set(np.unique(split.labels)) == {0, 3}
    assert "one may be missing" in split.remark


def test_lungs_that_touch_are_still_two():
    ct = chest()
    joined = ct.lungs > 0
    joined[14:16, 44:48, 50:70] = True
    labels = split_lungs(joined, ct.spacing).labels
    assert dice(labels == 1, ct.lungs == 1) > 0.99
    assert dice(labels == 2, ct.lungs == 2) > 0.99


def test_lungs_do_not_depend_on_chance():
    ct = chest()
    np.testing.assert_array_equal(find_lungs(image(ct)), find_lungs(image(ct)))


@pytest.mark.parametrize("hu", [40, -1000, 3071])
def test_missing_lungs_are_an_error_with_reason_and_series(hu):
    ct = chest()
    nothing = np.where(ct.lungs > 0, 40, ct.hu) if hu == 40 else np.full_like(ct.hu, hu)
    nothing[:, 40:52, 52:68] = 40
    with pytest.raises(DataError, match=r"no lungs found.*ml of air inside the body.*HU.*study 3") as error:
        find_lungs(Image(nothing.astype(np.int16), "ct", ct.spacing), where="study 3")
    assert "\n" not in error.value.line


def test_values_without_their_intercept_show_in_the_error():
    ct = chest()
    with pytest.raises(DataError, match=r"values \d+ to \d+ HU, 0% of them below -400"):
        find_lungs(Image((ct.hu + 1024).astype(np.int16), "ct", ct.spacing), where="study 3")


def test_aerated_lungs_of_the_phantom_are_found():
    cases = [case for case in load("phantom-ct").cases if case.targets.category == "healthy"][:3]
    for case in cases:
        labels, truth = find_lungs(case.image()), case.targets.lung_mask()
        assert min(dice(labels == side, truth == side) for side in (1, 2)) > 0.93


def test_on_the_real_lung_bases_the_sides_are_right(real_data):
    folder = real_data / "totalsegmentator-ct"
    path = folder / "example_ct_sm.nii.gz"
    if not path.is_file():
        pytest.skip("no totalsegmentator-ct below the data folder")
    full = read_nifti(path)
    labels = read_mask_volume(folder / "example_seg.nii.gz", path)
    truth = np.select([np.isin(labels, (12, 13, 14)), np.isin(labels, (10, 11))], [1, 2], 0)
    lungs = find_lungs(full)
    assert dice(lungs == 1, truth == 1) > 0.9
    for side in (1, 2):
        assert (lungs[truth == side] == side).mean() > 0.9
    assert rescale_ct(full).spacing == pytest.approx((3, 2, 2), rel=0.01)
