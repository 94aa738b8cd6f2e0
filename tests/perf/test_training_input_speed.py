"""Reading the training examples of brixia-cohen: from the image cache at 512 px, and by decoding every file.

Both read every radiograph into the network's square; the cache's road checks the file's stamp and the record's checksum
too. Times are CPU seconds of one process; both take turns in every round, so that a busy machine slows both alike.
"""

import time

import cv2
import numpy as np
import pytest
from cxrbench.curation.prepare import prepare_dataset
from cxrbench.datasets import load
from cxrbench.imaging.cache.reader import CacheSettings
from cxrbench_baselines.examples.pixels import PixelSource
from cxrbench_baselines.examples.radiographs import read_examples
from cxrbench_baselines.recipe import InputSpec

pytestmark = pytest.mark.slow

NAME, SIZE, ROUNDS = "brixia-cohen", 128, 5


@pytest.fixture(autouse=True)
def _one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def read(cases, source):
    begin = time.process_time()
    read_examples(cases, InputSpec(size=SIZE), (), None, lambda *_: None, source=source)
    return time.process_time() - begin


def test_reading_training_examples(benchmark, real_data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    prepare_dataset(NAME, real_data, settings=CacheSettings(512))
    cases = [case for case in load(NAME, real_data).cases if case.available]
    source = PixelSource("auto")
    cached, decoded = zip(*((read(cases, source), read(cases, PixelSource())) for _ in range(ROUNDS)), strict=True)
    ratio = np.median(np.divide(decoded, cached))
    with capsys.disabled():
        print(f"\n{len(cases)} radiographs at {SIZE} px, {source.counts.total() // ROUNDS} of them from the cache:")
        print(f"  {1000 * np.median(cached) / len(cases):.1f} ms each, decoded / cached {ratio:.1f}")
    benchmark.pedantic(read, (cases, source), rounds=1)
    assert ratio > 1
