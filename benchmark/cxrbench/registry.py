"""A typed registry of plug-ins by name, filled by importing a package's modules and by entry points."""

import difflib
import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from cxrbench.errors import UsageError

T = TypeVar("T")


def make_unknown_name_error(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Make the error for a name that is not registered, with the nearest names that are.

    Args:
        kind: What the name should refer to, such as "dataset".
        name: The unknown name.
        known: The names that exist.

    Returns:
        The error, to be raised by the caller.

    Example:
        >>> make_unknown_name_error("dataset", "cohn", ["cohen", "rsna"]).fix
        'did you mean cohen?'
    """
    names = sorted(known)
    near = [other for other in names if other.lower() == name.lower()]
    near = near or difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    fix = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"
    return UsageError(f"no {kind} of this name", name, fix)


class Registry(Generic[T]):
    """Plug-ins of one kind by name, found by importing the modules of a package on first use.

    A third party adds to the entry-point group `cxrbench.<kind>s`: each entry is a module that registers its plug-in.

    Attributes:
        kind: What is registered, such as "dataset".
        package: The package whose modules register themselves when they are imported.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._items: dict[str, T] = {}
        self._filled = False

    def register(self, name: str) -> Callable[[T], T]:
        """Make a decorator that registers an object.

        Args:
            name: The name to register under.

        Returns:
            A decorator that returns the object unchanged.

        Raises:
            ValueError: The name is already registered.
        """

        def keep(item: T) -> T:
            if name in self._items:
                raise ValueError(f"two {self.kind}s are named {name}")
            self._items[name] = item
            return item

        return keep

    def _fill(self) -> None:
        if self._filled:
            return
        self._filled = True
        path = importlib.import_module(self.package).__path__
        for module in pkgutil.iter_modules(path, f"{self.package}."):
            importlib.import_module(module.name)
        for entry in entry_points(group=f"cxrbench.{self.kind}s"):
            self._load_plugin(entry.name, entry.value)

    def _load_plugin(self, name: str, module: str) -> None:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - a third party's module may fail in any way: name it, go on
            warnings.warn(f"{self.kind} plug-in {name} ({module}) failed: {error}", stacklevel=4)

    def __getitem__(self, name: str) -> T:
        self._fill()
        if name not in self._items:
            raise make_unknown_name_error(self.kind, name, self._items)
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return iter(sorted(self._items))

    def __contains__(self, name: object) -> bool:
        self._fill()
        return name in self._items
