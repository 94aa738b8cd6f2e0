"""Dataset adapters: the official on-disk layout in, cases out. One adapter per dataset, found by its registry.

An adapter is a function of a `DataFolder`. It lists every case and every problem that it finds, without decoding
pixels. `load("cohen", data)` is the public entry point.
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
    """A defect or a remark about a copy of a dataset: reported to the user, never silently dropped.

    Attributes:
        file: The file, folder or case that it is about.
        reason: What was observed and what follows from it.
        bad: False for what every official copy shows and what therefore needs no repair.

    Example:
        >>> Problem("images/17.png", "listed but absent")
        Problem(file='images/17.png', reason='listed but absent', bad=True)
    """

    file: str
    reason: str
    bad: bool = True


@dataclass(frozen=True, slots=True)
class Dataset:
    """The cases of one dataset as this copy has them.

    Attributes:
        name: The registered name of the dataset.
        cases: The cases in the order of the source.
        problems: Everything that is wrong with the copy.

    Example:
        >>> dataset = load("phantom")
        >>> dataset.name, len(dataset.cases), dataset.problems
        ('phantom', 360, ())
        >>> case = dataset.cases[0]
        >>> case.image().pixels.shape == case.targets.lung_mask().shape
        True
    """

    name: str
    cases: tuple[Case, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def by_id(self) -> dict[str, Case]:
        """The cases by their id.

        Example:
            >>> dataset = load("phantom-ct")
            >>> dataset.by_id[dataset.cases[0].id].modality
            'ct'
        """
        return {case.id: case for case in self.cases}


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder given by `--data` or `CXRBENCH_DATA`.

    It holds one folder per dataset, or it is the root of a single dataset.

    Attributes:
        path: The folder, or None where none was given.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     table = Path(folder, "cohen", "metadata.csv")
        ...     table.parent.mkdir()
        ...     table.touch()
        ...     DataFolder(Path(folder)).root("cohen", "metadata.csv") == table.parent
        True
    """

    path: Path | None

    def root(self, name: str, marker: str) -> Path:
        """Find the root of a dataset: the folder of its name, or the data folder itself.

        Args:
            name: The name of the dataset.
            marker: A file or folder, relative to the root, by which a copy is recognised.

        Returns:
            The first of the two folders that holds `marker`.

        Raises:
            DataError: No data folder was given, it does not exist, or neither folder holds `marker`.
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
            f"expected {name}/{marker} or {marker}; `cxrbench datasets show {name}` describes the layout",
        )

    def sibling(self, *names: str) -> Path | None:
        """Find the folder of another dataset, whose tables or images an adapter may also use.

        Args:
            names: Folders relative to the data folder, the preferred one first.

        Returns:
            The first folder that exists; None where none does or no data folder was given.
        """
        if self.path is None:
            return None
        return next((self.path / name for name in names if (self.path / name).is_dir()), None)


Adapter = Callable[[DataFolder], Dataset]
dataset_adapters: Registry[Adapter] = Registry("dataset", "cxrbench.datasets.adapters")


def load(name: str, data: str | Path | None = None) -> Dataset:
    """List the cases of a dataset; images and masks are decoded later, case by case.

    Args:
        name: A registered name; `cxrbench datasets list` prints them.
        data: The folder that holds the datasets, by default the one in `CXRBENCH_DATA`. The phantom needs none.

    Returns:
        The cases and the problems of this copy.

    Raises:
        UsageError: No dataset has this name.
        DataError: The folder, its table or a column is missing.

    Example:
        >>> case = load("phantom").cases[0]
        >>> case.image().pixels.dtype, case.targets.brixia is not None
        (dtype('float32'), True)
    """
    folder = data if data is not None else os.environ.get("CXRBENCH_DATA")
    return dataset_adapters[name](DataFolder(Path(folder) if folder is not None else None))
