"""Implanted blobs: bright, soft, in the lungs, the same for a seed; nothing else changes."""

import numpy as np
import pytest
from cxrbench.errors import UsageError
from cxrbench_baselines.examples.augmentation import Augmentation
from cxrbench_baselines.examples.blobs import draw_ellipse, implant_blobs
from cxrbench_baselines.recipe import Step

LUNGS = np.zeros((64, 64), np.uint8)
LUNGS[10:50, 8:26] = LUNGS[10:50, 38:56] = 1
GREY = np.full((64, 64), 80, np.uint8)


def test_an_ellipse_is_half_as_bright_at_its_axes():
    blob = draw_ellipse((41, 41), np.array([20, 20]), np.array([8.0, 4.0]), 0.0)
    assert blob[20, 20] == 1
    assert blob[20, 28] == blob[24, 20] == blob[20, 12] == 0.5  # along columns 8, along rows 4
    assert blob[20, 36] == pytest.approx(1 / 16)  # two axes away: 0.5 ** 4


def test_an_ellipse_turns():
    upright = draw_ellipse((41, 41), np.array([20, 20]), np.array([8.0, 4.0]), np.pi / 2)
    assert upright[28, 20] == pytest.approx(0.5)
    assert upright[20, 24] == pytest.approx(0.5)


def test_a_blob_has_its_strength_and_its_centre_in_lung():
    for seed in range(20):
        image = implant_blobs(
            GREY, LUNGS, np.random.default_rng(seed), count=(1, 1), size=(0.1, 0.2), strength=(0.4, 0.4)
        )
        peak = np.unravel_index(image.argmax(), image.shape)
        assert image.max() == 80 + 0.4 * (255 - 80)
        assert LUNGS[peak] == 1
        assert image.min() >= 80


def test_without_lungs_a_blob_may_be_anywhere():
    peaks = {
        int(implant_blobs(GREY, None, np.random.default_rng(seed), count=(1, 1), size=(0.1, 0.1)).argmax())
        for seed in range(40)
    }
    assert any(LUNGS.ravel()[peak] == 0 for peak in peaks)


def test_the_blob_step_changes_only_the_image_by_its_seed():
    change = Augmentation([Step(op="blobs", p=1, count=[2, 2])], 64, ("lungs",))
    example = {"image": GREY, "lungs": LUNGS}
    first, again, other = change(example, 1), change(example, 1), change(example, 2)
    assert np.array_equal(first["image"], again["image"])
    assert not np.array_equal(first["image"], other["image"])
    assert np.array_equal(first["lungs"], LUNGS)
    assert np.array_equal(example["image"], GREY)


def test_blobs_follow_the_probability_of_the_step():
    change = Augmentation([Step(op="blobs", p=0.25)], 64, ("lungs",))
    changed = [not np.array_equal(change({"image": GREY}, seed)["image"], GREY) for seed in range(400)]
    assert 0.18 < np.mean(changed) < 0.32


def test_an_unknown_setting_of_blobs_is_an_error_before_training():
    with pytest.raises(UsageError, match="blobs does not take this"):
        Augmentation([Step(op="blobs", colour="green")], 32, ())
