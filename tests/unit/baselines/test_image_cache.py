"""Training reads the image cache of `cxrbench datasets prepare` where it fits, decodes elsewhere, and records which."""

import json
from dataclasses import replace

import numpy as np
import pytest
from cxrbench.case import Case
from cxrbench.curation.prepare import prepare_dataset
from cxrbench.datasets import load
from cxrbench.imaging.cache.reader import CacheSettings, ImageCache
from cxrbench_baselines.examples.pixels import PixelSource
from cxrbench_baselines.examples.radiographs import read_examples
from cxrbench_baselines.framing import View
from cxrbench_baselines.recipe import InputSpec
from PIL import Image

NAME = "brixia-cohen"
SPEC = InputSpec(size=32)
TINY = ("input.size=32", "network.pretrained=none", "stages.scoring.epochs=1", "stages.scoring.batch=64")


@pytest.fixture
def data(synthetic_copy, monkeypatch, tmp_path):
    """A synthetic brixia-cohen of 96 x 80 pixels, and an empty cache folder of its own."""
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(1)
    for file in sorted((synthetic_copy / NAME / "public-cohen-subset").iterdir()):
        small = Image.fromarray(rng.integers(0, 256, (12, 10), dtype=np.uint8))
        picture = small.resize((80, 96), Image.Resampling.BICUBIC)
        picture.save(file, "PNG" if file.name.lower().endswith("png") else "JPEG")
    return synthetic_copy


@pytest.fixture
def train(command, data, tmp_path):
    """`cxrbench train resnet18` at a tiny setting: the command's outcome, and the record in `training.json`."""

    def run(*options, out="out"):
        changes = [word for change in TINY for word in ("--set", change)]
        track = ("--track", "brixia-severity/brixia-cohen/train", "--data", data)
        done = command("train", "resnet18", *track, *changes, "--out", tmp_path / out, *options)
        assert done.code == 0, done.err
        return done, json.loads((tmp_path / out / "training.json").read_text("utf-8"))["stages"][0]

    return run


def refuse_decoding(monkeypatch):
    def fail(case):
        raise AssertionError(f"{case.id} was decoded")

    monkeypatch.setattr(Case, "image", fail)


def test_training_reads_a_prepared_cache_and_decodes_nothing(command, train, data, monkeypatch):
    assert command("datasets", "prepare", NAME, "--data", data, "--size", 64).code == 0
    refuse_decoding(monkeypatch)
    done, stage = train()
    folder = f"{NAME}/{CacheSettings(64).folder}"
    count = stage["cases"] + stage["validation_cases"]
    assert stage["pixels"] == {"decoded": 0, folder: count}
    assert f"pixels: {count} of {count} images read from the image cache ({folder})" in done.err.splitlines()


def test_weights_are_the_same_without_cache_and_with_it_off(command, train, data, tmp_path):
    done, stage = train(out="before")
    assert stage["pixels"] == {"decoded": stage["cases"] + stage["validation_cases"]}
    assert "pixels:" not in done.err
    assert command("datasets", "prepare", NAME, "--data", data, "--size", 64).code == 0
    _, off = train("--cache", "off", out="off")
    assert off["pixels"] == stage["pixels"]
    hashes = [(tmp_path / out / "weights.sha256").read_text("utf-8") for out in ("before", "off")]
    assert hashes[0] == hashes[1]


def read_squares(cases, source, look=None, spec=SPEC):
    examples = read_examples(cases, spec, (), look, lambda *_: None, source=source)
    return [example["image"] for example in examples]


@pytest.fixture
def cases(data):
    """Eight cases, cached at 64 pixels."""
    prepare_dataset(NAME, data, settings=CacheSettings(64))
    return load(NAME, data).cases[:8]


def test_cached_squares_differ_from_decoded_ones_by_rounding(cases):
    source = PixelSource("auto")
    cached, decoded = read_squares(cases, source), read_squares(cases, PixelSource())
    assert source.counts.total() == 8
    differences = np.abs(np.subtract(cached, decoded, dtype=np.float64))
    assert differences.mean() < 1
    assert differences.max() <= 12


def test_a_changed_file_is_decoded(cases, data):
    file = data / NAME / "public-cohen-subset" / cases[0].id
    Image.new("L", (80, 96), 200).save(file, "PNG" if file.name.lower().endswith("png") else "JPEG")
    source = PixelSource("auto")
    assert np.all(read_squares(cases, source)[0] == 200)
    assert source.counts.total() == 7


def test_a_damaged_record_is_decoded(cases):
    cache = ImageCache.open(NAME, CacheSettings(64))
    with (cache.folder / "pixels.bin").open("r+b") as file:
        file.seek(cache.entries[cases[0].id].record * cache.settings.record_bytes)
        file.write(b"damage")
    source = PixelSource("auto")
    assert np.array_equal(read_squares(cases, source)[0], read_squares(cases, PixelSource())[0])
    assert source.counts.total() == 7


def test_only_views_of_the_whole_radiograph_are_cached(cases):
    source = PixelSource("auto")
    read_squares(cases, source, look=lambda pixels: replace(View.whole(pixels.shape), top=10))
    assert source.counts.total() == 0


@pytest.mark.parametrize(
    ("settings", "size", "usable"),
    [
        (CacheSettings(64), 32, True),
        (CacheSettings(64), 54, False),  # the cached picture is 64 x 53
        (CacheSettings(128), 32, False),  # enlarged
        (CacheSettings(64, draft=True), 32, False),
        (CacheSettings(64, "uint16"), 32, True),
    ],
)
def test_a_cache_is_read_where_it_loses_nothing(data, settings, size, usable):
    prepare_dataset(NAME, data, settings=settings)
    source = PixelSource("auto")
    read_squares(load(NAME, data).cases[:4], source, spec=InputSpec(size=size))
    assert source.counts.total() == (4 if usable else 0)


def test_sixteen_bits_are_preferred_and_broken_caches_skipped(cases, data):
    done = prepare_dataset(NAME, data, settings=CacheSettings(64, "uint16"))
    source = PixelSource("auto")
    read_squares(cases, source)
    assert dict(source.counts) == {f"{NAME}/{done.folder.name}": 8}
    (done.folder / "settings.json").write_text("{")
    read_squares(cases, source)
    assert source.counts[f"{NAME}/{CacheSettings(64).folder}"] == 8
