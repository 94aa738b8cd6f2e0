"""Predict the cases of a track: one process or several take batches, and every prediction is checked."""

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
from cxrbench.runner.isolation.child import Child, Declaration
from cxrbench.runner.isolation.sandbox import Limits
from cxrbench.tasks import Row, Task

OnFinished = Callable[[dict[str, Row]], None]
"""Called with the checked predictions of each batch, one call at a time."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How a submission is to be run: its file, the task, the device, the isolation and the limits."""

    path: Path
    task: Task
    device: str
    level: str
    limits: Limits
    workers: int = 1


@dataclass
class BatchTiming:
    """Seconds and sizes of one process's batches as its parent saw them; the first, the warm-up, is left out."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Images per second; 0 with fewer than two batches."""
        return sum(self.sizes[1:]) / sum(self.seconds[1:]) if len(self.sizes) > 1 else 0.0

    def list_latencies(self) -> list[float]:
        """Milliseconds per image, one value per batch."""
        return [1000 * span / size for span, size in zip(self.seconds[1:], self.sizes[1:], strict=True)]


@dataclass
class SharedRun:
    """What all processes of a run share: the batches that are left and what was measured."""

    plan: RunPlan
    batches: list[list[Case]]
    on_finished: OnFinished
    lock: threading.Lock = field(default_factory=threading.Lock)
    timings: list[BatchTiming] = field(default_factory=list)
    size_and_macs: tuple[int | None, int | None] = (None, None)

    def next_batch(self) -> list[Case]:
        """Take a batch that no process has taken; an empty one when all are taken."""
        with self.lock:
            return self.batches.pop() if self.batches else []

    def keep(self, rows: dict[str, Row]) -> None:
        """Pass finished predictions on.

        Args:
            rows: Checked predictions by case id.
        """
        with self.lock:
            self.on_finished(rows)


def predict_cases(plan: RunPlan, cases: Sequence[Case], on_finished: OnFinished) -> tuple[Declaration, Cost]:
    """Predict cases in a random order.

    Args:
        plan: How the submission is to be run.
        cases: The cases to predict; none of them is named to the submission.
        on_finished: Called with the checked predictions of each batch.

    Returns:
        What the submission declares of itself, and what running it took.

    Raises:
        CxrbenchError: The first error of any process; what was finished until then has been passed on.
    """
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child(plan.path, level=plan.level, limits=plan.limits)) for _ in range(plan.workers)
        ]
        declared, *_ = [child.load() for child in children]
        if plan.task.name not in declared.tasks:
            raise SubmissionError(f"does not predict for {plan.task.name}", str(plan.path), "name the task in `tasks`")
        run = SharedRun(plan, _make_batches(cases, declared.batch_size), on_finished)
        if cases:
            _serve_all(run, children, cases[0])
        peak = sum(child.peak_memory for child in children)
    return declared, _summarise_cost(run, declared.batch_size, peak)


def _make_batches(cases: Sequence[Case], size: int) -> list[list[Case]]:
    shuffled = list(cases)
    random.SystemRandom().shuffle(shuffled)
    return [shuffled[start : start + size] for start in range(0, len(shuffled), size)]


def _serve_all(run: SharedRun, children: Sequence[Child], first: Case) -> None:
    """Serve all processes; a single one in this thread, so that an interrupt reaches it at once."""
    if len(children) == 1:
        _serve(run, children[0], first)
        return
    with ThreadPoolExecutor(len(children)) as threads:
        jobs = [threads.submit(_serve, run, child, first if i == 0 else None) for i, child in enumerate(children)]
        try:
            done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
        finally:
            run.batches.clear()
    for job in done:
        job.result()


def _serve(run: SharedRun, child: Child, first: Case | None) -> None:
    """Set up one process, let the first count its operations, and feed it until no batch is left."""
    child.setup(run.plan.device, run.plan.task.name)
    if first is not None:
        run.size_and_macs = child.count(first.image(), first.id)
    timing = BatchTiming()
    run.timings.append(timing)
    while batch := run.next_batch():
        run.keep(_predict_batch(run.plan.task, child, batch, timing))
    child.finish()


def _predict_batch(task: Task, child: Child, batch: Sequence[Case], timing: BatchTiming) -> dict[str, Row]:
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


def _summarise_cost(run: SharedRun, batch_size: int, peak: int) -> Cost:
    """Summarise throughput of all processes and latency per image; null where too little ran to measure."""
    spans = [span for timing in run.timings for span in timing.list_latencies()]
    rate = sum(timing.rate for timing in run.timings)
    latency = np.quantile(spans, [0.5, 0.95]).round(3).tolist() if spans else None
    return Cost(
        parameters=run.size_and_macs[0],
        macs=run.size_and_macs[1],
        device=run.plan.device,
        batch_size=batch_size,
        threads=run.plan.limits.threads,
        workers=run.plan.workers,
        peak_memory_bytes=peak or None,
        images_per_second=round(rate, 3) if rate else None,
        latency_ms=Latency(p50=latency[0], p95=latency[1]) if latency else None,
    )
