"""`evaluate`: run a submission on a track and score what it returns."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cxrbench.case import Case
from cxrbench.errors import DataError, IsolationError, SubmissionError, UsageError
from cxrbench.results import Result
from cxrbench.results.provenance import folder_sha256
from cxrbench.results.schema import Cost, Latency, SubmissionInfo
from cxrbench.results.scoring import Ground, lay_out, score
from cxrbench.results.store import parquet, recorded, write_result, write_whole
from cxrbench.runner.journal import Journal
from cxrbench.runner.process import SANDBOX, Child, Declared
from cxrbench.tasks import Row, tasks
from cxrbench.tasks.track import Track

Progress = Callable[[int, int], None]
"""Called with cases finished and cases in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: where data lies, on which device, within which limits.

    `limit` predicts the first N cases only (a dry run: its result is not complete and never ranked); `fresh`
    forgets the predictions of a run that died; `out` is where results go (default: `results` beside the file).
    """

    data: str | None = None
    device: str = "cpu"
    sandbox: str = "auto"
    time_limit: float | None = None
    fresh: bool = False
    limit: int | None = None
    out: Path | None = None


@dataclass
class Timing:
    """Seconds and sizes of the batches as the parent saw them; the first is the warm-up and is left out."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def cost(self, device: str, batch_size: int, peak: int) -> Cost:
        """Throughput and latency, null with fewer than two batches."""
        spans, sizes = np.array(self.seconds[1:]), np.array(self.sizes[1:])
        if not len(spans):
            return Cost(device=device, batch_size=batch_size, peak_memory_bytes=peak)
        p50, p95 = np.quantile(spans / sizes * 1000, [0.5, 0.95]).round(3).tolist()
        speed = round(float(sizes.sum() / spans.sum()), 3)
        return Cost(
            device=device,
            batch_size=batch_size,
            peak_memory_bytes=peak,
            images_per_second=speed,
            latency_ms=Latency(p50=p50, p95=p95),
        )


def evaluate(
    submission: str | Path,
    track: str | Track,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run a submission on one track, score it, and write result and predictions.

    With `limit` set and no `out`, nothing is written. Raises a `CxrbenchError` whose exit code says whose fault it
    is; predictions made until then are kept and found again by the next run.
    """
    started, chosen = datetime.now(UTC), settings or Settings()
    if chosen.sandbox == "required":
        raise IsolationError("isolation is not available in this version", "--sandbox required", "use auto or off")
    path = _file(submission)
    ground = lay_out(track if isinstance(track, Track) else Track.parse(track), chosen.data)
    folder = chosen.out or path.parent / "results"
    journal = Journal(folder / ".runs" / f"{_identity(path, ground)}.jsonl", fresh=chosen.fresh)
    wanted = _available(ground)[: chosen.limit]
    declared, cost = _run(path, ground, wanted, journal, chosen, progress=progress)
    rows = {name: row for name, row in journal.finished().items() if name in {case.id for case in wanted}}
    table, file = parquet(rows), f"{ground.track.file_name}.parquet"
    result = score(
        ground,
        rows,
        _info(declared, path),
        started=started,
        failed=_failed(ground, wanted),
        cost=cost,
        sandbox=SANDBOX,
        predictions=recorded(file, table),
    )
    if chosen.limit is None or chosen.out is not None:
        write_whole(folder / file, table)
        write_result(result, folder)
    journal.discard()
    return result


def _file(submission: str | Path) -> Path:
    path = Path(submission)
    path = path / "submission.py" if path.is_dir() else path
    if not path.is_file():
        raise UsageError("no such submission file", str(path), "give the path of a submission.py")
    return path


def _available(ground: Ground) -> list[Case]:
    """The track's cases whose image is on this disk; raises `DataError` where there is none."""
    found = [case for case in ground.cases if case.available]
    if not found:
        where = f"{ground.track}, such as {ground.cases[0].id}"
        raise DataError("not one image of the track was found", where, "complete the copy given by --data")
    return found


def _identity(path: Path, ground: Ground) -> str:
    """What makes two runs the same run: the submission's files, the track, the split and the data found."""
    found = "\n".join(case.id for case in ground.cases if case.available)
    parts = [folder_sha256(path.parent), path.name, str(ground.track), ground.split.sha256, found]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _run(
    path: Path,
    ground: Ground,
    wanted: Sequence[Case],
    journal: Journal,
    settings: Settings,
    *,
    progress: Progress | None,
) -> tuple[Declared, Cost]:
    """Predict what the journal lacks, in an order of the run's own; what the submission declared and what it cost."""
    done = journal.finished()
    left = [case for case in wanted if case.id not in done]
    random.SystemRandom().shuffle(left)
    timing = Timing()
    with Child(path, time_limit=settings.time_limit) as child:
        declared = child.load()
        if ground.track.task not in declared.tasks:
            raise SubmissionError(f"does not predict for {ground.track.task}", str(path), "name the task in `tasks`")
        if left:
            child.setup(settings.device)
        for rows in _predicted(child, ground, left, declared.batch_size, timing):
            journal.append(rows)
            done |= rows
            if progress is not None:
                progress(len(done), len(wanted))
    return declared, timing.cost(settings.device, declared.batch_size, child.peak_memory())


def _predicted(
    child: Child, ground: Ground, cases: Sequence[Case], size: int, timing: Timing
) -> Iterator[dict[str, Row]]:
    """Checked predictions, a batch at a time."""
    task = ground.track.definition()
    for start in range(0, len(cases), size):
        batch = cases[start : start + size]
        names = [case.id for case in batch]
        predictions, seconds = child.predict([case.image() for case in batch], names)
        timing.seconds.append(seconds)
        timing.sizes.append(len(batch))
        rows: dict[str, Row] = {}
        for name, prediction in zip(names, predictions, strict=True):
            try:
                rows[name] = task.to_row(task.check(prediction))
            except ValueError as error:
                raise SubmissionError(str(error), f"{child.submission}, case {name}", "correct predict") from error
        yield rows


def _failed(ground: Ground, wanted: Sequence[Case]) -> dict[str, str]:
    """Every case of the track without a prediction, and why."""
    asked = {case.id for case in wanted}
    skipped = {
        case.id: "left out by --limit" if case.available else "image absent from this copy"
        for case in ground.cases
        if case.id not in asked
    }
    return {**ground.absent, **skipped}


def _info(declared: Declared, path: Path) -> SubmissionInfo:
    try:
        return SubmissionInfo(
            name=declared.name,
            title=declared.title or declared.name,
            authors=declared.authors,
            url=declared.url,
            kind="submission",
            sha256=folder_sha256(path.parent),
            trained_on=declared.trained_on,
        )
    except ValueError as error:
        raise SubmissionError(f"the class attributes are not valid ({error})", str(path), "shorten them") from error


def phantom_tracks(submission: str | Path) -> list[Track]:
    """The phantom tracks of the tasks that a submission declares."""
    path = _file(submission)
    with Child(path) as child:
        declared = child.load()
    found = [name for name in declared.tasks if name in tasks]
    if not found:
        raise SubmissionError("names no task that exists", f"{path}: {', '.join(declared.tasks)}", "see cxrbench tasks")
    return [Track(name, "phantom", "test") for name in found]
