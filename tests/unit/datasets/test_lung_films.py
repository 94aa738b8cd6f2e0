"""Montgomery, Shenzhen, JSRT: which mask belongs to which film, sides, folds, readings."""

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.datasets.formats.lung_sides import sided
from cxrbench.errors import DataError
from PIL import Image as Pillow

HEIGHT, WIDTH = 24, 30


def lung(low, high, height=HEIGHT, width=WIDTH):
    """A mask 0 and 255 with columns `low`...`high` filled in the middle rows."""
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, low:high] = 255
    return mask


IMAGE_LEFT, IMAGE_RIGHT = lung(3, 10), lung(18, 27)


def save(path, pixels, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(pixels).convert(mode).save(path)


def bad(dataset):
    return [(problem.file, problem.reason) for problem in dataset.problems if problem.bad]


def text(path, words):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)


def montgomery(root, name="MCUCXR_0001_0"):
    save(root / "CXR_png" / f"{name}.png", lung(0, 30))
    save(root / "ManualMask" / "leftMask" / f"{name}.png", IMAGE_RIGHT)
    save(root / "ManualMask" / "rightMask" / f"{name}.png", IMAGE_LEFT)
    reading = "Patient's Sex: F\nPatient's Age: 027Y\nnormal\n"
    text(root / "ClinicalReadings" / f"{name}.txt", reading)
    return root


@pytest.mark.parametrize("place", ["montgomery", "montgomery/MontgomerySet", "MontgomerySet", ""])
def test_montgomery_the_right_lung_is_at_image_left(tmp_path, place):
    montgomery(montgomery(tmp_path / place), "MCUCXR_0104_1")
    dataset = load("montgomery", tmp_path)
    assert [(case.id, case.targets.category, case.patient) for case in dataset.cases] == [
        ("MCUCXR_0001_0", "healthy", "MCUCXR_0001_0"),
        ("MCUCXR_0104_1", "other", "MCUCXR_0104_1"),
    ]
    mask = dataset.cases[0].targets.lung_mask()
    np.testing.assert_array_equal(mask == 1, IMAGE_LEFT > 0)
    np.testing.assert_array_equal(mask == 2, IMAGE_RIGHT > 0)
    assert dataset.cases[0].meta == {"view": "PA", "sex": "F", "age": 27, "finding": "normal"}
    assert dataset.cases[0].image().pixels.shape == mask.shape
    assert not bad(dataset)


def test_montgomery_masks_and_films_without_their_other_half(tmp_path):
    montgomery(tmp_path)
    (tmp_path / "ManualMask" / "leftMask" / "MCUCXR_0001_0.png").unlink()
    save(tmp_path / "ManualMask" / "leftMask" / "MCUCXR_0009_0.png", IMAGE_LEFT)
    save(tmp_path / "CXR_png" / "MCUCXR_0002_x.png", lung(0, 30))
    dataset = load("montgomery", tmp_path)
    assert bad(dataset) == [
        ("MCUCXR_0001_0", "a lung mask is absent"),
        ("MCUCXR_0002_x", "a lung mask is absent"),
        ("MCUCXR_0002_x", "the name does not end in _0 or _1: finding unknown"),
        ("ManualMask/leftMask/MCUCXR_0009_0.png", "mask without a film"),
    ]
    assert dataset.cases[0].targets.lung_mask is None


def test_montgomery_masks_of_two_sizes_are_refused(tmp_path):
    montgomery(tmp_path)
    save(tmp_path / "ManualMask" / "leftMask" / "MCUCXR_0001_0.png", IMAGE_RIGHT[1:])
    with pytest.raises(DataError, match="differ in size"):
        load("montgomery", tmp_path).cases[0].targets.lung_mask()


def test_sides_are_told_by_place_and_by_nothing_else():
    left, right = IMAGE_LEFT > 0, IMAGE_RIGHT > 0
    np.testing.assert_array_equal(sided([right, left]), sided([left, right]))
    both = sided([left, right | left])
    assert set(np.unique(both[left])) == {3}
    assert set(np.unique(sided([left, left & False]))) == {0, 3}
    assert set(np.unique(sided([left | right]))) == {0, 3}
    assert set(np.unique(sided([left, right, left]))) == {0, 3}


def shenzhen(root, masks="mask/mask", suffix="_mask", base="ChinaSet_AllFiles"):
    for name in ("CHNCXR_0001_0", "CHNCXR_0330_1"):
        save(root / base / "CXR_png" / f"{name}.png", lung(0, 30), "P")
        words = "male 45yrs\nnormal\n" if name.endswith("0") else "Female, 30 yrs\nright upper PTB \n"
        text(root / base / "ClinicalReadings" / f"{name}.txt", words)
    save(root / masks / f"CHNCXR_0330_1{suffix}.png", IMAGE_LEFT | IMAGE_RIGHT)
    return root


@pytest.mark.parametrize(
    ("place", "layout"),
    [
        ("shenzhen", {}),
        ("", {"masks": "masks", "base": "."}),
        ("", {"masks": "mask", "suffix": ""}),
        ("", {"masks": "ChinaSet_AllFiles/mask"}),
    ],
)
def test_shenzhen_both_suffix_rules_and_films_without_a_mask(tmp_path, place, layout):
    shenzhen(tmp_path / place, **layout)
    dataset = load("shenzhen", tmp_path)
    bare, drawn = dataset.cases
    assert (bare.id, bare.targets.lung_mask, bare.targets.category) == ("CHNCXR_0001_0", None, "healthy")
    np.testing.assert_array_equal(drawn.targets.lung_mask(), np.where(IMAGE_LEFT | IMAGE_RIGHT, 3, 0))
    assert bare.meta == {"sex": "M", "age": 45, "finding": "normal"}
    assert drawn.meta == {"sex": "F", "age": 30, "finding": "right upper PTB"}
    assert drawn.image().pixels.shape == (HEIGHT, WIDTH)
    assert not bad(dataset)
    assert any("1 of 2 films have no lung mask" in problem.reason for problem in dataset.problems)


def test_shenzhen_a_mask_without_a_film_is_reported(tmp_path):
    save(shenzhen(tmp_path) / "mask" / "mask" / "CHNCXR_0700_1_mask.png", IMAGE_LEFT)
    assert bad(load("shenzhen", tmp_path)) == [("CHNCXR_0700_1_mask.png", "mask without a film")]


def jsrt(root, scratch="scratch", size=64):
    films = root / "All247images"
    films.mkdir(parents=True)
    codes = (np.arange(2048 * 2048) % 4096).astype(">u2")
    for name in ("JPCLN001", "JPCNN002"):
        (films / f"{name}.IMG").write_bytes(codes.tobytes())
    for fold, name in (("fold1", "JPCLN001"), ("fold2", "JPCNN002")):
        for side, columns in (("right lung", (8, 30)), ("left lung", (28, 60)), ("heart", (20, 40))):
            save(root / scratch / fold / "masks" / side / f"{name}.gif", lung(*columns, size, size))
    return root


@pytest.mark.parametrize(("place", "scratch"), [("jsrt", "scratch"), ("jsrt", "."), ("", "annotations")])
def test_jsrt_masks_grow_to_their_film_and_name_their_fold(tmp_path, place, scratch):
    jsrt(tmp_path / place, scratch)
    dataset = load("jsrt", tmp_path)
    assert len(dataset.cases) == 247
    nodule, none = dataset.by_id["JPCLN001"], dataset.by_id["JPCNN002"]
    assert (nodule.meta["fold"], none.meta["fold"]) == (1, 2)
    assert (nodule.targets.finding, none.targets.finding) == (True, False)
    mask = nodule.targets.lung_mask()
    assert mask.shape == nodule.image().pixels.shape == (2048, 2048)
    small = mask[::32, ::32]
    np.testing.assert_array_equal(mask, small.repeat(32, 0).repeat(32, 1))
    assert set(small[20, 8:28]) == {1}
    assert set(small[20, 28:30]) == {3}
    assert set(small[20, 30:60]) == {2}
    assert not small[:16].any()


def test_jsrt_absent_films_and_folds_are_reported(tmp_path):
    jsrt(tmp_path)
    (tmp_path / "scratch" / "fold2").rename(tmp_path / "elsewhere")
    wrong = bad(load("jsrt", tmp_path))
    assert wrong.count(("JPCLN002", "film absent")) == 1
    assert len(wrong) == 245 + 1
    assert wrong[-1] == ("fold2", "SCR masks absent")


def test_jsrt_a_mask_that_does_not_divide_the_film_is_refused(tmp_path):
    jsrt(tmp_path, size=60)
    with pytest.raises(DataError, match="60 x 60"):
        load("jsrt", tmp_path).by_id["JPCLN001"].targets.lung_mask()
