"""Isolation of a submission's process: the strongest that this machine offers, found by trying it.

Levels, best first:

- `bubblewrap`: no network; a file system that holds the system's libraries, the interpreter, this package and the
  submission's own folder, all read-only, and one scratch folder of bounded size; its own process numbers, so that
  all that it started ends with it; no capabilities, no new privileges; started by root, it runs as a user of its own.
- `namespaces`: no network, and all its processes end with it; files stay readable with the caller's rights.
- `none`: a process of its own, nothing more.
"""

import importlib.util
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cxrbench
from cxrbench.errors import IsolationError

GIB = 1 << 30
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
GPU = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/dxg", "/dev/kfd", "/dev/dri")
DRIVERS = ("/usr/local/nvidia", "/usr/local/cuda", "/run/nvidia-persistenced")
UNSHARED = ("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
AS_USER = ("--unshare-user", "--disable-userns")
AS_ROOT = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
"""Root needs no user namespace to build the sandbox, and keeps the right to become another user inside, once."""
PROBE = """
import sys
from cxrbench.runner.isolation.limits import apply_limits
apply_limits(int(sys.argv[1]) if sys.argv[1] else None, processes=64, file=1 << 20)
import cxrbench.case, PIL
"""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a submission may use.

    Attributes:
        memory: Bytes of all its processes together.
        processes: Processes and threads together.
        file: Bytes of one file.
        scratch: Bytes of its scratch folder.
        output: Bytes that it may print.
        seconds: Wall-clock seconds; None for no limit.
        threads: Threads of the numeric libraries.
    """

    memory: int = 16 * GIB
    processes: int = 512
    file: int = GIB
    scratch: int = 2 * GIB
    output: int = 16 << 20
    seconds: float | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line, its environment, and the user that it becomes inside (None: the caller)."""

    level: str
    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    uid: int | None = None


def choose_level(wanted: str) -> str:
    """Choose the level of isolation for the option `--sandbox`.

    Args:
        wanted: "auto" for the best, "required" for bubblewrap or nothing, "off" for none.

    Returns:
        "bubblewrap", "namespaces" or "none".

    Raises:
        IsolationError: If bubblewrap is required and does not work here.
    """
    level = "none" if wanted == "off" else find_best_level()
    if wanted == "required" and level != "bubblewrap":
        raise IsolationError("isolation is not available", f"best level here: {level}", "install bubblewrap")
    return level


@cache
def find_best_level() -> str:
    """Find the strongest level that works here, by starting a Python in it as a submission is started."""
    return next((level for level in ("bubblewrap", "namespaces") if _is_working(level)), "none")


def _is_working(level: str) -> bool:
    launch = prepare_launch(level, Path(__file__).parent, (sys.executable, "-P", "-c", PROBE), Limits())
    command = [*launch.command, str(launch.uid or "")]
    try:
        done = subprocess.run(command, env=launch.environment, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def prepare_launch(level: str, folder: Path, command: Sequence[str], limits: Limits) -> Launch:
    """Prepare the command that runs another one at a level of isolation.

    Args:
        level: "bubblewrap", "namespaces" or "none".
        folder: The submission's folder, which it may read.
        command: What to run inside.
        limits: What it may use.

    Returns:
        The command line, its environment, the folder as it is named inside, and the user inside.
    """
    if level == "bubblewrap":
        uid = 100_000 + secrets.randbelow(900_000) if os.geteuid() == 0 else None
        words = (*_build_bwrap_command(folder, limits, as_root=uid is not None), "--", *command)
        return Launch(level, words, _make_environment("/scratch", limits), "/submission", uid)
    prefix = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--")
    words = (*prefix, *command) if level == "namespaces" else tuple(command)
    return Launch(
        level, words, {**os.environ, **_make_environment(os.environ.get("HOME", "/"), limits)}, str(folder.resolve())
    )


def _make_environment(home: str, limits: Limits) -> dict[str, str]:
    counts = dict.fromkeys(THREADS, str(limits.threads))
    gpu = {key: value for key, value in os.environ.items() if key == "CUDA_VISIBLE_DEVICES"}
    base = {"HOME": home, "USER": "submission", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return {
        **base,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(str(Path(place).parent) for place in _list_own_folders())),
        "PYTHONDONTWRITEBYTECODE": "1",
        **counts,
        "OMP_WAIT_POLICY": "passive",
        **gpu,
    }


def _list_own_folders() -> list[str]:
    """List the folders of this package and, where installed, of the baselines: trained submissions import them."""
    baselines = importlib.util.find_spec("cxrbench_baselines")
    places = [Path(cxrbench.__file__).parent, *((baselines and baselines.submodule_search_locations) or ())]
    return [str(Path(place).resolve()) for place in places]


def _build_bwrap_command(folder: Path, limits: Limits, *, as_root: bool) -> list[str]:
    """Build bwrap and its options: an allow-list of read-only binds, one scratch folder, everything unshared."""
    words = ["bwrap", "--die-with-parent", "--new-session", "--cap-drop", "ALL", *UNSHARED]
    words += AS_ROOT if as_root else AS_USER
    words += ["--proc", "/proc", "--dev", "/dev"]
    for mount in ("/tmp", "/scratch", "/dev/shm"):  # noqa: S108 - inside the sandbox
        words += ["--perms", "1777", "--size", str(limits.scratch), "--tmpfs", mount]
    for folder_above in _list_parents(_list_readable()):
        words += ["--perms", "0755", "--dir", folder_above]
    for path in _list_readable():
        link = Path(path)
        words += ["--symlink", str(link.readlink()), path] if link.is_symlink() else ["--ro-bind", path, path]
    for path in filter(os.path.exists, GPU):
        words += ["--dev-bind", path, path]
    words += ["--ro-bind", str(folder.resolve()), "/submission"]
    if (folder / "results").is_dir():
        words += ["--tmpfs", "/submission/results", "--remount-ro", "/submission/results"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/scratch"]


def _list_parents(paths: Sequence[str]) -> list[str]:
    """List every folder above the given paths, outermost first: by itself bwrap makes them readable by root alone."""
    return sorted({str(parent) for path in paths for parent in Path(path).parents if str(parent) != "/"}, key=len)


def _list_readable() -> list[str]:
    """List the paths bound read-only: system libraries, drivers, the interpreter and its packages, this package."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    own = [sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), *packages, *_list_own_folders()]
    present = [path for path in (*SYSTEM, *DRIVERS, *own) if os.path.lexists(path)]
    unique = sorted(dict.fromkeys(present), key=len)
    return [path for path in unique if not any(path.startswith(f"{other}/") for other in unique if other != path)]
