"""Dataset adapters: the official on-disk layout in, cases out. One adapter a file, found by its registry.

An adapter is a function of a `DataFolder` that lists every case it can and every problem it met, without
touching pixels. `load("cohen", data)` is the one way in.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cxrbench.case import Case
from cxrbench.errors import DataError
from cxrbench.registry import Registry


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a dataset that a user should know: reported, never silently dropped.

    `bad` is False for what every official copy shows, and which therefore needs no mending.
    """

    file: str
    reason: str
    bad: bool = True


@dataclass(frozen=True, slots=True)
class Dataset:
    """The cases of one dataset as found on this disk, in the source's order, and what was wrong with it."""

    name: str
    cases: tuple[Case, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def by_id(self) -> dict[str, Case]:
        """Case id to case."""
        return {case.id: case for case in self.cases}


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder given by `--data` or `CXRBENCH_DATA`: it holds a folder a dataset, or is one dataset's root."""

    path: Path | None

    def root(self, name: str, marker: str) -> Path:
        """The root of dataset `name`: the folder of that name, or the given folder, that holds `marker`.

        Raises `DataError` where neither does.
        """
        if self.path is None:
            raise DataError("no data folder", name, "give --data DIR or set CXRBENCH_DATA")
        if not self.path.is_dir():
            raise DataError("the data folder does not exist", str(self.path), "check --data or CXRBENCH_DATA")
        for candidate in (self.path / name, self.path):
            if (candidate / marker).exists():
                return candidate
        raise DataError(
            f"dataset {name} not found",
            str(self.path),
            f"expected {name}/{marker} or {marker}; `cxrbench datasets show {name}` tells the layout",
        )

    def sibling(self, *names: str) -> Path | None:
        """The first of the named folders below the data folder that exists, else None."""
        if self.path is None:
            return None
        return next((self.path / name for name in names if (self.path / name).is_dir()), None)


Adapter = Callable[[DataFolder], Dataset]
dataset_adapters: Registry[Adapter] = Registry("dataset", "cxrbench.datasets.adapters")


def load(name: str, data: str | Path | None = None) -> Dataset:
    """List the cases of a dataset below `data` (default: the folder in `CXRBENCH_DATA`).

    Raises `UsageError` for an unknown name, `DataError` where the folder or a column is missing.
    """
    chosen = data if data is not None else os.environ.get("CXRBENCH_DATA")
    return dataset_adapters[name](DataFolder(Path(chosen) if chosen is not None else None))
