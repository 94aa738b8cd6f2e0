"""The store of generated studies: one file per study and kind, in the user's cache.

A study is generated on first use. Its arrays are checked against the committed manifest when generated and when read. A
damaged file is generated again; where the folder cannot be written, studies are generated each time.
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
from cxrbench.imaging.cache.reader import locate_cache_root
from cxrbench.phantom.cohort import VERSION, make_cohort
from cxrbench.phantom.generate import KEYS, Arrays, Bytes, ImageKind, hash_array, hash_arrays, make_arrays
from cxrbench.phantom.manifest import hash_manifest, read_manifest

KINDS: tuple[ImageKind, ...] = ("cxr", "ct")
GENERATED = ("phantom", "phantom-ct")
"""Datasets that are generated instead of read."""


def locate_store() -> Path:
    """Locate the folder of this version; another manifest has another folder."""
    return locate_cache_root() / "phantom" / f"v{VERSION}-{hash_manifest()[:12]}"


@lru_cache(maxsize=16)
def load_arrays(study: str, kind: ImageKind) -> Arrays:
    """Load the arrays of a study from the store, or generate them.

    Args:
        study: Id of the study.
        kind: "cxr" or "ct".

    Returns:
        The arrays by name, read-only (see `make_arrays`).

    Raises:
        DataError: The generated arrays differ from the manifest.
    """
    file = locate_store() / f"{study}-{kind}.npz"
    arrays = _read_arrays(file, study, kind, KEYS[kind])
    if arrays is None:
        arrays = _make_checked(study, kind)
        with suppress(OSError):
            _write_arrays(file, arrays)
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


@lru_cache(maxsize=32)
def load_array(study: str, kind: ImageKind, key: str) -> Bytes:
    """Load one array of a study: a mask is read without unpacking the noisy pixels beside it.

    Args:
        study: Id of the study.
        kind: "cxr" or "ct".
        key: Name of the array (see `make_arrays`).

    Returns:
        The array, read-only.

    Raises:
        DataError: The study had to be generated, and differs from the manifest.
    """
    arrays = _read_arrays(locate_store() / f"{study}-{kind}.npz", study, kind, (key,))
    array = load_arrays(study, kind)[key] if arrays is None else arrays[key]
    array.setflags(write=False)
    return array


def make_all_studies(workers: int | None = None, progress: Callable[[int, int], None] | None = None) -> int:
    """Generate every study that the store lacks, in parallel.

    Args:
        workers: Number of processes (default: one per core, at least two, at most four).
        progress: Called with the number of finished studies and the number of all.

    Returns:
        How many studies were generated.
    """
    folder = locate_store()
    left = [study for study in read_manifest() if not all((folder / f"{study}-{kind}.npz").is_file() for kind in KINDS)]
    for done, _ in enumerate(_make_in_processes(left, workers or min(4, max(2, os.cpu_count() or 2))), 1):
        if progress is not None:
            progress(done, len(left))
    return len(left)


def _make_in_processes(studies: Sequence[str], workers: int) -> Iterator[None]:
    if workers == 1 or len(studies) < 8:
        yield from map(_make_both_kinds, studies)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_make_both_kinds, studies, chunksize=4)


def _make_both_kinds(study: str) -> None:
    for kind in KINDS:
        load_arrays(study, kind)


def _make_checked(study: str, kind: ImageKind) -> Arrays:
    arrays = make_arrays(next(candidate for candidate in make_cohort() if candidate.id == study), kind)
    row = read_manifest()[study]
    wrong = [name for name, value in hash_arrays(kind, arrays).items() if row[name] != value]
    if wrong:
        fix = "this machine generates another phantom: report it with the output of cxrbench doctor"
        raise DataError(f"generated anew, {', '.join(wrong)} differs from the manifest", f"phantom/{study}", fix)
    return arrays


def _read_arrays(file: Path, study: str, kind: ImageKind, keys: Sequence[str]) -> Arrays | None:
    """Read arrays of a file; None where it is absent, damaged or not as the manifest says."""
    try:
        with file.open("rb") as raw, np.load(raw, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in keys}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    row = read_manifest()[study]
    return arrays if all(row[f"{kind}_{key}"] == hash_array(array) for key, array in arrays.items()) else None


def _write_arrays(file: Path, arrays: Arrays) -> None:
    """Write completely or not at all; noisy HU are compressed by bzip2, a quarter smaller than by deflate."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        NamedTemporaryFile(dir=file.parent, delete=False) as out,
        zipfile.ZipFile(out, "w") as packed,
    ):
        for key, array in arrays.items():
            method, level = (zipfile.ZIP_BZIP2, 9) if key == "codes" else (zipfile.ZIP_DEFLATED, 3)
            member = BytesIO()
            np.lib.format.write_array(member, array)
            packed.writestr(f"{key}.npy", member.getvalue(), method, level)
    Path(out.name).replace(file)
