"""Where the phantom's studies lie once they are made: one file a study and kind, in the user's cache.

A study is made when it is first asked for; its arrays are checked against the committed manifest, when made and when
read. A file that is damaged is made again; where the folder cannot be written, studies are made each time.
"""

import multiprocessing
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

from cxrbench.errors import DataError
from cxrbench.imaging.cache.reader import cache_root
from cxrbench.phantom.cohort import VERSION, cohort
from cxrbench.phantom.made import KEYS, Arrays, Kind, hashes, make
from cxrbench.phantom.manifest import manifest, manifest_sha256

KINDS: tuple[Kind, ...] = ("cxr", "ct")
MADE = ("phantom", "phantom-ct")
"""Datasets that are made instead of read."""


def store_folder() -> Path:
    """The folder of this version; another manifest has another folder."""
    return cache_root() / "phantom" / f"v{VERSION}-{manifest_sha256()[:12]}"


@lru_cache(maxsize=16)
def arrays(study: str, kind: Kind) -> Arrays:
    """The arrays of a study, read from the store or made; read-only. Raises `DataError` where they differ."""
    file = store_folder() / f"{study}-{kind}.npz"
    found = _read(file, study, kind)
    if found is None:
        found = _made(study, kind)
        with suppress(OSError):
            _write(file, found)
    for array in found.values():
        array.setflags(write=False)
    return found


def make_all(workers: int | None = None, progress: Callable[[int, int], None] | None = None) -> int:
    """Make every study that the store lacks, in processes (default: a core each, two to four); how many were made."""
    folder = store_folder()
    left = [study for study in manifest() if not all((folder / f"{study}-{kind}.npz").is_file() for kind in KINDS)]
    for done, _ in enumerate(_in_processes(left, workers or min(4, max(2, os.cpu_count() or 2))), 1):
        if progress is not None:
            progress(done, len(left))
    return len(left)


def _in_processes(studies: Sequence[str], workers: int) -> Iterator[None]:
    if workers == 1 or len(studies) < 8:
        yield from map(_both, studies)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_both, studies, chunksize=4)


def _both(study: str) -> None:
    for kind in KINDS:
        arrays(study, kind)


def _made(study: str, kind: Kind) -> Arrays:
    found = make(next(one for one in cohort() if one.id == study), kind)
    row = manifest()[study]
    wrong = [name for name, value in hashes(kind, found).items() if row[name] != value]
    if wrong:
        fix = "this machine draws another phantom: report it with the output of cxrbench doctor"
        raise DataError(f"made anew, {', '.join(wrong)} differs from the manifest", f"phantom/{study}", fix)
    return found


def _read(file: Path, study: str, kind: Kind) -> Arrays | None:
    """What a file holds; None where it is absent, damaged or not what the manifest says."""
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as stored:
            found = {key: stored[key] for key in KEYS[kind]}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    row = manifest()[study]
    return found if all(row[name] == value for name, value in hashes(kind, found).items()) else None


def _write(file: Path, found: Arrays) -> None:
    """Write whole or not at all; noisy HU are packed by bzip2, a quarter smaller than by deflate."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        NamedTemporaryFile(dir=file.parent, delete=False) as out,
        zipfile.ZipFile(out, "w") as packed,
    ):
        for key, array in found.items():
            method, level = (zipfile.ZIP_BZIP2, 9) if key == "codes" else (zipfile.ZIP_DEFLATED, 3)
            member = BytesIO()
            np.lib.format.write_array(member, array)
            packed.writestr(f"{key}.npy", member.getvalue(), method, level)
    Path(out.name).replace(file)
