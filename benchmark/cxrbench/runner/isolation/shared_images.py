"""Pixels between the processes without a copy: one anonymous file, mapped for writing here and read-only there."""

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALIGN = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array lies in the arena."""

    offset: int
    dtype: str
    shape: tuple[int, ...]


class Arena:
    """The parent's side: a file that grows to the largest batch. `reader` is the descriptor for the child."""

    def __init__(self) -> None:
        self._file = os.memfd_create("cxrbench-images")
        self.reader = os.open(f"/proc/self/fd/{self._file}", os.O_RDONLY)
        self._map: mmap.mmap | None = None

    def put(self, arrays: Mapping[str, NDArray[np.generic]]) -> tuple[dict[str, Place], int]:
        """Lay a batch out from the start of the arena, over the one before; places, and the arena's size."""
        places, end = {}, 0
        for name, array in arrays.items():
            places[name] = Place(end, array.dtype.name, array.shape)
            end += -(-array.nbytes // ALIGN) * ALIGN
        target = self._grown(max(end, 1))
        for name, array in arrays.items():
            view = np.ndarray(array.shape, array.dtype, target, places[name].offset)
            np.copyto(view, array)
        return places, len(target)

    def _grown(self, size: int) -> mmap.mmap:
        if self._map is None or len(self._map) < size:
            os.ftruncate(self._file, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE)
            self._map = mmap.mmap(self._file, 0)
        return self._map

    def close(self) -> None:
        """Give the memory back."""
        self._map = None
        os.close(self._file)
        os.close(self.reader)


class Reader:
    """The child's side: read-only views into the arena."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._map: mmap.mmap | None = None

    def view(self, place: Place, size: int) -> NDArray[np.generic]:
        """The array at a place of an arena of `size` bytes; it changes when the next batch is laid out."""
        if self._map is None or len(self._map) < size:
            self._map = mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ)
        return np.ndarray(place.shape, place.dtype, self._map, place.offset)
