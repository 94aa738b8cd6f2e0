"""The files behind a case, told from its loader, so that a cache can see whether they changed.

Adapters write `load=partial(read_raster, path)`; a closure over paths is understood too.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cxrbench.case import Case


def sources(case: Case) -> tuple[Path, ...]:
    """Every path that the case's loader holds; none where the image is absent or made by a function."""
    return tuple(_paths(case.load))


def files_of(case: Case) -> frozenset[Path]:
    """Every path that the case's loader or one of its masks holds."""
    return frozenset(_paths([case.load, case.targets.lung_mask, case.targets.lesion_mask]))


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _paths(item)
    elif isinstance(value, partial):
        yield from _paths([value.func, *value.args, *value.keywords.values()])
    else:
        for cell in getattr(value, "__closure__", None) or ():
            yield from _paths(cell.cell_contents)
