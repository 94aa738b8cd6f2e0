"""From result files and reported values to a static site, which is written beside the old one and then replaces it."""

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

from cxrbench_leaderboard.export.site_writer import WrittenSite, write_site

MARKER = "cxrbench-leaderboard.json"
"""The file that marks a folder as a site, which may be replaced; any other folder may not."""


@dataclass(frozen=True, slots=True)
class BuiltSite:
    """The site's front page, and how many pages and results the site has."""

    index: Path
    pages: int
    results: int


def build_site(results: Sequence[Path], out: Path) -> BuiltSite:
    """Build the site from the result files below the folders.

    The new site replaces the old one only when it is complete; any error leaves the old one as it was. The same
    results give the same bytes.

    Args:
        results: Folders that hold submissions.
        out: The folder of the site.

    Returns:
        What was built.

    Raises:
        DataError: If a file is not a valid result.
        UsageError: If a folder of results does not exist, or `out` holds something else than a site.
        CxrbenchError: If the site cannot be written.
    """
    target = out.resolve()
    _check_target(target, results)
    new, old = (target.with_name(f".{target.name}.{kind}.{os.getpid()}") for kind in ("new", "old"))
    try:
        written = _write_with_marker(results, new)
        _replace_site(new, target, old)
    except OSError as error:
        what = f"the site could not be written ({error.strerror})"
        raise CxrbenchError(what, str(target), "check the folder") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
    return BuiltSite(out / "index.html", written.pages, written.results)


def list_outdated_files(results: Sequence[Path], site: Path) -> list[str]:
    """List the files in which a site differs from what the results, reported values and cards give now.

    Args:
        results: Folders that hold submissions.
        site: A built site.

    Returns:
        Paths below the site, sorted; empty for a site that is current.

    Raises:
        DataError: If a file is no longer a valid result.
        UsageError: If there is no site.
    """
    if not (site / MARKER).is_file():
        raise UsageError("this folder is no leaderboard", str(site), "build it first")
    with TemporaryDirectory() as folder:
        current = Path(folder)
        _write_with_marker(results, current)
        names = _list_files(site) | _list_files(current)
        return sorted(name for name in names if not _is_same(site / name, current / name))


def _write_with_marker(results: Sequence[Path], folder: Path) -> WrittenSite:
    written = write_site(results, folder)
    (folder / MARKER).write_bytes(_make_manifest(written).encode("utf-8"))
    return written


def _list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _is_same(left: Path, right: Path) -> bool:
    return left.is_file() and right.is_file() and filecmp.cmp(left, right, shallow=False)


def _check_target(target: Path, results: Sequence[Path]) -> None:
    if any(folder.resolve().is_relative_to(target) for folder in results):
        raise UsageError("the site would replace the results", str(target), "give another folder")
    if target.exists() and not target.is_dir():
        raise UsageError("the folder of the site is a file", str(target), "give a folder")
    if target.is_dir() and any(target.iterdir()) and not (target / MARKER).is_file():
        raise UsageError("the folder holds something else than a leaderboard", str(target), "give an empty or new one")


def _make_manifest(written: WrittenSite) -> str:
    """What the site was made from: each result file with its hash."""
    sources = sorted((asdict(source) for source in written.sources), key=lambda source: list(source.values()))
    content = {"generator": f"cxrbench {cxrbench.__version__}", "results": sources}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _replace_site(new: Path, target: Path, old: Path) -> None:
    """Put the new site in its place; the old one stays until the new one is there."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
