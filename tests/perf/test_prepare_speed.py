"""Preparing the real radiographs of brixia-cohen at 512 px, compared with OpenCV and Pillow on the same files.

The other two only decode, convert to grey and resize; ours also lists the dataset, refuses truncated files, keeps 16
bits, composites alpha, keeps the aspect ratio, checksums and writes the cache. `opencv` decodes colour and computes the
luma, as our conventions require; `opencv-grey` takes the Y channel of the JPEG decoder, which is faster and differs by
up to 14/255 at 512 px where a radiograph has colour. torchxrayvision is not a dependency and is not imitated here.
Times are CPU seconds of one process; the contenders take turns in every round, so that a busy machine slows all alike.
"""

import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from cxrbench.curation.prepare import prepare_dataset
from cxrbench.datasets import load
from cxrbench.imaging.cache.reader import ImageCache
from PIL import Image

pytestmark = pytest.mark.slow

SIZE = 512
ROUNDS = 7


@pytest.fixture(scope="module")
def paths(real_data) -> list[Path]:
    dataset = load("brixia-cohen", real_data)
    return [path for case in dataset.cases for path in case.files]


@pytest.fixture(autouse=True)
def _one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def _opencv(paths):
    for path in paths:
        grey = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2GRAY)
        cv2.resize(grey, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def _opencv_grey(paths):
    for path in paths:
        cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def _pillow(paths):
    for path in paths:
        with Image.open(path) as picture:
            np.asarray(picture.convert("L").resize((SIZE, SIZE), Image.Resampling.BOX))


def _ours(paths, data, folder):
    cache = folder / str(time.monotonic_ns())
    done = prepare_dataset("brixia-cohen", data, root=cache, workers=1)
    assert done.decoded == len(paths)
    return cache


def _epoch(cache: ImageCache) -> int:
    """Every pixel of every radiograph once, as a training loop reads them."""
    return sum(int(cache.pixels(name).sum(dtype=np.int64)) for name in cache.entries)


def _seconds(run) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _print_speed(capsys, title: str, count: int, seconds: dict[str, list[float]]) -> None:
    """Images per CPU second (median round), and ours as a ratio to each peer, round by round."""
    ours = np.array(seconds["cxrbench"])
    with capsys.disabled():
        print(f"\n{title}, {count} radiographs, {ROUNDS} rounds in turn")
        for name, spans in seconds.items():
            ratios = np.array(spans) / ours
            speed = count / np.median(spans)
            print(f"  {name:<12}{speed:9.1f} images/s per core   ours / other: median {np.median(ratios):.2f}")


def test_preparing(benchmark, paths, real_data, tmp_path, capsys):
    contenders = {
        "cxrbench": partial(_ours, paths, real_data, tmp_path),
        "opencv": partial(_opencv, paths),
        "opencv-grey": partial(_opencv_grey, paths),
        "pillow": partial(_pillow, paths),
    }
    seconds = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            seconds[name].append(_seconds(run))
    _print_speed(capsys, "preparing at 512 px", len(paths), seconds)
    benchmark.extra_info |= {name: len(paths) / float(np.median(spans)) for name, spans in seconds.items()}
    benchmark.pedantic(contenders["cxrbench"], rounds=1)


def test_a_cached_epoch(benchmark, paths, real_data, tmp_path, capsys):
    cache = ImageCache.open("brixia-cohen", root=_ours(paths, real_data, tmp_path))
    seconds = {"cxrbench": [], "opencv": []}
    for _ in range(ROUNDS):
        seconds["cxrbench"].append(_seconds(lambda: _epoch(cache)))
        seconds["opencv"].append(_seconds(partial(_opencv, paths)))
    _print_speed(capsys, "an epoch from the cache", len(paths), seconds)
    assert benchmark.pedantic(_epoch, (cache,), rounds=3) > 0
