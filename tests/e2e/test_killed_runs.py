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
from cxrbench.runner.checkpoint import Journal
from cxrbench.runner.isolation.monitor import descendants

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
    below = [pid for pid in descendants(process.pid) if pid != process.pid]
    whom = chance.choice([[process.pid], below, [process.pid, *below]])
    for pid in whom:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(timeout=60)
    for pid in below:  # a parent that was killed leaves its child behind where nothing isolates it
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def finished(folder) -> set[str]:
    """Cases that the journal of a run that died holds."""
    return {case for path in folder.glob(".runs/*.jsonl") for case in Journal(path).finished()}


def disturbed(submission, log, chance: random.Random) -> int:
    """Run to the end through kills; how many there were. No finished case is asked for again."""
    sums = {repr(float(case.image().pixels.sum())): case.id for case in load("phantom").cases}
    results, kills = submission.parent / "results", 0
    while True:
        before, done = len(log.read_text("utf-8").splitlines()) if log.exists() else 0, finished(results)
        process = start(submission)
        try:
            process.wait(timeout=chance.uniform(0.5, 2.0))
        except subprocess.TimeoutExpired:
            wound(process, chance)
            kills += 1
        asked = {sums[line] for line in log.read_text("utf-8").splitlines()[before:]} if log.exists() else set()
        assert asked.isdisjoint(done)
        if process.returncode == 0:
            return kills


@pytest.mark.parametrize("wanted", [3, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1500)])])
def test_the_result_is_that_of_an_undisturbed_run(wanted, written, tmp_path):
    log, chance, kills = tmp_path / "log.txt", random.Random(wanted), 0
    submission = written(BODY.format(log=str(log)))
    path = submission.parent / "results" / f"{TRACK.replace('/', '--')}.json"
    assert start(submission).wait(timeout=120) == 0
    undisturbed = stable(path)
    begin = time.monotonic()
    while kills < wanted and time.monotonic() - begin < 1400:
        path.unlink()
        log.unlink(missing_ok=True)
        kills += disturbed(submission, log, chance)
        assert stable(path) == undisturbed
    assert kills >= wanted
