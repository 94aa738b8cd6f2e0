"""Pixels for a submission without a copy: one anonymous file, which the parent writes and the child maps read-only."""

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALIGN = 64


@dataclass(frozen=True, slots=True)
class ArrayLocation:
    """Where an array is in the shared file: its first byte, data type and shape."""

    offset: int
    dtype: str
    shape: tuple[int, ...]


class SharedImages:
    """The parent's side: a file that grows to the largest batch. `reader` is the file descriptor for the child."""

    def __init__(self) -> None:
        self._file = os.memfd_create("cxrbench-images")
        self.reader = os.open(f"/proc/self/fd/{self._file}", os.O_RDONLY)
        self._map: mmap.mmap | None = None

    def write(self, arrays: Mapping[str, NDArray[np.generic]]) -> tuple[dict[str, ArrayLocation], int]:
        """Write a batch from the start of the file, over the batch before.

        Args:
            arrays: The pixels of each image by its id.

        Returns:
            The location of each array, and the size of the file in bytes.
        """
        locations, end = {}, 0
        for name, array in arrays.items():
            locations[name] = ArrayLocation(end, array.dtype.name, array.shape)
            end += -(-array.nbytes // ALIGN) * ALIGN
        target = self._grow(max(end, 1))
        for name, array in arrays.items():
            view = np.ndarray(array.shape, array.dtype, target, locations[name].offset)
            np.copyto(view, array)
        return locations, len(target)

    def _grow(self, size: int) -> mmap.mmap:
        if self._map is None or len(self._map) < size:
            os.ftruncate(self._file, -(-size // mmap.PAGESIZE) * mmap.PAGESIZE)
            self._map = mmap.mmap(self._file, 0)
        return self._map

    def close(self) -> None:
        """Release the memory."""
        self._map = None
        os.close(self._file)
        os.close(self.reader)


class SharedImageReader:
    """The child's side: read-only views of the shared file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._map: mmap.mmap | None = None

    def read(self, location: ArrayLocation, size: int) -> NDArray[np.generic]:
        """Map one array of the present batch.

        Args:
            location: Where the array is.
            size: The size of the file in bytes.

        Returns:
            A read-only view, whose pixels change when the next batch is written.
        """
        if self._map is None or len(self._map) < size:
            self._map = mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ)
        return np.ndarray(location.shape, location.dtype, self._map, location.offset)
