"""Predicting a track's cases: one child or several, batches handed out as they come, every prediction checked."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cxrbench.case import Case
from cxrbench.errors import SubmissionError
from cxrbench.results.schema import Cost, Latency
from cxrbench.runner.isolation.child import Child, Declared
from cxrbench.runner.isolation.sandbox import Limits
from cxrbench.tasks import Row, Task

Finished = Callable[[dict[str, Row]], None]
"""Called with each batch's checked predictions, one call at a time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a submission is to be run."""

    path: Path
    task: Task
    device: str
    level: str
    limits: Limits
    workers: int = 1


@dataclass
class Timing:
    """Seconds and sizes of one child's batches as the parent saw them; the first is the warm-up and is left out."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Images a second; 0 with fewer than two batches."""
        return sum(self.sizes[1:]) / sum(self.seconds[1:]) if len(self.sizes) > 1 else 0.0

    def each_ms(self) -> list[float]:
        """Milliseconds an image, batch by batch."""
        return [1000 * span / size for span, size in zip(self.seconds[1:], self.sizes[1:], strict=True)]


@dataclass
class Run:
    """The state that children share: the batches left, what was measured, and whether to go on."""

    plan: Plan
    left: list[list[Case]]
    finished: Finished
    lock: threading.Lock = field(default_factory=threading.Lock)
    timings: list[Timing] = field(default_factory=list)
    counted: tuple[int | None, int | None] = (None, None)

    def next_batch(self) -> list[Case]:
        """A batch that nobody has, or an empty one."""
        with self.lock:
            return self.left.pop() if self.left else []

    def keep(self, rows: dict[str, Row]) -> None:
        """Hand finished predictions on."""
        with self.lock:
            self.finished(rows)


def predict(plan: Plan, cases: Sequence[Case], finished: Finished) -> tuple[Declared, Cost]:
    """Predict the cases in an order of this run's own; what the submission declared, and what it cost.

    Raises the first `CxrbenchError` that a child meets; what was finished until then has been handed on.
    """
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child(plan.path, level=plan.level, limits=plan.limits)) for _ in range(plan.workers)
        ]
        declared, *_ = [child.load() for child in children]
        if plan.task.name not in declared.tasks:
            raise SubmissionError(f"does not predict for {plan.task.name}", str(plan.path), "name the task in `tasks`")
        run = Run(plan, _batches(cases, declared.batch_size), finished)
        if cases:
            _together(run, children, cases[0])
        peak = sum(child.peak_memory for child in children)
    return declared, _cost(run, declared.batch_size, peak)


def _batches(cases: Sequence[Case], size: int) -> list[list[Case]]:
    shuffled = list(cases)
    random.SystemRandom().shuffle(shuffled)
    return [shuffled[start : start + size] for start in range(0, len(shuffled), size)]


def _together(run: Run, children: Sequence[Child], first: Case) -> None:
    """Serve all children; one alone in this thread, so that an interrupt reaches it at once."""
    if len(children) == 1:
        _serve(run, children[0], first)
        return
    with ThreadPoolExecutor(len(children)) as threads:
        jobs = [threads.submit(_serve, run, child, first if i == 0 else None) for i, child in enumerate(children)]
        try:
            done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
        finally:
            run.left.clear()
    for job in done:
        job.result()


def _serve(run: Run, child: Child, first: Case | None) -> None:
    """Set one child up, let the first count its work, and feed it until no batch is left."""
    child.setup(run.plan.device, run.plan.task.name)
    if first is not None:
        run.counted = child.count(first.image(), first.id)
    timing = Timing()
    run.timings.append(timing)
    while batch := run.next_batch():
        run.keep(_predicted(run.plan.task, child, batch, timing))
    child.finish()


def _predicted(task: Task, child: Child, batch: Sequence[Case], timing: Timing) -> dict[str, Row]:
    names = [case.id for case in batch]
    images = [case.image() for case in batch]
    predictions, seconds = child.predict(images, names)
    timing.seconds.append(seconds)
    timing.sizes.append(len(batch))
    rows: dict[str, Row] = {}
    for name, image, prediction in zip(names, images, predictions, strict=True):
        try:
            rows[name] = task.to_row(task.check(prediction, image.pixels.shape))
        except ValueError as error:
            raise SubmissionError(str(error), f"{child.submission}, case {name}", "correct predict") from error
    return rows


def _cost(run: Run, batch_size: int, peak: int) -> Cost:
    """Throughput of all children together and latency an image; null where too little ran to measure."""
    spans = [span for timing in run.timings for span in timing.each_ms()]
    rate = sum(timing.rate for timing in run.timings)
    latency = np.quantile(spans, [0.5, 0.95]).round(3).tolist() if spans else None
    return Cost(
        parameters=run.counted[0],
        macs=run.counted[1],
        device=run.plan.device,
        batch_size=batch_size,
        threads=run.plan.limits.threads,
        workers=run.plan.workers,
        peak_memory_bytes=peak or None,
        images_per_second=round(rate, 3) if rate else None,
        latency_ms=Latency(p50=latency[0], p95=latency[1]) if latency else None,
    )
