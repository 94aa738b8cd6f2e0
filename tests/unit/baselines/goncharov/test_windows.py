"""Windows of series: where they are cut, what stands around them, and that a resumed run sees the same ones."""

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE
from cxrbench_baselines.recipe import Input
from cxrbench_baselines.systems.goncharov.streaming import AT_ONCE, grey, mapped, steps
from cxrbench_baselines.systems.goncharov.windows import CHECKED, Series, Slices, Volume, placed, spread

GIVEN = Input(size=16)


def volume(depth=6, side=12, covid=1.0, labels=True):
    rng = np.random.default_rng(depth)
    pixels = rng.integers(1, 256, (depth, side, side), dtype=np.uint8)
    return Volume(pixels, (pixels > 128).astype(np.uint8) if labels else None, covid)


def test_every_slice_comes_once_an_epoch():
    examples = Slices([volume(6), volume(9)], GIVEN, 0, learning=True)
    assert len(examples) == 15
    seen = {float(one["image"].sum()) for one in examples}
    assert len(seen) == 15


def test_a_smaller_slice_stands_in_the_middle_of_air():
    one = volume()
    example = Slices([one], GIVEN, 0, learning=False)[0]
    image, labels = example["image"], example["labels"]
    assert image.shape == (1, 16, 16)
    assert labels.shape == (16, 16)
    z = spread(6, CHECKED, None)[0]
    assert torch.equal(image[0, 2:14, 2:14], torch.from_numpy(one.pixels[z] / np.float32(255)))
    assert image[0, :2].sum() == 0
    assert torch.equal(labels[2:14, 2:14], torch.from_numpy(one.labels[z]))
    assert labels.sum() == one.labels[z].sum()


def test_image_and_labels_are_cut_alike_at_a_place_that_moves_with_the_epoch():
    examples = Slices([volume(side=40)], GIVEN, 3, learning=True)
    first = examples[2]
    assert torch.equal((first["image"][0] > 128 / 255).byte(), first["labels"])
    examples.epoch = 1
    assert not torch.equal(first["image"], examples[2]["image"])
    examples.epoch = 0
    assert torch.equal(first["image"], examples[2]["image"])


def test_a_series_without_drawn_lesions_is_ignored_throughout():
    labels = Slices([volume(labels=False)], GIVEN, 0, learning=True)[0]["labels"]
    assert bool((labels == IGNORE).all())


@pytest.mark.parametrize("way", ["run", "spread"])
def test_windows_have_one_shape_whatever_the_series(way):
    examples = Series([volume(3), volume(30, 24)], GIVEN, 0, slices=8, way=way, draws=2, learning=True)
    assert len(examples) == 4
    for one in examples:
        assert one["image"].shape == (1, 8, 16, 16)
        assert one["labels"].shape == (8, 16, 16)


def test_a_short_run_stands_in_the_middle_of_black_slices():
    one = Series([volume(4)], GIVEN, 0, slices=8, way="run", learning=True)[0]
    filled = one["image"][0].flatten(1).sum(1) > 0
    assert filled.tolist() == [False, False, True, True, True, True, False, False]
    assert one["labels"][[0, 1, 6, 7]].sum() == 0
    assert one["covid"] == 1


@pytest.mark.parametrize("depth", [3, 8, 41])
def test_spread_takes_one_slice_of_each_part_in_order(depth):
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn = spread(depth, 8, rng)
        assert drawn == sorted(drawn)
        assert all(i * depth / 8 - 1 < z <= (i + 1) * depth / 8 for i, z in enumerate(drawn))
        assert max(drawn) < depth


def test_a_window_is_placed_within_the_axis():
    rng = np.random.default_rng(0)
    starts = {placed(20, 16, rng)[0].start for _ in range(100)}
    assert starts == {0, 1, 2, 3, 4}
    assert placed(3, 16, rng)[1] == slice(6, 9)


def test_a_series_goes_through_a_network_some_slices_at_a_time():
    pixels = np.random.default_rng(0).integers(0, 256, (AT_ONCE * 2 + 3, 7, 5), dtype=np.uint8)
    batches = list(steps(pixels, GIVEN, torch.device("cpu")))
    assert [len(one) for one in batches] == [AT_ONCE, AT_ONCE, 3]
    found = mapped(lambda x: x * 4 - 2, pixels, GIVEN, torch.device("cpu"))
    assert np.allclose(found, 1 / (1 + np.exp(2 - 4 * pixels.astype(np.float32) / 255)), atol=1e-6)
    assert grey(np.array([0, 0.5, 1], np.float32)).tolist() == [0, 128, 255]
