"""`cxrbench datasets prepare`: what is decoded, what is reported, and what is never decoded twice."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cxrbench.curation.prepare import count_default_workers, prepare_dataset
from cxrbench.datasets import DataFolder, Dataset, dataset_adapters
from cxrbench.imaging.cache.reader import CacheSettings, ImageCache
from cxrbench.imaging.radiograph.raster import read_raster
from PIL import Image

from tests.fixtures.make_dicom import cut

SETTINGS = CacheSettings(size=32)
ZONES = ["Global", *"ABCDEF"]


@pytest.fixture
def copy(tmp_path) -> Path:
    """A small copy of brixia-cohen: 6 scored radiographs with pixels, each of another size; no Cohen table."""
    root = tmp_path / "data" / "brixia-cohen"
    (root / "public-cohen-subset").mkdir(parents=True)
    names = [f"image {i}.{'png' if i % 2 else 'jpg'}" for i in range(6)]
    lines = [",".join(["filename", *(f"{rater}-{zone}" for rater in "SJ" for zone in ZONES)])]
    lines += [",".join([name, *(["0"] * 14)]) for name in names]
    (root / "public-annotations.csv").write_text("\r\n".join(lines), "utf-8-sig")
    rng = np.random.default_rng(0)
    for i, name in enumerate(names):
        pixels = rng.integers(0, 256, (40 + i, 50, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(root / "public-cohen-subset" / name, "PNG" if i % 2 else "JPEG")
    return tmp_path / "data"


@pytest.fixture
def images(copy) -> Path:
    return copy / "brixia-cohen" / "public-cohen-subset"


def _run(copy, tmp_path, **more):
    return prepare_dataset("brixia-cohen", copy, settings=SETTINGS, root=tmp_path / "cache", **more)


def _list_problems(done) -> dict[str, str]:
    return {Path(problem.file).name: problem.reason for problem in done.bad if problem.file != "datasets.yaml"}


def test_every_image_is_decoded_once(copy, images, tmp_path):
    first, second = _run(copy, tmp_path), _run(copy, tmp_path)
    assert (first.cases, first.decoded, first.reused) == (6, 6, 0)
    assert (second.decoded, second.reused) == (0, 6)
    cache = ImageCache.open("brixia-cohen", SETTINGS, tmp_path / "cache")
    for path in images.iterdir():
        exact = read_raster(path).pixels
        assert abs(cache.image(path.name).pixels.mean() - exact.mean()) < 2 / 255
        assert cache.entries[path.name].geometry.rows == len(exact)


def test_bad_files_are_named_and_the_rest_continues(copy, images, tmp_path):
    cut(images / "image 0.jpg")
    (images / "image 1.png").write_text("not found")
    (images / "image 2.jpg").unlink()
    (images / "extra.png").write_bytes((images / "image 3.png").read_bytes())
    done = _run(copy, tmp_path)
    assert done.decoded == 3
    problems = _list_problems(done)
    assert "cannot be decoded" in problems["image 0.jpg"]
    assert "no known image format" in problems["image 1.png"]
    assert "absent" in problems["image 2.jpg"]
    assert "not listed" in problems["extra.png"]
    assert len(ImageCache.open("brixia-cohen", SETTINGS, tmp_path / "cache")) == 3


def test_a_corrected_file_is_decoded_by_the_next_run(copy, images, tmp_path):
    whole = (images / "image 0.jpg").read_bytes()
    cut(images / "image 0.jpg")
    assert _run(copy, tmp_path).decoded == 5
    (images / "image 0.jpg").write_bytes(whole)
    again = _run(copy, tmp_path)
    assert (again.decoded, again.reused) == (1, 5)


def test_a_changed_file_is_decoded_again(copy, images, tmp_path):
    _run(copy, tmp_path)
    Image.new("L", (50, 30), 255).save(images / "image 3.png")
    again = _run(copy, tmp_path)
    assert (again.decoded, again.reused) == (1, 5)
    cache = ImageCache.open("brixia-cohen", SETTINGS, tmp_path / "cache")
    np.testing.assert_array_equal(cache.pixels("image 3.png"), 255)
    assert len(cache) == 6


def test_progress_counts_to_the_end(copy, tmp_path):
    seen = []
    _run(copy, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]


def test_processes_give_the_same_cache(synthetic_copy, tmp_path):
    kwargs = {"settings": SETTINGS}
    single = prepare_dataset("brixia-cohen", synthetic_copy, root=tmp_path / "single", workers=1, **kwargs)
    parallel = prepare_dataset("brixia-cohen", synthetic_copy, root=tmp_path / "parallel", workers=2, **kwargs)
    assert single.decoded == parallel.decoded == 192
    first, second = ((done.folder / "pixels.bin").read_bytes() for done in (single, parallel))
    assert first == second
    assert 1 <= count_default_workers() <= 4


def test_a_killed_run_loses_only_the_current_case(synthetic_copy, tmp_path):
    """Kill a real process in the middle; the next run decodes what is missing and nothing else."""
    command = [sys.executable, "-m", "cxrbench", "datasets", "prepare", "brixia-cohen", "--size", "1024"]
    command += ["--data", str(synthetic_copy), "--cache", str(tmp_path / "cache"), "--workers", "1"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    index = tmp_path / "cache" / "brixia-cohen" / CacheSettings(1024).folder / "index.jsonl"
    try:
        _wait_for(lambda: index.is_file() and index.read_bytes().count(b"\n") >= 5, running)
    finally:
        running.kill()
        running.wait()
    kept = index.read_bytes().count(b"\n")
    again = prepare_dataset(
        "brixia-cohen", synthetic_copy, settings=CacheSettings(1024), root=tmp_path / "cache", workers=1
    )
    assert again.reused == kept
    assert again.decoded == 192 - kept
    assert ImageCache.open("brixia-cohen", CacheSettings(1024), tmp_path / "cache").damaged() == []


def _wait_for(is_true, process):
    while not is_true():
        assert process.poll() is None, "the process ended before that"
        time.sleep(0.05)


def test_the_command_reports_and_continues_or_exits_with_4(copy, images, tmp_path, command):
    cut(images / "image 0.jpg")
    arguments = ["datasets", "prepare", "brixia-cohen", "--data", copy, "--size", "32", "--cache", tmp_path / "c"]
    done = command(*arguments)
    assert done.code == 0
    assert "6 cases, 5 decoded" in done.out
    assert "image 0.jpg" in done.err
    strict = command(*arguments, "--strict")
    assert strict.code == 4
    assert len(strict.error_lines) == 1
    assert "5 kept" in strict.out


def test_json_lists_every_problem(copy, images, tmp_path, command):
    cut(images / "image 0.jpg")
    done = command("datasets", "prepare", "brixia-cohen", "--data", copy, "--cache", tmp_path / "c", "--json")
    report = json.loads(done.out)
    assert (report["cases"], report["decoded"], report["reused"], report["size"]) == (6, 5, 0, 512)
    assert any(problem["bad"] and problem["file"].endswith("image 0.jpg") for problem in report["problems"])
    assert Path(report["folder"]).is_dir()


def test_the_cache_folder_comes_from_the_environment(copy, tmp_path, command, monkeypatch):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path / "elsewhere"))
    assert command("datasets", "prepare", "brixia-cohen", "--data", copy).code == 0
    assert (tmp_path / "elsewhere" / "brixia-cohen").is_dir()


def test_a_dataset_that_is_not_there_is_a_data_error(tmp_path, command):
    done = command("datasets", "prepare", "brixia-cohen", "--data", tmp_path, "--cache", tmp_path / "c")
    assert done.code == 4
    assert len(done.error_lines) == 1


def test_cases_tell_their_files(copy, images):
    dataset: Dataset = dataset_adapters["brixia-cohen"](DataFolder(copy))
    assert [case.files for case in dataset.cases] == [(images / case.id,) for case in dataset.cases]


def test_a_moved_copy_of_the_data_is_not_decoded_again(copy, tmp_path):
    _run(copy, tmp_path)
    copy.rename(tmp_path / "moved")
    assert _run(tmp_path / "moved", tmp_path).reused == 6


@pytest.mark.slow
def test_the_phantom_can_be_prepared_too(tmp_path):
    done = prepare_dataset("phantom", None, settings=SETTINGS, root=tmp_path, workers=2)
    assert done.decoded == done.cases == 360
    assert not done.bad
