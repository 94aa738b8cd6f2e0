"""A typed registry: names to plug-ins, filled on import of a package's modules and by entry points."""

import difflib
import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from cxrbench.errors import UsageError

T = TypeVar("T")


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that nobody registered, with the nearest ones that exist."""
    names = sorted(known)
    near = [one for one in names if one.lower() == name.lower()]
    near = near or difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    fix = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"
    return UsageError(f"no {kind} of this name", name, fix)


class Registry(Generic[T]):
    """Plug-ins of one kind, found by importing the modules of `package` when first asked.

    A third party adds to the entry-point group `cxrbench.<kind>s`: an entry is a module that registers itself.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._items: dict[str, T] = {}
        self._filled = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: keep the decorated object under `name`; a second one of that name is an error."""

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
            self._load_foreign(entry.name, entry.value)

    def _load_foreign(self, name: str, module: str) -> None:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - a stranger's module may fail in any way: name it, go on
            warnings.warn(f"{self.kind} plug-in {name} ({module}) failed: {error}", stacklevel=4)

    def __getitem__(self, name: str) -> T:
        self._fill()
        if name not in self._items:
            raise unknown(self.kind, name, self._items)
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return iter(sorted(self._items))

    def __contains__(self, name: object) -> bool:
        self._fill()
        return name in self._items
