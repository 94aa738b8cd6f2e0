"""Writing an image cache: records first, then their lines, one writer at a time.

Nothing is forced to disk: after a power cut the checksums tell which records arrived, and the others are done again.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np

from cxrbench.errors import CxrbenchError
from cxrbench.imaging.cache.reader import CacheSettings, Entry, Stamp, checksum, format_line, map_records, read_index
from cxrbench.imaging.cache.shrink import Small


class CacheWriter:
    """The one writer of a cache folder; use as a context manager, which holds the lock.

    Raises `CxrbenchError` on entry where another process writes the same cache.
    """

    def __init__(self, folder: Path, settings: CacheSettings) -> None:
        self.folder, self.settings = folder, settings
        self._finished: dict[str, Entry] = {}
        self._next = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            where, fix = str(self.folder), "wait for the other cxrbench datasets prepare"
            raise CxrbenchError("this image cache is being written", where, fix) from None
        (self.folder / "settings.json").write_text(json.dumps(asdict(self.settings), indent=1) + "\n", "utf-8")
        self._index = (self.folder / "index.jsonl").open("ab")
        self._end_last_line()
        self._finished = self._sound()
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()
        self._lock.close()

    def _end_last_line(self) -> None:
        """Close the half line of a writer that was killed, so that the next one starts afresh."""
        data = (self.folder / "index.jsonl").read_bytes()
        if data and not data.endswith(b"\n"):
            self._index.write(b"\n")
            self._index.flush()

    def _sound(self) -> dict[str, Entry]:
        """The finished cases whose record is there and has its checksum."""
        records, entries = map_records(self.folder, self.settings), read_index(self.folder)
        self._next = 1 + max((entry.record for entry in entries.values()), default=-1)
        return {
            case: entry
            for case, entry in entries.items()
            if entry.record < len(records) and checksum(records[entry.record]) == entry.sha256
        }

    def finished(self, case: str, sources: Sequence[Stamp]) -> bool:
        """Whether the case was decoded from just these files; never true where its files are not known."""
        return bool(sources) and case in self._finished and self._finished[case].sources == tuple(sources)

    def reserve(self, count: int) -> range:
        """Numbers of `count` free records, with room for them in the file."""
        free = range(self._next, self._next + count)
        self._next = free.stop
        file = self.folder / "pixels.bin"
        file.touch()
        if file.stat().st_size < free.stop * self.settings.record_bytes:
            os.truncate(file, free.stop * self.settings.record_bytes)
        return free

    def append(self, entry: Entry) -> None:
        """Declare a written record finished."""
        self._index.write(format_line(entry))
        self._index.flush()


def write_record(folder: Path, settings: CacheSettings, number: int, small: Small) -> str:
    """Put a picture into its record, from any process; its checksum. The record must have been reserved."""
    record = np.zeros((settings.size, settings.size), settings.dtype)
    record[: small.geometry.height, : small.geometry.width] = small.pixels
    with (folder / "pixels.bin").open("r+b", buffering=0) as file:
        file.seek(number * settings.record_bytes)
        file.write(record.data)
    return checksum(record)
