"""Sample the memory and the number of all processes of a submission, and kill them at a limit.

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


class Monitor(threading.Thread):
    """Samples the tree below `pid` until stopped; calls `kill` once when a limit is passed.

    `limit_hit` then says which; `peak` is the largest memory seen, in bytes (0 where it cannot be measured).
    """

    def __init__(self, pid: int, limits: Limits, count_output: Callable[[], int], kill: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="monitor")
        self.pid, self.limits, self.count_output, self.kill = pid, limits, count_output, kill
        self.peak, self.limit_hit = 0, ""
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Sample until asked to stop, or until a limit is passed."""
        while not self._stop_asked.wait(PERIOD):
            self.sample()
            if self.limit_hit:
                self.kill()
                return

    def sample(self) -> None:
        """Measure once, and record the first limit that is passed."""
        tree = list_descendants(self.pid)
        used = sum(map(measure_resident, tree))
        if used > self.limits.memory:  # pages shared by forks count once
            used = sum(map(measure_proportional, tree))
        self.peak = max(self.peak, used)
        limits = self.limits
        if used > limits.memory:
            self.limit_hit = f"the memory limit of {limits.memory / 2**30:g} GiB was hit"
        elif sum(map(count_threads, tree)) > limits.processes + 8:
            self.limit_hit = f"the limit of {limits.processes} processes was hit"
        elif self.count_output() > limits.output:
            self.limit_hit = f"it printed more than {limits.output >> 20} MiB"

    def stop(self) -> None:
        """End the sampling and wait for it."""
        self._stop_asked.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()


def list_descendants(pid: int) -> list[int]:
    """List a process and all that it started.

    Args:
        pid: The number of the process.

    Returns:
        Process numbers by the parents that `/proc` names, `pid` itself first.
    """
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        if stat := _read_text(f"{entry}/stat"):
            children[int(stat.rpartition(")")[2].split()[1])].append(int(entry.name))
    tree, waiting = [], [pid]
    while waiting:
        tree.append(waiting.pop())
        waiting += children[tree[-1]]
    return tree


def measure_resident(pid: int) -> int:
    """Measure the resident memory of a process.

    Args:
        pid: The number of the process.

    Returns:
        Bytes, shared pages included; 0 for a process that has ended.
    """
    text = _read_text(f"/proc/{pid}/statm")
    return int(text.split()[1]) * PAGE if text else 0


def measure_proportional(pid: int) -> int:
    """Measure the resident memory of a process, with shared pages divided among the processes that share them.

    Args:
        pid: The number of the process.

    Returns:
        Bytes (the proportional set size); the resident memory where the kernel does not report it.
    """
    for line in _read_text(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return measure_resident(pid)


def count_threads(pid: int) -> int:
    """Count the threads of a process.

    Args:
        pid: The number of the process.

    Returns:
        The number of its threads; 0 for a process that has ended.
    """
    text = _read_text(f"/proc/{pid}/stat")
    return int(text.rpartition(")")[2].split()[17]) if text else 0


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
