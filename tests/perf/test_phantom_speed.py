"""Generating the phantom: the cost of a study, and of all 360 on two cores and on disk.

There is no other implementation to compare with, so times are printed, not asserted; on a busy machine even CPU seconds
double. The assertions are on the space on disk, with the image cache of the radiographs, and on memory.
"""

import os
import resource
import sys

import pytest
from cxrbench.curation.prepare import prepare_dataset
from cxrbench.imaging.cache.reader import CacheSettings
from cxrbench.phantom import store as phantom_store
from cxrbench.phantom.cohort import make_cohort
from cxrbench.phantom.manifest import read_manifest

pytestmark = pytest.mark.slow

EVERY = 12
BYTES, MEMORY = 150e6, 2 * 2**30


def test_generating_all_studies(benchmark, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    phantom_store.load_arrays.cache_clear()
    some = make_cohort()[::EVERY]
    monkeypatch.setattr("cxrbench.phantom.store.read_manifest", lambda: {s.id: read_manifest()[s.id] for s in some})
    before = os.times()
    benchmark.pedantic(phantom_store.make_all_studies, kwargs={"workers": 1}, rounds=1)
    spent = os.times()
    seconds = (spent.user - before.user + spent.system - before.system) / len(some)
    size_per_study = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) / len(some)
    whole, size = (
        seconds * len(read_manifest()),
        (size_per_study + CacheSettings(size=256).record_bytes) * len(read_manifest()),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    benchmark.extra_info |= {"cpu_seconds_a_study": seconds, "bytes_a_study": size_per_study, "peak_memory_bytes": peak}
    summary = (
        f"{1000 * seconds:.0f} CPU ms per study; in all {whole:.0f} CPU s, {size / 1e6:.0f} MB; {peak / 2**20:.0f} MiB"
    )
    with capsys.disabled():
        print("", summary, sep="\n")
    assert size < BYTES
    assert peak < MEMORY


def test_first_radiograph(benchmark, tmp_path, monkeypatch):
    """The first radiograph with an empty cache, as in a first trial of the benchmark."""
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    phantom_store.load_arrays.cache_clear()
    assert benchmark.pedantic(phantom_store.load_arrays, ("study-000", "cxr"), rounds=1)["pixels"].shape == (256, 256)


@pytest.mark.timeout(1500)
def test_preparing(benchmark, tmp_path, monkeypatch, capsys):
    """The command of the documentation, in two processes; wall time is printed, not asserted."""
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    done = benchmark.pedantic(
        prepare_dataset, ("phantom",), {"settings": CacheSettings(size=256), "workers": 2}, rounds=1
    )
    with capsys.disabled():
        print(f"\nprepare phantom --size 256: {done.seconds:.0f} s wall")
    assert (done.decoded, done.problems) == (360, ())
