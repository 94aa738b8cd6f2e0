"""The parent's side of a submission: one process, one request at a time, timed by the parent, killed at a limit."""

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
from cxrbench.runner.isolation.monitor import Monitor
from cxrbench.runner.isolation.protocol import Frame, ProtocolError, receive_frame, send_frame
from cxrbench.runner.isolation.sandbox import Limits, prepare_launch
from cxrbench.runner.isolation.shared_images import SharedImages
from cxrbench.runner.isolation.staging import stage_folder
from cxrbench.tasks import Arrays

HEADROOM = 16 << 20
GRACE = 2.0
"""Seconds that a submission has to end by itself after its last prediction."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a submission declares of itself in its class attributes."""

    name: str
    title: str
    authors: str
    url: str
    tasks: tuple[str, ...]
    trained_on: tuple[str, ...]
    batch_size: int


class Child:
    """A submission in a process of its own; leaving its context ends all its processes."""

    def __init__(self, submission: Path, *, level: str = "none", limits: Limits | None = None) -> None:
        self.submission, self.level, self.limits = submission, level, limits or Limits()
        self._requests_sent, self._time_limit_hit, self._images = 0, "", SharedImages()
        self._ending = threading.Lock()
        self._resources = contextlib.ExitStack()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        to_child, self._requests = _open_pipe(child_reads=True)
        from_child, self._replies = _open_pipe(child_reads=False)
        self._process = self._start(to_child, from_child)
        os.close(to_child)
        os.close(from_child)
        self._monitor = Monitor(self._process.pid, self.limits, self._count_output, self._kill)
        self._monitor.start()
        self._timer = threading.Timer(self.limits.seconds or 0, self._expire)
        self._timer.daemon = True
        if self.limits.seconds is not None:
            self._timer.start()

    def _start(self, requests: int, replies: int) -> "subprocess.Popen[bytes]":
        fds = (requests, replies, self._images.reader)
        settings = {"requests": requests, "replies": replies, "images": self._images.reader}
        settings |= {"processes": self.limits.processes, "file": self.limits.file}
        worker = (sys.executable, "-P", "-m", "cxrbench.runner.isolation.worker")
        parent = self.submission.parent
        folder = self._resources.enter_context(stage_folder(parent)) if self.level == "bubblewrap" else parent
        launch = prepare_launch(self.level, folder, worker, self.limits)
        message = json.dumps({**settings, "uid": launch.uid, "path": f"{launch.folder}/{self.submission.name}"})
        return subprocess.Popen(
            [*launch.command, message],
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
        self._monitor.stop()
        for stream in (self._requests, self._replies, self._log):
            with contextlib.suppress(OSError):
                stream.close()
        self._images.close()
        self._resources.close()

    @property
    def peak_memory(self) -> int:
        """The most memory in bytes that all processes of the submission held together, as sampled."""
        return self._monitor.peak

    def _count_output(self) -> int:
        with contextlib.suppress(ValueError, OSError):
            return os.fstat(self._log.fileno()).st_size
        return 0

    def _expire(self) -> None:
        self._time_limit_hit = f"the time limit of {self.limits.seconds:g} s was hit"
        self._kill()

    def _kill(self) -> None:
        """End the whole process group, once: after the first process is reaped its number may be reused."""
        with self._ending:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def load(self) -> Declaration:
        """Wait until the submission is imported, and return what it declares of itself."""
        fields = self._reply("loaded", "while loading").fields
        text = {key: str(fields.get(key))[:1000] for key in ("name", "title", "authors", "url")}
        tasks, trained_on = (tuple(map(str, _as_list(fields.get(key)))) for key in ("tasks", "trained_on"))
        size = _as_count(fields.get("batch_size")) or 1
        return Declaration(**text, tasks=tasks, trained_on=trained_on, batch_size=size)

    def setup(self, device: str, task: str) -> None:
        """Let the submission load its weights.

        Args:
            device: "cpu", "cuda" or "mps".
            task: Which of its tasks it is to predict for.
        """
        self._ask("setup", {"device": device, "task": task}, "ready", "in setup")

    def count(self, image: Image, name: str) -> tuple[int | None, int | None]:
        """Count the parameters and the multiply-accumulates of one image.

        Args:
            image: The image to predict once.
            name: The case id, for error messages alone.

        Returns:
            Both numbers; None where the submission shows no module.
        """
        fields = self._ask(
            "count", self._share_images([image], [secrets.token_hex(8)]), "counted", f"case {name}"
        ).fields
        return _as_count(fields.get("parameters")), _as_count(fields.get("macs"))

    def predict(self, images: Sequence[Image], names: Sequence[str]) -> tuple[list[Arrays], float]:
        """Predict a batch.

        Args:
            images: The images, which reach the submission under random ids.
            names: Their case ids, for error messages alone.

        Returns:
            One prediction per image in the order of the images, and the seconds they took.
        """
        keys = [secrets.token_hex(8) for _ in images]
        fields = self._share_images(images, keys)
        most = HEADROOM + 8 * sum(image.pixels.size for image in images)
        begin = time.perf_counter()
        reply = self._ask("predict", fields, "predicted", f"case {', '.join(names)}", max_body=most)
        seconds = time.perf_counter() - begin
        return self._sort_predictions(reply, keys, names), seconds

    def finish(self) -> None:
        """Let the submission end; a frame that it still sends is an error of the submission."""
        self._requests.close()
        late = threading.Timer(GRACE, self._kill)
        late.start()
        try:
            frame = receive_frame(self._replies)
        except ProtocolError as error:
            raise self._make_contract_error(f"sent bytes after the end ({error})", "after the last case") from error
        finally:
            late.cancel()
        if frame is not None:
            raise self._make_contract_error(f"sent a frame after the end ({frame.kind[:50]})", "after the last case")

    def _share_images(self, images: Sequence[Image], keys: Sequence[str]) -> dict[str, object]:
        locations, size = self._images.write(dict(zip(keys, (image.pixels for image in images), strict=True)))
        descriptions = [
            {
                "id": key,
                "modality": image.modality,
                "spacing": image.spacing,
                "offset": locations[key].offset,
                "dtype": locations[key].dtype,
                "shape": locations[key].shape,
            }
            for key, image in zip(keys, images, strict=True)
        ]
        return {"images": descriptions, "size": size}

    def _sort_predictions(self, reply: Frame, keys: Sequence[str], names: Sequence[str]) -> list[Arrays]:
        """Sort the reply's arrays by image, in the order of the request; an unknown image is an error."""
        by_image: dict[str, Arrays] = {key: {} for key in keys}
        for name, array in reply.arrays.items():
            image, _, key = name.partition("/")
            if image not in by_image:
                raise self._make_contract_error("a prediction for an unknown image", f"case {', '.join(names)}")
            by_image[image] = {**by_image[image], key: array}
        return [by_image[key] for key in keys]

    def _ask(
        self, kind: str, fields: dict[str, object], expected: str, where: str, *, max_body: int = HEADROOM
    ) -> Frame:
        self._requests_sent += 1
        try:
            send_frame(self._requests, Frame(kind, {**fields, "request": self._requests_sent}))
        except OSError:
            raise self._make_exit_error(where) from None
        return self._reply(expected, where, max_body=max_body)

    def _reply(self, expected: str, where: str, *, max_body: int = HEADROOM) -> Frame:
        try:
            frame = receive_frame(self._replies, max_body=max_body)
        except ProtocolError as error:
            raise (
                self._make_exit_error(where) if self._describe_limit() else self._make_contract_error(str(error), where)
            ) from error
        if frame is None:
            raise self._make_exit_error(where)
        if frame.kind == "error":
            raise self._make_reported_error(frame, where)
        if frame.kind != expected or frame.fields.get("request") != self._requests_sent:
            raise self._make_contract_error(f"an unexpected frame ({frame.kind[:50]})", where)
        return frame

    def _describe_limit(self) -> str:
        """Describe the limit that ended the run, if one did."""
        return self._time_limit_hit or self._monitor.limit_hit

    def _make_contract_error(self, what: str, where: str) -> CxrbenchError:
        return SubmissionError(what, f"{self.submission}, {where}", "see submissions/README.md")

    def _make_reported_error(self, frame: Frame, where: str) -> CxrbenchError:
        fields = {key: str(value)[:2000] for key, value in frame.fields.items()}
        if fields.get("phase") == "load":
            place = fields.get("where", "").replace("/submission/", f"{self.submission.parent}/")
            return SubmissionError(fields.get("what", ""), place, fields.get("fix", ""))
        verb = {"setup": "setup failed with ", "predict": "predict failed with "}.get(fields.get("phase", ""), "")
        return self._make_contract_error(verb + fields.get("what", ""), where)

    def _make_exit_error(self, where: str) -> CxrbenchError:
        place = f"{self.submission}, {where}"
        self._monitor.sample()
        code = self._exit_code()
        if self._describe_limit():
            return IsolationError(self._describe_limit(), place, "raise the limit, or use less")
        why = f"the submission's process ended early ({_describe_exit(code)}{self._last_words()})"
        return SubmissionError(why, place, "correct it")

    def _exit_code(self) -> int:
        """Read how the first process ended without reaping it, so that its group can still be killed safely."""
        if self._process.returncode is None:
            with contextlib.suppress(ChildProcessError):
                status = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
                if status is not None:
                    return status.si_status if status.si_code == os.CLD_EXITED else -status.si_status
        return self._process.wait()

    def _last_words(self) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2000))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f", last line: {lines[-1][:200]}" if lines else ""


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _as_count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 1 << 62 else None


def _describe_exit(code: int) -> str:
    """Describe an exit code in words; a sandbox passes its child's signal on as 128 more than its number."""
    number = -code if code < 0 else code - 128
    return f"signal {signal.Signals(number).name}" if number in set(signal.Signals) else f"exit code {code}"


def _open_pipe(*, child_reads: bool) -> tuple[int, BinaryIO]:
    """Open a pipe: the end that the child gets, and our end as a stream."""
    reading, writing = os.pipe()
    if child_reads:
        return reading, os.fdopen(writing, "wb")
    return writing, os.fdopen(reading, "rb")
