"""The parent's side: one child process, asked in order, timed from hand-over to return, killed at a limit."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from cxrbench.case import Image
from cxrbench.errors import CxrbenchError, IsolationError, SubmissionError
from cxrbench.runner.isolation.monitor import Watch
from cxrbench.runner.isolation.protocol import Frame, WireError, receive, send
from cxrbench.runner.isolation.sandbox import Limits, prepared
from cxrbench.runner.isolation.shared_images import Arena
from cxrbench.runner.isolation.staging import staged
from cxrbench.tasks import Arrays

HEADROOM = 16 << 20
GRACE = 2.0
"""Seconds that a submission has to end by itself after its last prediction."""


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
    """A submission in a process of its own; use as a context manager, which ends all its processes."""

    def __init__(self, submission: Path, *, level: str = "none", limits: Limits | None = None) -> None:
        self.submission, self.level, self.limits = submission, level, limits or Limits()
        self._asked, self._late, self._arena = 0, "", Arena()
        self._ending = threading.Lock()
        self._room = contextlib.ExitStack()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        to_child, self._requests = _pipe(child_reads=True)
        from_child, self._replies = _pipe(child_reads=False)
        self._process = self._started(to_child, from_child)
        os.close(to_child)
        os.close(from_child)
        self._watch = Watch(self._process.pid, self.limits, self._printed, self._kill)
        self._watch.start()
        self._timer = threading.Timer(self.limits.seconds or 0, self._expire)
        self._timer.daemon = True
        if self.limits.seconds is not None:
            self._timer.start()

    def _started(self, requests: int, replies: int) -> "subprocess.Popen[bytes]":
        fds = (requests, replies, self._arena.reader)
        settings = {"requests": requests, "replies": replies, "images": self._arena.reader}
        settings |= {"processes": self.limits.processes, "file": self.limits.file}
        worker = (sys.executable, "-P", "-m", "cxrbench.runner.isolation.worker")
        own = self.submission.parent
        folder = self._room.enter_context(staged(own)) if self.level == "bubblewrap" else own
        launch = prepared(self.level, folder, worker, self.limits)
        told = json.dumps({**settings, "uid": launch.uid, "path": f"{launch.folder}/{self.submission.name}"})
        return subprocess.Popen(
            [*launch.command, told],
            env=launch.environment,
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._kill()
        self._watch.stop()
        for stream in (self._requests, self._replies, self._log):
            with contextlib.suppress(OSError):
                stream.close()
        self._arena.close()
        self._room.close()

    @property
    def peak_memory(self) -> int:
        """Bytes of memory that all processes of the submission held at most, as sampled."""
        return self._watch.peak

    def _printed(self) -> int:
        with contextlib.suppress(ValueError, OSError):
            return os.fstat(self._log.fileno()).st_size
        return 0

    def _expire(self) -> None:
        self._late = f"the time limit of {self.limits.seconds:g} s was hit"
        self._kill()

    def _kill(self) -> None:
        """End the whole group, once: after the first process is reaped its number may be another's."""
        with self._ending:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def load(self) -> Declared:
        """Wait until the submission is imported; what it declares."""
        fields = self._reply("loaded", "while loading").fields
        text = {key: str(fields.get(key))[:1000] for key in ("name", "title", "authors", "url")}
        tasks, trained_on = (tuple(map(str, _listed(fields.get(key)))) for key in ("tasks", "trained_on"))
        size = _count(fields.get("batch_size")) or 1
        return Declared(**text, tasks=tasks, trained_on=trained_on, batch_size=size)

    def setup(self, device: str, task: str) -> None:
        """Tell the submission which of its tasks is asked for, and let it load its weights."""
        self._ask("setup", {"device": device, "task": task}, "ready", "in setup")

    def count(self, image: Image, name: str) -> tuple[int | None, int | None]:
        """Parameters and multiply-accumulates of one image, if the submission shows its module."""
        fields = self._ask("count", self._laid_out([image], [secrets.token_hex(8)]), "counted", f"case {name}").fields
        return _count(fields.get("parameters")), _count(fields.get("macs"))

    def predict(self, images: Sequence[Image], names: Sequence[str]) -> tuple[list[Arrays], float]:
        """Predictions of a batch and the seconds they took; `names` are the case ids, for errors of ours alone."""
        keys = [secrets.token_hex(8) for _ in images]
        fields = self._laid_out(images, keys)
        most = HEADROOM + 8 * sum(image.pixels.size for image in images)
        begin = time.perf_counter()
        reply = self._ask("predict", fields, "predicted", f"case {', '.join(names)}", max_body=most)
        seconds = time.perf_counter() - begin
        return self._sorted(reply, keys, names), seconds

    def finish(self) -> None:
        """Close the requests and let the submission end; a frame that still comes is an error of the submission."""
        self._requests.close()
        late = threading.Timer(GRACE, self._kill)
        late.start()
        try:
            frame = receive(self._replies)
        except WireError as error:
            raise self._broke(f"sent bytes after the end ({error})", "after the last case") from error
        finally:
            late.cancel()
        if frame is not None:
            raise self._broke(f"sent a frame after the end ({frame.kind[:50]})", "after the last case")

    def _laid_out(self, images: Sequence[Image], keys: Sequence[str]) -> dict[str, object]:
        places, size = self._arena.put(dict(zip(keys, (image.pixels for image in images), strict=True)))
        listed = [
            {
                "id": key,
                "modality": image.modality,
                "spacing": image.spacing,
                "offset": places[key].offset,
                "dtype": places[key].dtype,
                "shape": places[key].shape,
            }
            for key, image in zip(keys, images, strict=True)
        ]
        return {"images": listed, "size": size}

    def _sorted(self, reply: Frame, keys: Sequence[str], names: Sequence[str]) -> list[Arrays]:
        """The reply's arrays a case, in the order asked; an image that was not asked for is an error."""
        by_image: dict[str, Arrays] = {key: {} for key in keys}
        for name, array in reply.arrays.items():
            image, _, key = name.partition("/")
            if image not in by_image:
                raise self._broke("a prediction for an unknown image", f"case {', '.join(names)}")
            by_image[image] = {**by_image[image], key: array}
        return [by_image[key] for key in keys]

    def _ask(
        self, kind: str, fields: dict[str, object], expected: str, where: str, *, max_body: int = HEADROOM
    ) -> Frame:
        self._asked += 1
        try:
            send(self._requests, Frame(kind, {**fields, "request": self._asked}))
        except OSError:
            raise self._died(where) from None
        return self._reply(expected, where, max_body=max_body)

    def _reply(self, expected: str, where: str, *, max_body: int = HEADROOM) -> Frame:
        try:
            frame = receive(self._replies, max_body=max_body)
        except WireError as error:
            raise (self._died(where) if self._ended() else self._broke(str(error), where)) from error
        if frame is None:
            raise self._died(where)
        if frame.kind == "error":
            raise self._told(frame, where)
        if frame.kind != expected or frame.fields.get("request") != self._asked:
            raise self._broke(f"an unexpected frame ({frame.kind[:50]})", where)
        return frame

    def _ended(self) -> str:
        """The limit that ended the run, if one did."""
        return self._late or self._watch.hit

    def _broke(self, what: str, where: str) -> CxrbenchError:
        return SubmissionError(what, f"{self.submission}, {where}", "see submissions/README.md")

    def _told(self, frame: Frame, where: str) -> CxrbenchError:
        fields = {key: str(value)[:2000] for key, value in frame.fields.items()}
        if fields.get("phase") == "load":
            place = fields.get("where", "").replace("/submission/", f"{self.submission.parent}/")
            return SubmissionError(fields.get("what", ""), place, fields.get("fix", ""))
        verb = {"setup": "setup failed with ", "predict": "predict failed with "}.get(fields.get("phase", ""), "")
        return self._broke(verb + fields.get("what", ""), where)

    def _died(self, where: str) -> CxrbenchError:
        place = f"{self.submission}, {where}"
        self._watch.sample()
        code = self._exit_code()
        if self._ended():
            return IsolationError(self._ended(), place, "raise the limit, or use less")
        why = f"the submission's process ended early ({_cause(code)}{self._last_words()})"
        return SubmissionError(why, place, "correct it")

    def _exit_code(self) -> int:
        """How the first process ended, seen without reaping it, so that its group can still be killed safely."""
        if self._process.returncode is None:
            with contextlib.suppress(ChildProcessError):
                found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
                if found is not None:
                    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
        return self._process.wait()

    def _last_words(self) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2000))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f", last line: {lines[-1][:200]}" if lines else ""


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 1 << 62 else None


def _cause(code: int) -> str:
    """An exit code in words; a sandbox passes its child's signal on as 128 more than its number."""
    number = -code if code < 0 else code - 128
    return f"signal {signal.Signals(number).name}" if number in set(signal.Signals) else f"exit code {code}"


def _pipe(*, child_reads: bool) -> tuple[int, BinaryIO]:
    """A pipe: the end that the child gets, and our end as a stream."""
    reading, writing = os.pipe()
    if child_reads:
        return reading, os.fdopen(writing, "wb")
    return writing, os.fdopen(reading, "rb")
