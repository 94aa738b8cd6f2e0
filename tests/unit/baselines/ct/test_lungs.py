"""Lungs without weights: against known ellipses, against the phantom's truth and against a real CT."""

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench.datasets import load
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_mask_volume, read_nifti
from cxrbench_baselines.ct.lungs import find_lungs, found_lungs, split_lungs
from cxrbench_baselines.ct.prepare import rescaled

from tests.fixtures.make_chest import chest


def image(made):
    return Image(made.hu, "ct", made.spacing)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("spacing", [(8.0, 3.0, 3.0), (5.0, 2.0, 2.0), (3.0, 1.5, 2.0)])
@pytest.mark.parametrize("bowel", [False, True])
def test_both_lungs_are_found_with_the_lesion_and_without_trachea_or_bowel(spacing, bowel):
    made = chest(spacing, bowel=bowel, lesion_hu=30)
    found = find_lungs(image(made))
    for side in (1, 2):
        assert dice(found == side, made.lungs == side) > 0.97
    assert (found[made.lesions] == 1).mean() > 0.98


def test_the_two_clusters_are_the_two_lungs():
    made = chest()
    found = split_lungs(made.lungs > 0, made.spacing)
    np.testing.assert_array_equal(found.labels, made.lungs)
    assert found.remark == ""


def test_a_smaller_right_lung_stays_the_right_one_and_that_is_said():
    made = chest(right=0.7, left=1.0)
    found = found_lungs(image(made))
    assert dice(found.labels == 1, made.lungs == 1) > 0.95
    assert "the larger lung is not the right one" in found.remark
    assert "orientation" in found.remark


def test_a_mirrored_volume_is_noticed_by_the_size_rule():
    made = chest()
    assert not found_lungs(image(made)).remark
    mirrored = Image(made.hu[:, :, ::-1].copy(), "ct", made.spacing)
    assert "not the right one" in found_lungs(mirrored).remark


def test_one_lung_alone_has_no_sides():
    made = chest(lesion_mm=0)
    hu = np.where(made.lungs == 2, 40, made.hu).astype(np.int16)
    found = found_lungs(Image(hu, "ct", made.spacing))
    assert set(np.unique(found.labels)) == {0, 3}
    assert "one may be missing" in found.remark


def test_lungs_that_touch_are_still_two():
    made = chest()
    joined = made.lungs > 0
    joined[14:16, 44:48, 50:70] = True
    labels = split_lungs(joined, made.spacing).labels
    assert dice(labels == 1, made.lungs == 1) > 0.99
    assert dice(labels == 2, made.lungs == 2) > 0.99


def test_nothing_depends_on_chance():
    made = chest()
    np.testing.assert_array_equal(find_lungs(image(made)), find_lungs(image(made)))


@pytest.mark.parametrize("hu", [40, -1000, 3071])
def test_no_lungs_are_an_error_that_says_what_and_where(hu):
    made = chest()
    nothing = np.where(made.lungs > 0, 40, made.hu) if hu == 40 else np.full_like(made.hu, hu)
    nothing[:, 40:52, 52:68] = 40
    with pytest.raises(DataError, match=r"no lungs found.*ml of air inside the body.*HU.*study 3") as error:
        find_lungs(Image(nothing.astype(np.int16), "ct", made.spacing), where="study 3")
    assert "\n" not in error.value.line


def test_values_without_their_intercept_show_in_the_error():
    made = chest()
    with pytest.raises(DataError, match=r"values \d+ to \d+ HU, 0% of them below -400"):
        find_lungs(Image((made.hu + 1024).astype(np.int16), "ct", made.spacing), where="study 3")


def test_on_the_phantom_both_lungs_are_the_true_ones_where_they_are_aerated():
    cases = [case for case in load("phantom-ct").cases if case.targets.category == "healthy"][:3]
    for case in cases:
        found, truth = find_lungs(case.image()), case.targets.lung_mask()
        assert min(dice(found == side, truth == side) for side in (1, 2)) > 0.93


def test_on_the_real_lung_bases_the_sides_are_right(real_data):
    folder = real_data / "totalsegmentator-ct"
    path = folder / "example_ct_sm.nii.gz"
    if not path.is_file():
        pytest.skip("no totalsegmentator-ct below the data folder")
    full = read_nifti(path)
    labels = read_mask_volume(folder / "example_seg.nii.gz", path)
    truth = np.select([np.isin(labels, (12, 13, 14)), np.isin(labels, (10, 11))], [1, 2], 0)
    found = find_lungs(full)
    assert dice(found == 1, truth == 1) > 0.9
    for side in (1, 2):
        assert (found[truth == side] == side).mean() > 0.9
    assert rescaled(full).spacing == pytest.approx((3, 2, 2), rel=0.01)
