"""XLSor: the list, masks shared by synthetic radiographs, NIH patients."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.datasets.adapters.xlsor import make_mask_name

from tests.fixtures.make_copies import XLSOR_MASK, make_xlsor


@pytest.mark.parametrize("place", ["xlsor", ""])
def test_radiographs_with_their_masks_and_patients(tmp_path, place):
    make_xlsor(tmp_path / place)
    dataset = load("xlsor", tmp_path)
    assert [(case.id, case.patient) for case in dataset.cases] == [
        ("Augmentation/0001_07", "synthetic:Augmentation/0001"),
        ("Augmentation/0001_19", "synthetic:Augmentation/0001"),
        ("Montgomery/MCUCXR_0001_0", "image:Montgomery/MCUCXR_0001_0.png"),
        ("NIH/images/00000013_002", "nih:13"),
        ("NIH/images/00000013_009", "nih:13"),
    ]
    for case in dataset.cases:
        np.testing.assert_array_equal(case.targets.lung_mask(), np.where(XLSOR_MASK, 3, 0))
        assert case.image().pixels.shape == XLSOR_MASK.shape
    assert [case.meta["synthetic"] for case in dataset.cases] == [True, True, False, False, False]
    assert not [problem for problem in dataset.problems if problem.bad]


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("Augmentation12345_3.png", "Augmentation12345_mask.png"),
        ("JSRT/a.png.png", "JSRT/a.png_mask.png"),
        ("a/Augmentation/1.png", "a/Augmentation/1_mask.png"),
    ],
)
def test_seventeen_characters_name_the_mask_of_a_synthetic_radiograph(name, mask):
    assert make_mask_name(name) == mask


def test_absent_radiographs_masks_and_lists_are_reported(tmp_path):
    root = make_xlsor(tmp_path)
    (root / "train_list.txt").write_text("JSRT/a.png\nJSRT/a.png\n\n")
    (root / "NIH" / "masks" / "00000013_009.png").unlink()
    dataset = load("xlsor", tmp_path)
    assert [(problem.file, problem.reason) for problem in dataset.problems if problem.bad] == [
        ("JSRT/a.png", "listed but absent"),
        ("JSRT/a", "lung mask absent"),
        ("NIH/images/00000013_009", "lung mask absent"),
    ]
    assert ("JSRT/a.png", "listed twice: one kept") in [(problem.file, problem.reason) for problem in dataset.problems]
    (root / "train_list.txt").unlink()
    assert "train_list.txt" in [problem.file for problem in load("xlsor", tmp_path).problems if problem.bad]
