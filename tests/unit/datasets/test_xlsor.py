"""XLSor: the list, masks shared by synthetic films, NIH patients."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.datasets.adapters.xlsor import mask_name
from PIL import Image as Pillow

from tests.fixtures.make_tables import write_picture

MASK = np.zeros((20, 24), np.uint8)
MASK[4:12, 3:9] = 255


def mask(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(MASK).save(path)


def make(root):
    names = ["Augmentation/0001_07.png", "Augmentation/0001_19.png", "Montgomery/MCUCXR_0001_0.png"]
    for name in [*names, "NIH/images/00000013_002.png", "NIH/images/00000013_009.png"]:
        write_picture(root / name)
    (root / "train_list.txt").write_text("\n".join(names) + "\n")
    for name in ("Augmentation/0001_mask.png", "Montgomery/MCUCXR_0001_0_mask.png"):
        mask(root / name)
    mask(root / "NIH" / "masks" / "00000013_002_mask.png")
    mask(root / "NIH" / "masks" / "00000013_009.png")
    return root


@pytest.mark.parametrize("place", ["xlsor", ""])
def test_films_their_masks_and_their_patients(tmp_path, place):
    make(tmp_path / place)
    dataset = load("xlsor", tmp_path)
    assert [(case.id, case.patient) for case in dataset.cases] == [
        ("Augmentation/0001_07", "synthetic:Augmentation/0001"),
        ("Augmentation/0001_19", "synthetic:Augmentation/0001"),
        ("Montgomery/MCUCXR_0001_0", "image:Montgomery/MCUCXR_0001_0.png"),
        ("NIH/images/00000013_002", "nih:13"),
        ("NIH/images/00000013_009", "nih:13"),
    ]
    for case in dataset.cases:
        np.testing.assert_array_equal(case.targets.lung_mask(), np.where(MASK, 3, 0))
        assert case.image().pixels.shape == MASK.shape
    assert [case.meta["synthetic"] for case in dataset.cases] == [True, True, False, False, False]
    assert not [problem for problem in dataset.problems if problem.bad]


@pytest.mark.parametrize(
    ("film", "found"),
    [
        ("Augmentation12345_3.png", "Augmentation12345_mask.png"),
        ("JSRT/a.png.png", "JSRT/a.png_mask.png"),
        ("a/Augmentation/1.png", "a/Augmentation/1_mask.png"),
    ],
)
def test_the_first_seventeen_characters_name_a_synthetic_film_s_mask(film, found):
    assert mask_name(film) == found


def test_absent_films_masks_and_lists_are_reported(tmp_path):
    root = make(tmp_path)
    (root / "train_list.txt").write_text("JSRT/a.png\nJSRT/a.png\n\n")
    (root / "NIH" / "masks" / "00000013_009.png").unlink()
    dataset = load("xlsor", tmp_path)
    assert [(problem.file, problem.reason) for problem in dataset.problems if problem.bad] == [
        ("JSRT/a.png", "listed but absent"),
        ("JSRT/a", "lung mask absent"),
        ("NIH/images/00000013_009", "lung mask absent"),
    ]
    assert ("JSRT/a.png", "listed twice: one kept") in [(one.file, one.reason) for one in dataset.problems]
    (root / "train_list.txt").unlink()
    assert "train_list.txt" in [problem.file for problem in load("xlsor", tmp_path).problems if problem.bad]
