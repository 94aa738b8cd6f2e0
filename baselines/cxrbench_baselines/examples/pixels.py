"""Where training takes the pixels of a radiograph from: the image cache of `cxrbench datasets prepare`, or its file.

A record of the cache serves an example where nothing is lost by it: the whole radiograph is seen, both sides of the
cached picture are at least the network's, it was not enlarged, its checksum is right, and the source file has the
name, size and modification time that it had when it was cached. Every other radiograph is decoded from its file.
Caches made with `--draft` are never read. The squares differ from freshly decoded ones by rounding and by averaging
twice (docs/training.md has the figures), so `training.json` says which radiographs came from where.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.imaging.cache.index import CacheEntry, stamp_files
from cxrbench.imaging.cache.reader import CacheSettings, ImageCache, hash_record, locate_cache_root
from numpy.typing import NDArray

CacheUse = Literal["auto", "off"]
Caches = Sequence[ImageCache]


@dataclass(frozen=True, slots=True)
class PixelSource:
    """Whether the image cache may be read, and how many radiographs were read from each cache.

    `counts` has one entry per cache, named `dataset/folder`.
    """

    use: CacheUse = "off"
    counts: Counter[str] = field(default_factory=Counter)

    def find_caches(self, dataset: str) -> tuple[ImageCache, ...]:
        """The caches of a dataset that may be read, 16 bit before 8 bit, then the smaller before the larger.

        Args:
            dataset: Name of the dataset.

        Returns:
            The caches below `CXRBENCH_CACHE`, else below the user's cache folder; none where `use` is "off". One that
            cannot be opened is left out: its radiographs are decoded.
        """
        if self.use == "off":
            return ()
        caches = [_open_cache(file.parent) for file in (locate_cache_root() / dataset).glob("*/settings.json")]
        usable = [cache for cache in caches if cache is not None and not cache.settings.draft]
        return tuple(sorted(usable, key=lambda cache: (cache.settings.depth != "uint16", cache.settings.size)))

    def read_cached(self, case: Case, caches: Caches, size: int) -> "CachedRadiograph | None":
        """The radiograph of a case from the first cache that can serve it, counted.

        Args:
            case: The case.
            caches: The caches of its dataset, the preferred one first.
            size: Side of the network's square in pixels.

        Returns:
            The cached picture; None where no cache can serve it.
        """
        for cache in caches:
            entry = cache.entries.get(case.id)
            if entry is not None and _is_usable(entry, case, size) and _is_sound(cache, entry):
                self.counts[f"{case.dataset}/{cache.folder.name}"] += 1
                shape = (entry.geometry.rows, entry.geometry.columns)
                return CachedRadiograph(np.asarray(cache.image(case.id).pixels, np.float32), shape)
        return None


@dataclass(frozen=True, slots=True)
class CachedRadiograph:
    """A cached picture `[h, w]` in [0, 1], and the shape `(rows, columns)` of the radiograph that it was made from."""

    pixels: NDArray[np.float32]
    shape: tuple[int, int]


def _open_cache(folder: Path) -> ImageCache | None:
    """The cache in a folder; None where its settings are of another format or its records are cut short."""
    try:
        settings = CacheSettings(**json.loads((folder / "settings.json").read_text("utf-8")))
        return ImageCache(folder, settings) if settings.folder == folder.name else None
    except (OSError, TypeError, ValueError, DataError):
        return None


def _is_usable(entry: CacheEntry, case: Case, size: int) -> bool:
    """Whether a record loses nothing for a square of `size`, and is of the case's files as they are now."""
    height, width = entry.geometry.height, entry.geometry.width
    if min(height, width) < size or height > entry.geometry.rows or width > entry.geometry.columns:
        return False
    try:
        stamps = stamp_files(case.files)
    except OSError:
        return False
    return bool(stamps) and tuple(entry.sources) == stamps


def _is_sound(cache: ImageCache, entry: CacheEntry) -> bool:
    """Whether a record has the checksum of its line."""
    return hash_record(cache.record(entry.case)) == entry.sha256
