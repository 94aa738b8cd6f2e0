"""The image cache: every radiograph of a dataset decoded once, in one file that is read by mapping it into memory.

A cache is a folder `<cache>/<dataset>/<size>px-<depth>-<key>`, where `key` hashes the settings:

    pixels.bin     records of size x size numbers, one after the other, little-endian
    index.jsonl    one line a finished case: its record, geometry, spacing, source files and checksum
    settings.json  what the folder was made with

A record is written before its line, and a line is only ever appended; a writer that was killed leaves a record without
a line or half a line, both of which the next one overwrites or skips. A case counts as finished while name, size and
modification time of its source files are those of its line; where they differ it is decoded again, and the later line
counts. One writer at a time (a lock); readers need none.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.cache.geometry import Geometry

FORMAT = 1
"""Raised when records of the same settings come to hold other pixels."""

Pixels = NDArray[np.uint8 | np.uint16]
Stamp = tuple[str, int, int]
"""A source file: name, size in bytes, modification time in nanoseconds."""


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """What decides the pixels: long side in pixels, numbers of 8 or 16 bit, and whether JPEG may be drafted."""

    size: int = 512
    depth: Literal["uint8", "uint16"] = "uint8"
    draft: bool = False

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that differ when the settings or the format do."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def folder(self) -> str:
        """The folder's name below the dataset's."""
        return f"{self.size}px-{self.depth}-{self.key}"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a pixel: little-endian, as it lies on disk."""
        return np.dtype("u1" if self.depth == "uint8" else "<u2")

    @property
    def record_bytes(self) -> int:
        """Bytes of one record."""
        return self.size * self.size * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index; `sha256` is that of the whole record."""

    case: str
    record: int
    geometry: Geometry
    spacing: tuple[float, float] | None
    sources: tuple[Stamp, ...]
    sha256: str


def cache_root(chosen: str | Path | None = None) -> Path:
    """Where caches lie: the folder given, else `CXRBENCH_CACHE`, else the platform's cache folder of the user."""
    given = chosen or os.environ.get("CXRBENCH_CACHE")
    if given:
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("cxrbench", appauthor=False)


def cache_folder(dataset: str, settings: CacheSettings, root: str | Path | None = None) -> Path:
    """The folder of one dataset's cache."""
    return cache_root(root) / dataset / settings.folder


def stamps(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """Name, size and modification time of each file; raises `OSError` where one is absent."""
    found = [(path.name, path.stat()) for path in paths]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)


class ImageCache:
    """A finished cache, read-only: records are views of one memory map, so nothing is copied until it is used."""

    def __init__(self, folder: Path, settings: CacheSettings) -> None:
        self.folder, self.settings = folder, settings
        self.entries: Mapping[str, Entry] = read_index(folder)
        self._records = map_records(folder, settings)
        if any(entry.record >= len(self._records) for entry in self.entries.values()):
            raise DataError("the image cache is cut short", str(folder), "run cxrbench datasets prepare again")

    @classmethod
    def open(cls, dataset: str, settings: CacheSettings | None = None, root: str | Path | None = None) -> "ImageCache":
        """Open the cache of a dataset. Raises `DataError` where it was not prepared with these settings."""
        chosen = settings or CacheSettings()
        folder = cache_folder(dataset, chosen, root)
        if not (folder / "index.jsonl").is_file():
            fix = f"run cxrbench datasets prepare {dataset} --size {chosen.size}"
            raise DataError(f"dataset {dataset} is not prepared", str(folder), fix)
        return cls(folder, chosen)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, case: object) -> bool:
        return case in self.entries

    def _entry(self, case: str) -> Entry:
        if case not in self.entries:
            raise DataError("not in the image cache", case, "run cxrbench datasets prepare again")
        return self.entries[case]

    def record(self, case: str) -> Pixels:
        """The whole record `[size, size]`: the picture in the upper left corner, zeros beside it. A view."""
        return np.asarray(self._records[self._entry(case).record])

    def pixels(self, case: str) -> Pixels:
        """The picture alone, `[height, width]`, over the full range of its type. A view."""
        geometry = self._entry(case).geometry
        return self.record(case)[: geometry.height, : geometry.width]

    def image(self, case: str) -> Image:
        """The picture as a canonical image: float32 in [0, 1], with the spacing of the cached pixels in mm."""
        full = np.float32(np.iinfo(self.settings.dtype).max)
        return Image(self.pixels(case).astype(np.float32) / full, spacing=self._entry(case).spacing)

    def damaged(self) -> list[str]:
        """Cases whose record does not have the checksum of its line."""
        return [entry.case for entry in self.entries.values() if checksum(self.record(entry.case)) != entry.sha256]


def map_records(folder: Path, settings: CacheSettings) -> Pixels:
    """Every record of a cache, `[n, size, size]`, mapped read-only; none where there is no file yet."""
    file, side = folder / "pixels.bin", settings.size
    count = file.stat().st_size // settings.record_bytes if file.is_file() else 0
    if count == 0:
        return np.zeros((0, side, side), settings.dtype)
    return np.memmap(file, settings.dtype, "r", shape=(count, side, side))


def read_index(folder: Path) -> dict[str, Entry]:
    """Case to its latest line; a line that was cut short counts as not written, and an absent index is empty."""
    file = folder / "index.jsonl"
    if not file.is_file():
        return {}
    entries = (parse_line(line) for line in file.read_bytes().split(b"\n"))
    return {entry.case: entry for entry in entries if entry is not None}


def parse_line(line: bytes) -> Entry | None:
    """One line of the index; None where it is not whole."""
    try:
        return _lines().validate_json(line)
    except ValidationError:
        return None


def format_line(entry: Entry) -> bytes:
    """The line of one case, with its end."""
    return _lines().dump_json(entry) + b"\n"


@cache
def _lines() -> TypeAdapter[Entry]:
    return TypeAdapter(Entry)


def checksum(record: Pixels) -> str:
    """SHA-256 of a whole record as it lies on disk."""
    return hashlib.sha256(np.ascontiguousarray(record).data).hexdigest()
