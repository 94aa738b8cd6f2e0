"""Windows of series: where they are cut, how they are padded, and that a resumed run sees the same ones."""

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE
from cxrbench_baselines.recipe import InputSpec
from cxrbench_baselines.systems.goncharov.streaming import (
    SLICES_PER_BATCH,
    iterate_batches,
    predict_map,
    quantise_pixels,
)
from cxrbench_baselines.systems.goncharov.windows import (
    VALIDATION_SLICES,
    SliceDataset,
    Volume,
    WindowDataset,
    place_window,
    spread_slices,
)

GIVEN = InputSpec(size=16)


def volume(depth=6, side=12, covid=1.0, labels=True):
    rng = np.random.default_rng(depth)
    pixels = rng.integers(1, 256, (depth, side, side), dtype=np.uint8)
    return Volume(pixels, (pixels > 128).astype(np.uint8) if labels else None, covid)


def test_every_slice_occurs_once_per_epoch():
    examples = SliceDataset([volume(6), volume(9)], GIVEN, 0, learning=True)
    assert len(examples) == 15
    sums = {float(example["image"].sum()) for example in examples}
    assert len(sums) == 15


def test_a_smaller_slice_is_centred_in_air():
    series = volume()
    example = SliceDataset([series], GIVEN, 0, learning=False)[0]
    image, labels = example["image"], example["labels"]
    assert image.shape == (1, 16, 16)
    assert labels.shape == (16, 16)
    z = spread_slices(6, VALIDATION_SLICES, None)[0]
    assert torch.equal(image[0, 2:14, 2:14], torch.from_numpy(series.pixels[z] / np.float32(255)))
    assert image[0, :2].sum() == 0
    assert torch.equal(labels[2:14, 2:14], torch.from_numpy(series.labels[z]))
    assert labels.sum() == series.labels[z].sum()


def test_image_and_labels_are_cut_alike_in_each_epoch():
    examples = SliceDataset([volume(side=40)], GIVEN, 3, learning=True)
    first = examples[2]
    assert torch.equal((first["image"][0] > 128 / 255).byte(), first["labels"])
    examples.epoch = 1
    assert not torch.equal(first["image"], examples[2]["image"])
    examples.epoch = 0
    assert torch.equal(first["image"], examples[2]["image"])


def test_a_series_without_drawn_lesions_is_ignored_throughout():
    labels = SliceDataset([volume(labels=False)], GIVEN, 0, learning=True)[0]["labels"]
    assert bool((labels == IGNORE).all())


@pytest.mark.parametrize("mode", ["run", "spread"])
def test_windows_have_one_shape_whatever_the_series(mode):
    examples = WindowDataset([volume(3), volume(30, 24)], GIVEN, 0, slices=8, mode=mode, draws=2, learning=True)
    assert len(examples) == 4
    for window in examples:
        assert window["image"].shape == (1, 8, 16, 16)
        assert window["labels"].shape == (8, 16, 16)


def test_a_short_run_is_centred_among_black_slices():
    window = WindowDataset([volume(4)], GIVEN, 0, slices=8, mode="run", learning=True)[0]
    filled = window["image"][0].flatten(1).sum(1) > 0
    assert filled.tolist() == [False, False, True, True, True, True, False, False]
    assert window["labels"][[0, 1, 6, 7]].sum() == 0
    assert window["covid"] == 1


@pytest.mark.parametrize("depth", [3, 8, 41])
def test_spread_takes_one_slice_of_each_part_in_order(depth):
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn = spread_slices(depth, 8, rng)
        assert drawn == sorted(drawn)
        assert all(i * depth / 8 - 1 < z <= (i + 1) * depth / 8 for i, z in enumerate(drawn))
        assert max(drawn) < depth


def test_a_window_is_placed_within_the_axis():
    rng = np.random.default_rng(0)
    starts = {place_window(20, 16, rng)[0].start for _ in range(100)}
    assert starts == {0, 1, 2, 3, 4}
    assert place_window(3, 16, rng)[1] == slice(6, 9)


def test_a_series_is_predicted_some_slices_at_a_time():
    pixels = np.random.default_rng(0).integers(0, 256, (SLICES_PER_BATCH * 2 + 3, 7, 5), dtype=np.uint8)
    batches = list(iterate_batches(pixels, GIVEN, torch.device("cpu")))
    assert [len(batch) for batch in batches] == [SLICES_PER_BATCH, SLICES_PER_BATCH, 3]
    probabilities = predict_map(lambda x: x * 4 - 2, pixels, GIVEN, torch.device("cpu"))
    assert np.allclose(probabilities, 1 / (1 + np.exp(2 - 4 * pixels.astype(np.float32) / 255)), atol=1e-6)
    assert quantise_pixels(np.array([0, 0.5, 1], np.float32)).tolist() == [0, 128, 255]
