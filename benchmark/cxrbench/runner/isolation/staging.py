"""A submission's folder as another user can read it."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

LEFT_OUT = shutil.ignore_patterns("results", "__pycache__")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """The folder itself where everybody may read all of it, else a copy (without results) that everybody may read.

    A sandbox started by root runs the submission as a user of its own, to whom a file of mode 600 is closed.
    """
    if _open(folder):
        yield folder
        return
    with TemporaryDirectory(prefix="cxrbench-") as room:
        copy = Path(shutil.copytree(folder, Path(room) / "submission", ignore=LEFT_OUT))
        for path in (Path(room), copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield copy


def _open(folder: Path) -> bool:
    """Whether others may read every file, and enter every folder, of it."""
    return all(path.stat().st_mode & _needed(path) == _needed(path) for path in (folder, *folder.rglob("*")))


def _needed(path: Path) -> int:
    return stat.S_IROTH | stat.S_IXOTH if path.is_dir() else stat.S_IROTH
