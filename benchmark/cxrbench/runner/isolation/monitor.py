"""A watching parent: memory and number of all processes of a submission, sampled, and a kill at the limit.

It reads `/proc`, so it works without control groups; where there is no `/proc` nothing is measured and nothing capped.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from cxrbench.runner.isolation.sandbox import Limits

PERIOD = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")


class Watch(threading.Thread):
    """Samples the tree below `pid` until stopped; calls `kill` once when a limit is passed.

    `hit` then says which; `peak` is the largest memory seen, in bytes (0 where it cannot be measured).
    """

    def __init__(self, pid: int, limits: Limits, printed: Callable[[], int], kill: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="watch")
        self.pid, self.limits, self.printed, self.kill = pid, limits, printed, kill
        self.peak, self.hit = 0, ""
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self._stop_asked.wait(PERIOD):
            self.sample()
            if self.hit:
                self.kill()
                return

    def sample(self) -> None:
        """Measure once, and note the first limit that is passed."""
        tree = descendants(self.pid)
        used = sum(map(resident, tree))
        if used > self.limits.memory:  # pages shared by forks count once
            used = sum(map(proportional, tree))
        self.peak = max(self.peak, used)
        limits = self.limits
        if used > limits.memory:
            self.hit = f"the memory limit of {limits.memory / 2**30:g} GiB was hit"
        elif sum(map(threads, tree)) > limits.processes + 8:
            self.hit = f"the limit of {limits.processes} processes was hit"
        elif self.printed() > limits.output:
            self.hit = f"it printed more than {limits.output >> 20} MiB"

    def stop(self) -> None:
        """End the sampling and wait for it."""
        self._stop_asked.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()


def descendants(pid: int) -> list[int]:
    """A process and all below it, by the parents that `/proc` names."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        if stat := _read(f"{entry}/stat"):
            children[int(stat.rpartition(")")[2].split()[1])].append(int(entry.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children[found[-1]]
    return found


def resident(pid: int) -> int:
    """Resident memory in bytes, 0 for a process that is gone."""
    text = _read(f"/proc/{pid}/statm")
    return int(text.split()[1]) * PAGE if text else 0


def proportional(pid: int) -> int:
    """Resident memory with shared pages divided among their owners; the plain figure where that is not told."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return resident(pid)


def threads(pid: int) -> int:
    """Threads of a process, 0 for one that is gone."""
    text = _read(f"/proc/{pid}/stat")
    return int(text.rpartition(")")[2].split()[17]) if text else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
