"""Checkpoint of a run: one JSON line per predicted case, each with its own checksum, so that nothing finished is lost.

The file is named by the run's identity (submission folder, track, split, data, device): an interrupted run continues
from it, and a changed one starts afresh.
"""

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

from cxrbench.tasks import Row

SYNC_SECONDS = 5.0
"""Seconds of predictions that a power failure can cost at most; a killed process costs none."""


class Checkpoint:
    """An append-only file of finished predictions; with `fresh` an earlier one is removed first."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self._synced = 0.0
        if fresh:
            path.unlink(missing_ok=True)

    def read(self) -> dict[str, Row]:
        """Read the row of each finished case by its id; a line that a crash cut short is left out."""
        if not self.path.exists():
            return {}
        lines = self.path.read_bytes().split(b"\n")
        return dict(entry for line in lines if (entry := _parse_line(line)) is not None)

    def append(self, rows: dict[str, Row]) -> None:
        """Append finished cases; the operating system has them when this returns, the disk every few seconds.

        Args:
            rows: Prediction rows by case id.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as out:
            out.write(b"\n" + b"\n".join(_format_line(case, row) for case, row in rows.items()))
            out.flush()
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(out.fileno())
                self._synced = time.monotonic()

    def discard(self) -> None:
        """Remove the file of a completed run, and its folder if no other run is in it."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def _format_line(case: str, row: Row) -> bytes:
    body = json.dumps([case, row])
    return json.dumps([hashlib.sha256(body.encode()).hexdigest()[:16], body]).encode()


def _parse_line(line: bytes) -> tuple[str, Row] | None:
    try:
        digest, body = json.loads(line)
        if hashlib.sha256(body.encode()).hexdigest()[:16] != digest:
            return None
        case, row = json.loads(body)
    except (ValueError, AttributeError, TypeError):
        return None
    return case, row
