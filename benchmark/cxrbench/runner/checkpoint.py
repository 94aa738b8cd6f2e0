"""Predictions as they come, one JSON line a case, each with its own checksum: nothing finished is lost.

The journal's file is named by the run's identity (submission folder, track, split, data, settings), so a run that
died goes on where it was, and a changed one starts afresh.
"""

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

from cxrbench.tasks import Row

SYNC_SECONDS = 5.0
"""What a power failure can cost at most; a killed process costs nothing."""


class Journal:
    """An append-only file of finished predictions."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self._synced = 0.0
        if fresh:
            path.unlink(missing_ok=True)

    def finished(self) -> dict[str, Row]:
        """Case id to prediction row of every intact line; a line cut short by a crash is left out."""
        if not self.path.exists():
            return {}
        lines = self.path.read_bytes().split(b"\n")
        return dict(entry for line in lines if (entry := _entry(line)) is not None)

    def append(self, rows: dict[str, Row]) -> None:
        """Hand finished cases to the system, where they outlive this process; every few seconds wait for the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as out:
            out.write(b"\n" + b"\n".join(_line(case, row) for case, row in rows.items()))
            out.flush()
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(out.fileno())
                self._synced = time.monotonic()

    def discard(self) -> None:
        """Remove the file, and its folder if no other run is in it: the run is complete and stored elsewhere."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def _line(case: str, row: Row) -> bytes:
    body = json.dumps([case, row])
    return json.dumps([hashlib.sha256(body.encode()).hexdigest()[:16], body]).encode()


def _entry(line: bytes) -> tuple[str, Row] | None:
    try:
        digest, body = json.loads(line)
        if hashlib.sha256(body.encode()).hexdigest()[:16] != digest:
            return None
        case, row = json.loads(body)
    except (ValueError, AttributeError, TypeError):
        return None
    return case, row
