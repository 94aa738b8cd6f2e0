"""Result files and printed claims to a static site: read everything, then write everything, then change places."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cxrbench
from cxrbench.errors import CxrbenchError, UsageError

from cxrbench_leaderboard.claims import load_claims
from cxrbench_leaderboard.pages import Site, render
from cxrbench_leaderboard.rows import boards
from cxrbench_leaderboard.sources import Found, read_all

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
    files, count = _rendered(results)
    _swap_in(files, place)
    return Built(out / "index.html", sum(name.endswith(".html") for name in files), count)


def check(results: Sequence[Path], site: Path) -> list[str]:
    """The files in which `site` differs from what the results, claims and cards give now; empty where it is current.

    Raises `DataError` for a file that is no longer a valid result, `UsageError` where there is no site.
    """
    if not (site / MARKER).is_file():
        raise UsageError("this folder is no leaderboard", str(site), "build it first")
    files, _ = _rendered(results)
    present = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    changed = [name for name in present & set(files) if (site / name).read_bytes() != files[name].encode("utf-8")]
    return sorted({*changed, *(present ^ set(files))})


def _rendered(results: Sequence[Path]) -> tuple[dict[str, str], int]:
    """Every file of the site by name, and the number of results on it."""
    found, claims = read_all(results), load_claims()
    site = Site(boards(found, claims), claims)
    return render(site) | {MARKER: _manifest(found)}, site.results


def _check_place(place: Path, results: Sequence[Path]) -> None:
    if any(folder.resolve().is_relative_to(place) for folder in results):
        raise UsageError("the site would replace the results", str(place), "give another folder")
    if place.exists() and not place.is_dir():
        raise UsageError("the place of the site is a file", str(place), "give a folder")
    if place.is_dir() and any(place.iterdir()) and not (place / MARKER).is_file():
        raise UsageError("the folder holds something else than a leaderboard", str(place), "give an empty or new one")


def _manifest(found: Found) -> str:
    """What the site was made from: each result file with its hash."""
    sources = [{"file": one.place, "sha256": one.sha256, "track": str(one.track)} for one in found.sources]
    content = {
        "generator": f"cxrbench {cxrbench.__version__}",
        "results": sorted(sources, key=lambda one: list(one.values())),
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _swap_in(files: dict[str, str], place: Path) -> None:
    """Write the files beside `place`, then put them in its place; the old site stays until the new one is whole."""
    new, old = (place.with_name(f".{place.name}.{kind}.{os.getpid()}") for kind in ("new", "old"))
    try:
        for name, content in sorted(files.items()):
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8"))
        if place.exists():
            place.rename(old)
        _rename_or_restore(new, place, old)
    except OSError as error:
        raise CxrbenchError(
            f"the site could not be written ({error.strerror})", str(place), "check the folder"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)


def _rename_or_restore(new: Path, place: Path, old: Path) -> None:
    try:
        new.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
