"""A run killed at random points, parent, child or both, ends with the result of an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from cxrbench.datasets import load
from cxrbench.runner.checkpoint import Checkpoint
from cxrbench.runner.isolation.monitor import list_descendants

TRACK = "brixia-severity/phantom/test"
BODY = """
def predict(self, images):
    import time
    with open({log!r}, "a") as out:
        for image in images:
            print(repr(float(image.pixels.sum())), file=out)
    time.sleep(0.05)
    return [{{"brixia": np.clip(3 * image.pixels[:6, :6].mean(0), 0, 3)}} for image in images]
"""


def stable(path) -> dict:
    """A result without what may differ between two runs."""
    document = json.loads(path.read_text("utf-8"))
    document.pop("provenance")
    document.pop("cost")
    return document


def start(submission) -> subprocess.Popen:
    arguments = [sys.executable, "-m", "cxrbench", "evaluate", str(submission), "--track", TRACK, "--sandbox", "off"]
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wound(process: subprocess.Popen, chance: random.Random) -> None:
    """Kill the parent, what is below it, or both."""
    below = [pid for pid in list_descendants(process.pid) if pid != process.pid]
    whom = chance.choice([[process.pid], below, [process.pid, *below]])
    for pid in whom:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    for pid in below:  # a parent that was killed leaves its child behind where nothing isolates it
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def finished(folder) -> set[str]:
    """Cases that the checkpoint of a killed run holds."""
    return {case for path in folder.glob(".runs/*.jsonl") for case in Checkpoint(path).read()}


def count_lines(log) -> int:
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def wait_for_lines(log, count: int, process: subprocess.Popen) -> None:
    """Wait until the submission was asked for so many cases, or the run has ended."""
    while count_lines(log) < count and process.poll() is None:
        time.sleep(0.01)


def disturbed(submission, log, chance: random.Random, most: int) -> int:
    """Run to the end through at most so many kills; how many there were. No finished case is asked for again."""
    sums = {repr(float(case.image().pixels.sum())): case.id for case in load("phantom").cases}
    results, kills = submission.parent / "results", 0
    while True:
        before, done = count_lines(log), finished(results)
        process = start(submission)
        if kills < most:
            wait_for_lines(log, before + chance.randint(1, 12), process)
        if kills < most and process.poll() is None:
            wound(process, chance)
            kills += 1
        process.wait()
        asked = {sums[line] for line in log.read_text("utf-8").splitlines()[before:]} if log.exists() else set()
        assert asked.isdisjoint(done)
        if process.returncode == 0:
            return kills


@pytest.mark.parametrize("wanted", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_the_result_is_that_of_an_undisturbed_run(wanted, written, tmp_path):
    log, chance, kills = tmp_path / "log.txt", random.Random(wanted), 0
    submission = written(BODY.format(log=str(log)))
    path = submission.parent / "results" / f"{TRACK.replace('/', '--')}.json"
    assert start(submission).wait() == 0
    undisturbed = stable(path)
    while kills < wanted:
        path.unlink()
        log.unlink(missing_ok=True)
        kills += disturbed(submission, log, chance, wanted - kills)
        assert stable(path) == undisturbed
    assert kills >= wanted
