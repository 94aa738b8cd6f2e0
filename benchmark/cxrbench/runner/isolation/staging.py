"""A submission's folder as another user can read it."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

LEFT_OUT = shutil.ignore_patterns("results", "__pycache__")


@contextmanager
def stage_folder(folder: Path) -> Iterator[Path]:
    """Give a submission's folder in a form that every user may read.

    A sandbox started by root runs the submission as a user of its own, who may not read a file of mode 600.

    Args:
        folder: The submission's folder.

    Yields:
        The folder itself where all of it is readable by everybody, else a temporary copy without results that is.
    """
    if _is_readable_by_all(folder):
        yield folder
        return
    with TemporaryDirectory(prefix="cxrbench-") as temporary:
        copy = Path(shutil.copytree(folder, Path(temporary) / "submission", ignore=LEFT_OUT))
        for path in (Path(temporary), copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield copy


def _is_readable_by_all(folder: Path) -> bool:
    """Whether others may read every file, and enter every folder, of it."""
    return all(
        path.stat().st_mode & _require_mode(path) == _require_mode(path) for path in (folder, *folder.rglob("*"))
    )


def _require_mode(path: Path) -> int:
    return stat.S_IROTH | stat.S_IXOTH if path.is_dir() else stat.S_IROTH
