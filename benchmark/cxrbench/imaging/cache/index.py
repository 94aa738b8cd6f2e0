"""The index of an image cache: one line of JSON per finished case, with the state of its source files."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cxrbench.imaging.cache.geometry import Geometry

Stamp = tuple[str, int, int]
"""A source file: name, size in bytes, modification time in nanoseconds."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One line of the index.

    Attributes:
        case: Id of the case.
        record: Number of its record in `pixels.bin`.
        geometry: Sizes before and after resizing.
        spacing: Millimetres per cached pixel along rows and columns; None where unknown.
        sources: The state of the source files.
        sha256: SHA-256 of the whole record.
    """

    case: str
    record: int
    geometry: Geometry
    spacing: tuple[float, float] | None
    sources: tuple[Stamp, ...]
    sha256: str


def stamp_files(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """Record the state of files, to detect later changes.

    Args:
        paths: The files.

    Returns:
        Name, size in bytes and modification time in nanoseconds of each file, in order.

    Raises:
        OSError: A file is absent.
    """
    states = [(path.name, path.stat()) for path in paths]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in states)


def read_index(folder: Path) -> dict[str, CacheEntry]:
    """Read the index of a cache.

    Args:
        folder: Folder of the cache.

    Returns:
        The latest entry of each case by id. A truncated line is ignored; an absent index is empty.
    """
    file = folder / "index.jsonl"
    if not file.is_file():
        return {}
    entries = (parse_index_line(line) for line in file.read_bytes().split(b"\n"))
    return {entry.case: entry for entry in entries if entry is not None}


def parse_index_line(line: bytes) -> CacheEntry | None:
    """Parse one line of the index.

    Args:
        line: The line, without its end.

    Returns:
        The entry; None where the line is incomplete.
    """
    try:
        return _make_entry_adapter().validate_json(line)
    except ValidationError:
        return None


def format_index_line(entry: CacheEntry) -> bytes:
    """Format an entry as a line of the index.

    Args:
        entry: The entry of one case.

    Returns:
        The line, with its end.
    """
    return _make_entry_adapter().dump_json(entry) + b"\n"


@cache
def _make_entry_adapter() -> TypeAdapter[CacheEntry]:
    return TypeAdapter(CacheEntry)
