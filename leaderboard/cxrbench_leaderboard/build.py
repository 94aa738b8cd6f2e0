"""Result files and printed claims to a static site: written beside its place, then put into it."""

import filecmp
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cxrbench
from cxrbench.errors import CxrbenchError, UsageError

from cxrbench_leaderboard.export.site_writer import Whole, write_site

MARKER = "cxrbench-leaderboard.json"
"""The file that tells a site of ours, which may be replaced, from any other folder, which may not."""


@dataclass(frozen=True, slots=True)
class Built:
    """The site's front page, and how many pages and results it has."""

    index: Path
    pages: int
    results: int


def build(results: Sequence[Path], out: Path) -> Built:
    """Build the site from the result files below the folders into `out`.

    The new site takes the place of the old one only when it is whole; any error leaves the old one as it was.
    The same results give the same bytes. Raises `DataError` for a file that is not a valid result, `UsageError`
    for a folder of results that does not exist or an `out` that holds something else than a site of ours.
    """
    place = out.resolve()
    _check_place(place, results)
    new, old = (place.with_name(f".{place.name}.{kind}.{os.getpid()}") for kind in ("new", "old"))
    try:
        whole = _written(results, new)
        _change_places(new, place, old)
    except OSError as error:
        what = f"the site could not be written ({error.strerror})"
        raise CxrbenchError(what, str(place), "check the folder") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)
    return Built(out / "index.html", whole.pages, whole.results)


def check(results: Sequence[Path], site: Path) -> list[str]:
    """The files in which `site` differs from what the results, claims and cards give now; empty where it is current.

    Raises `DataError` for a file that is no longer a valid result, `UsageError` where there is no site.
    """
    if not (site / MARKER).is_file():
        raise UsageError("this folder is no leaderboard", str(site), "build it first")
    with TemporaryDirectory() as folder:
        now = Path(folder)
        _written(results, now)
        names = _files(site) | _files(now)
        return sorted(name for name in names if not _same(site / name, now / name))


def _written(results: Sequence[Path], folder: Path) -> Whole:
    whole = write_site(results, folder)
    (folder / MARKER).write_bytes(_manifest(whole).encode("utf-8"))
    return whole


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def _check_place(place: Path, results: Sequence[Path]) -> None:
    if any(folder.resolve().is_relative_to(place) for folder in results):
        raise UsageError("the site would replace the results", str(place), "give another folder")
    if place.exists() and not place.is_dir():
        raise UsageError("the place of the site is a file", str(place), "give a folder")
    if place.is_dir() and any(place.iterdir()) and not (place / MARKER).is_file():
        raise UsageError("the folder holds something else than a leaderboard", str(place), "give an empty or new one")


def _manifest(whole: Whole) -> str:
    """What the site was made from: each result file with its hash."""
    sources = sorted((asdict(one) for one in whole.origins), key=lambda one: list(one.values()))
    content = {"generator": f"cxrbench {cxrbench.__version__}", "results": sources}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _change_places(new: Path, place: Path, old: Path) -> None:
    """Put the new site in its place; the old one stays until the new one is there."""
    if place.exists():
        place.rename(old)
    try:
        new.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
