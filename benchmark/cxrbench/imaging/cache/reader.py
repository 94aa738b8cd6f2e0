"""The image cache: every radiograph of a dataset decoded once, in one memory-mapped file.

A cache is a folder `<cache>/<dataset>/<size>px-<depth>-<key>`, where `key` is a hash of the settings:

    pixels.bin     records of size x size numbers, one after the other, little-endian
    index.jsonl    one line per finished case: its record, geometry, spacing, source files and checksum
    settings.json  the settings that the folder was made with

A record is written before its line, and lines are only ever appended. A writer that was killed leaves a record without
a line, or half a line; the next writer overwrites the one and skips the other. A case is finished while name, size and
modification time of its source files equal those in its line. Where they differ, it is decoded again, and the later
line is valid. There is one writer at a time (a lock); readers need no lock.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Image
from cxrbench.errors import DataError
from cxrbench.imaging.cache.index import CacheEntry, read_index

FORMAT = 1
"""Raised when records of the same settings come to hold other pixels."""

Pixels = NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """The settings that determine the cached pixels.

    Attributes:
        size: Long side in pixels.
        depth: Type of a pixel, "uint8" or "uint16".
        draft: Whether JPEG files may be decoded at reduced size.

    Example:
        >>> CacheSettings(size=256).record_bytes
        65536
    """

    size: int = 512
    depth: Literal["uint8", "uint16"] = "uint8"
    draft: bool = False

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that differ when the settings or the format differ."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def folder(self) -> str:
        """Name of the cache's folder below the dataset's folder."""
        return f"{self.size}px-{self.depth}-{self.key}"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a pixel on disk, little-endian."""
        return np.dtype("u1" if self.depth == "uint8" else "<u2")

    @property
    def record_bytes(self) -> int:
        """Size of one record in bytes."""
        return self.size * self.size * self.dtype.itemsize


def locate_cache_root(chosen: str | Path | None = None) -> Path:
    """Locate the folder below which all caches are stored.

    Args:
        chosen: A folder that overrides the default.

    Returns:
        The folder given, else that in `CXRBENCH_CACHE`, else the platform's cache folder of the user.
    """
    given = chosen or os.environ.get("CXRBENCH_CACHE")
    if given:
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("cxrbench", appauthor=False)


def locate_cache_folder(dataset: str, settings: CacheSettings, root: str | Path | None = None) -> Path:
    """Locate the folder of one dataset's cache.

    Args:
        dataset: Name of the dataset.
        settings: Settings of the cache.
        root: Folder of all caches (default: see `locate_cache_root`).

    Returns:
        The folder; it need not exist.
    """
    return locate_cache_root(root) / dataset / settings.folder


class ImageCache:
    """A finished cache, read-only. Records are views of one memory map: nothing is copied until it is used.

    Attributes:
        folder: Folder of the cache.
        settings: Settings that it was made with.
        entries: The finished cases by id.
    """

    def __init__(self, folder: Path, settings: CacheSettings) -> None:
        self.folder, self.settings = folder, settings
        self.entries = read_index(folder)
        self._records = map_records(folder, settings)
        if any(entry.record >= len(self._records) for entry in self.entries.values()):
            raise DataError("the image cache is truncated", str(folder), "run cxrbench datasets prepare again")

    @classmethod
    def open(cls, dataset: str, settings: CacheSettings | None = None, root: str | Path | None = None) -> "ImageCache":
        """Open the cache of a dataset.

        Args:
            dataset: Name of the dataset.
            settings: Settings of the cache (default: 512 px, 8 bit).
            root: Folder of all caches (default: see `locate_cache_root`).

        Returns:
            The cache.

        Raises:
            DataError: The dataset was not prepared with these settings, or the cache is truncated.
        """
        chosen = settings or CacheSettings()
        folder = locate_cache_folder(dataset, chosen, root)
        if not (folder / "index.jsonl").is_file():
            fix = f"run cxrbench datasets prepare {dataset} --size {chosen.size}"
            raise DataError(f"dataset {dataset} is not prepared", str(folder), fix)
        return cls(folder, chosen)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, case: object) -> bool:
        return case in self.entries

    def _entry(self, case: str) -> CacheEntry:
        if case not in self.entries:
            raise DataError("not in the image cache", case, "run cxrbench datasets prepare again")
        return self.entries[case]

    def record(self, case: str) -> Pixels:
        """The whole record of a case, with padding.

        Args:
            case: Id of the case.

        Returns:
            A view `[size, size]`: the picture in the upper left corner, zeros elsewhere.

        Raises:
            DataError: The case is not in the cache.
        """
        return np.asarray(self._records[self._entry(case).record])

    def pixels(self, case: str) -> Pixels:
        """The picture of a case, without padding.

        Args:
            case: Id of the case.

        Returns:
            A view `[height, width]`, over the full range of its type.

        Raises:
            DataError: The case is not in the cache.
        """
        geometry = self._entry(case).geometry
        return self.record(case)[: geometry.height, : geometry.width]

    def image(self, case: str) -> Image:
        """The picture of a case in canonical form.

        Args:
            case: Id of the case.

        Returns:
            A radiograph, float32 `[height, width]` in [0, 1], with the spacing of the cached pixels in mm.

        Raises:
            DataError: The case is not in the cache.
        """
        full = np.float32(np.iinfo(self.settings.dtype).max)
        return Image(self.pixels(case).astype(np.float32) / full, spacing=self._entry(case).spacing)

    def damaged(self) -> list[str]:
        """The cases whose record differs from its checksum."""
        return [entry.case for entry in self.entries.values() if hash_record(self.record(entry.case)) != entry.sha256]


def map_records(folder: Path, settings: CacheSettings) -> Pixels:
    """Memory-map every record of a cache, read-only.

    Args:
        folder: Folder of the cache.
        settings: Settings of the cache.

    Returns:
        `[n, size, size]`; no records where there is no file yet.
    """
    file, side = folder / "pixels.bin", settings.size
    count = file.stat().st_size // settings.record_bytes if file.is_file() else 0
    if count == 0:
        return np.zeros((0, side, side), settings.dtype)
    return np.memmap(file, settings.dtype, "r", shape=(count, side, side))


def hash_record(record: Pixels) -> str:
    """Hash a record as it is stored on disk.

    Args:
        record: The whole record `[size, size]`.

    Returns:
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(np.ascontiguousarray(record).data).hexdigest()
