"""The runner beside the bare loop over the same images, and how many images a second a trivial submission passes.

Each contender runs in turn in one session; `extra_info` holds images a second. Run with `make bench`.
"""

import time

import numpy as np
import pytest
from cxrbench.case import Case, Image, Targets
from cxrbench.runner.checkpoint import Checkpoint
from cxrbench.runner.isolation.sandbox import Limits, find_best_level
from cxrbench.runner.pool import RunPlan, predict_cases
from cxrbench.submission import load_submission
from cxrbench.tasks import tasks

pytestmark = pytest.mark.slow
TRIVIAL = """
import cxrbench

class Trivial(cxrbench.Submission):
    name = "trivial"
    tasks = ("brixia-severity",)
    batch_size = 16

    def predict(self, images):
        return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
"""
WORKING = """
import cxrbench
import numpy as np

class Working(cxrbench.Submission):
    name = "working"
    tasks = ("brixia-severity",)

    def predict(self, images):
        return [{"brixia": self.scores(image.pixels)} for image in images]

    def scores(self, pixels):
        spectra = [np.abs(np.fft.rfft2(pixels + shift)).mean() for shift in range(6)]
        return np.clip(np.log1p(spectra) / 5, 0, 3)
"""


def cases(count: int) -> list[Case]:
    """Cases whose 512 x 512 image is in memory, as a cache gives it."""
    pixels = np.random.default_rng(0).random((512, 512), np.float32)
    return [
        Case(id=f"{i}", patient=f"{i}", dataset="d", targets=Targets(brixia=(0,) * 6), load=lambda: Image(pixels))
        for i in range(count)
    ]


@pytest.fixture
def plan(tmp_path):
    def of(text: str, workers: int = 1) -> RunPlan:
        path = tmp_path / "submission.py"
        path.write_text(text, "utf-8")
        return RunPlan(path, tasks["brixia-severity"], "cpu", find_best_level(), Limits(), workers)

    return of


def rate(plan: RunPlan, many: list[Case], journal: Checkpoint) -> float:
    """Images a second from the first finished batch to the last, journal included, starting up left out."""
    seen = []

    def finished(rows: dict) -> None:
        journal.append(rows)
        seen.append((time.perf_counter(), len(rows)))

    predict_cases(plan, many, finished)
    return sum(count for _, count in seen[1:]) / (seen[-1][0] - seen[0][0])


@pytest.mark.parametrize("workers", [1, 2])
def test_images_a_second_of_a_trivial_submission(benchmark, plan, workers, tmp_path):
    many, journal = cases(4000), Checkpoint(tmp_path / "runs" / "journal.jsonl")
    rates = benchmark.pedantic(lambda: [rate(plan(TRIVIAL, workers), many, journal) for _ in range(3)], rounds=1)
    benchmark.extra_info.update(images_per_second=sorted(map(round, rates)), floor=2000)
    assert min(rates) > 0


def test_overhead_over_the_bare_loop(benchmark, plan, tmp_path):
    """The share by which handing over, waiting and checking lengthen an image's way; the floor is 5 %."""
    few, working, journal = cases(60), plan(WORKING), Checkpoint(tmp_path / "runs" / "journal.jsonl")
    submission = load_submission(working.path)

    def bare() -> float:
        submission.predict([few[0].image()])
        begin = time.perf_counter()
        for case in few[1:]:
            submission.predict([case.image()])
        return (time.perf_counter() - begin) / (len(few) - 1)

    def through_the_runner() -> float:
        return 1 / rate(working, few, journal)

    pairs = benchmark.pedantic(lambda: [(through_the_runner(), bare()) for _ in range(5)], rounds=1)
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    benchmark.extra_info["overhead_percent"] = [round(100 * (ratio - 1), 1) for ratio in ratios]
    assert len(ratios) == 5
