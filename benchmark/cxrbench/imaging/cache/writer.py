"""Writing an image cache: records first, then their lines, one writer at a time.

Nothing is flushed to disk explicitly. After a power failure, the checksums show which records are complete; the others
are decoded again.
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
from cxrbench.imaging.cache.index import CacheEntry, Stamp, format_index_line, read_index
from cxrbench.imaging.cache.reader import CacheSettings, hash_record, map_records
from cxrbench.imaging.cache.shrink import ShrunkImage


class CacheWriter:
    """The only writer of a cache folder: a context manager that holds the lock.

    Attributes:
        folder: Folder of the cache, created if absent.
        settings: Settings of the cache.

    Raises:
        CxrbenchError: On entry, where another process is writing the same cache.
    """

    def __init__(self, folder: Path, settings: CacheSettings) -> None:
        self.folder, self.settings = folder, settings
        self._finished: dict[str, CacheEntry] = {}
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
        self._finished = self._find_sound_entries()
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()
        self._lock.close()

    def _end_last_line(self) -> None:
        """Terminate the incomplete line of a writer that was killed."""
        data = (self.folder / "index.jsonl").read_bytes()
        if data and not data.endswith(b"\n"):
            self._index.write(b"\n")
            self._index.flush()

    def _find_sound_entries(self) -> dict[str, CacheEntry]:
        """The finished cases whose record is complete."""
        records, entries = map_records(self.folder, self.settings), read_index(self.folder)
        self._next = 1 + max((entry.record for entry in entries.values()), default=-1)
        return {
            case: entry
            for case, entry in entries.items()
            if entry.record < len(records) and hash_record(records[entry.record]) == entry.sha256
        }

    def finished(self, case: str, sources: Sequence[Stamp]) -> bool:
        """Whether a case was decoded from exactly these files.

        Args:
            case: Id of the case.
            sources: The present state of its files.

        Returns:
            True where nothing changed; False where the files are unknown.
        """
        return bool(sources) and case in self._finished and self._finished[case].sources == tuple(sources)

    def reserve(self, count: int) -> range:
        """Reserve free records, and space for them in the file.

        Args:
            count: How many records.

        Returns:
            Their numbers.
        """
        free = range(self._next, self._next + count)
        self._next = free.stop
        file = self.folder / "pixels.bin"
        file.touch()
        if file.stat().st_size < free.stop * self.settings.record_bytes:
            os.truncate(file, free.stop * self.settings.record_bytes)
        return free

    def append(self, entry: CacheEntry) -> None:
        """Mark a written record as finished.

        Args:
            entry: Its line for the index.
        """
        self._index.write(format_index_line(entry))
        self._index.flush()


def write_record(folder: Path, settings: CacheSettings, number: int, small: ShrunkImage) -> str:
    """Write a picture into a reserved record; any process may do so.

    Args:
        folder: Folder of the cache.
        settings: Settings of the cache.
        number: Number of the record.
        small: The picture.

    Returns:
        SHA-256 of the record.
    """
    record = np.zeros((settings.size, settings.size), settings.dtype)
    record[: small.geometry.height, : small.geometry.width] = small.pixels
    with (folder / "pixels.bin").open("r+b", buffering=0) as file:
        file.seek(number * settings.record_bytes)
        file.write(record.data)
    return hash_record(record)
