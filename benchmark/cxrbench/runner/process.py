"""The parent's side: one child process, asked in order, timed from hand-over to return, killed at the limit.

Isolation is not here yet: the child has the rights of its parent, and `SANDBOX` says so in every result.
"""

import contextlib
import os
import resource
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from cxrbench.case import Image
from cxrbench.errors import CxrbenchError, IsolationError, SubmissionError
from cxrbench.runner.wire import Frame, WireError, receive, send
from cxrbench.tasks import Arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SANDBOX = "none"
"""The isolation that this version gives: a process of its own, nothing more."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a submission says of itself."""

    name: str
    title: str
    authors: str
    url: str
    tasks: tuple[str, ...]
    trained_on: tuple[str, ...]
    batch_size: int


class Child:
    """A submission in a process of its own; use as a context manager, which ends the process and its group."""

    def __init__(self, submission: Path, *, time_limit: float | None = None) -> None:
        self.submission = submission
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        to_child, self._requests = _pipe(child_reads=True)
        from_child, self._replies = _pipe(child_reads=False)
        command = [sys.executable, "-m", "cxrbench.runner.worker", str(submission), str(to_child), str(from_child)]
        self._process = subprocess.Popen(
            command,
            pass_fds=(to_child, from_child),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        os.close(to_child)
        os.close(from_child)
        self._late = threading.Event()
        self._timer = threading.Timer(time_limit or threading.TIMEOUT_MAX, self._expire)
        self._timer.daemon = True
        self._limit = time_limit
        if time_limit is not None:
            self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._kill()
        for stream in (self._requests, self._replies, self._log):
            with contextlib.suppress(OSError):
                stream.close()

    def _expire(self) -> None:
        self._late.set()
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def load(self) -> Declared:
        """Wait until the submission is imported; what it declares."""
        fields = self._reply("loaded", "while loading").fields
        text = {key: str(fields[key])[:1000] for key in ("name", "title", "authors", "url")}
        tasks, trained_on = (tuple(map(str, _listed(fields[key]))) for key in ("tasks", "trained_on"))
        return Declared(**text, tasks=tasks, trained_on=trained_on, batch_size=max(1, int(str(fields["batch_size"]))))

    def setup(self, device: str) -> None:
        """Let the submission load its weights."""
        self._ask(Frame("setup", {"device": device}), "ready", "in setup")

    def predict(self, images: Sequence[Image], names: Sequence[str]) -> tuple[list[Arrays], float]:
        """Predictions of a batch and the seconds they took; `names` are the case ids, for errors of ours alone."""
        keys = [secrets.token_hex(8) for _ in images]
        fields = {
            "modality": {key: image.modality for key, image in zip(keys, images, strict=True)},
            "spacing": {key: image.spacing for key, image in zip(keys, images, strict=True)},
        }
        arrays = {key: image.pixels for key, image in zip(keys, images, strict=True)}
        begin = time.perf_counter()
        reply = self._ask(Frame("predict", fields, arrays), "predicted", f"case {', '.join(names)}")
        seconds = time.perf_counter() - begin
        return list(self._sorted(reply, keys, names)), seconds

    def _sorted(self, reply: Frame, keys: Sequence[str], names: Sequence[str]) -> Iterator[Arrays]:
        """The reply's arrays a case, in the order asked; an image that was not asked for is an error."""
        found: dict[str, dict[str, NDArray[np.generic]]] = {key: {} for key in keys}
        for name, array in reply.arrays.items():
            image, _, key = name.partition("/")
            if image not in found:
                raise SubmissionError("a prediction for an unknown image", f"case {', '.join(names)}", "correct it")
            found[image][key] = array
        for key in keys:
            yield found[key]

    def peak_memory(self) -> int:
        """Bytes of resident memory at most, of the largest child that ended; 0 before the first has."""
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024

    def _ask(self, frame: Frame, expected: str, where: str) -> Frame:
        try:
            send(self._requests, frame)
        except (BrokenPipeError, OSError):
            raise self._died(where) from None
        return self._reply(expected, where)

    def _reply(self, expected: str, where: str) -> Frame:
        try:
            frame = receive(self._replies)
        except WireError as error:
            raise self._died(where) if self._late.is_set() else self._broke(str(error), where) from error
        if frame is None:
            raise self._died(where)
        if frame.kind == "error":
            raise self._told(frame, where)
        if frame.kind != expected:
            raise self._broke(f"an unexpected frame ({frame.kind})", where)
        return frame

    def _broke(self, what: str, where: str) -> CxrbenchError:
        return SubmissionError(what, f"{self.submission}, {where}", "see submissions/README.md")

    def _told(self, frame: Frame, where: str) -> CxrbenchError:
        fields = {key: str(value) for key, value in frame.fields.items()}
        if fields.get("phase") == "load":
            return SubmissionError(fields.get("what", ""), fields.get("where", ""), fields.get("fix", ""))
        verb = {"setup": "setup failed with ", "predict": "predict failed with "}.get(fields.get("phase", ""), "")
        return self._broke(verb + fields.get("what", ""), where)

    def _died(self, where: str) -> CxrbenchError:
        place = f"{self.submission}, {where}"
        if self._late.is_set():
            return IsolationError(f"the time limit of {self._limit:g} s was hit", place, "raise --time-limit")
        code = self._process.wait()
        cause = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return SubmissionError(
            f"the submission's process ended early ({cause}{self._last_words()})", place, "correct it"
        )

    def _last_words(self) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2000))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f", last line: {lines[-1][:200]}" if lines else ""


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _pipe(*, child_reads: bool) -> tuple[int, BinaryIO]:
    """A pipe: the end that the child gets, and our end as a stream."""
    reading, writing = os.pipe()
    if child_reads:
        return reading, os.fdopen(writing, "wb")
    return writing, os.fdopen(reading, "rb")
