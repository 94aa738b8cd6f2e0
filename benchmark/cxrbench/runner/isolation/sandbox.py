"""Isolation of a submission's process: the strongest that this machine gives, found by trying it.

Levels, best first:

- `bubblewrap`: no network; a file system that holds the system's libraries, the interpreter, this package and the
  submission's own folder, all read-only, and one scratch folder of bounded size; its own process numbers, so that
  whatever it started dies with it; no capabilities, no new privileges; started as root, it runs as a user of its own.
- `namespaces`: no network, and all its processes die with it; files stay readable with the caller's rights.
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
from cxrbench.runner.isolation.limits import take_on
take_on(int(sys.argv[1]) if sys.argv[1] else None, processes=64, file=1 << 20)
import cxrbench.case, PIL
"""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a submission may use, sizes in bytes.

    Memory of all its processes together, how many processes and threads, the size of one file, of its scratch
    folder and of what it prints; wall seconds (None: no limit). `threads` is what numeric libraries are told to use.
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
    """A command line, its environment, and the user id that it takes on inside (None: the caller's)."""

    level: str
    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    uid: int | None = None


def chosen_level(wanted: str) -> str:
    """The level for `--sandbox`: `auto` the best, `required` bubblewrap or `IsolationError`, `off` none."""
    level = "none" if wanted == "off" else best_level()
    if wanted == "required" and level != "bubblewrap":
        raise IsolationError("isolation is not available", f"best level here: {level}", "install bubblewrap")
    return level


@cache
def best_level() -> str:
    """The strongest level that works here, found by starting a Python in it as a submission would be."""
    return next((level for level in ("bubblewrap", "namespaces") if _works(level)), "none")


def _works(level: str) -> bool:
    launch = prepared(level, Path(__file__).parent, (sys.executable, "-P", "-c", PROBE), Limits())
    command = [*launch.command, str(launch.uid or "")]
    try:
        done = subprocess.run(command, env=launch.environment, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def prepared(level: str, folder: Path, command: Sequence[str], limits: Limits) -> Launch:
    """The command that runs `command` at a level with the submission's `folder` as its own."""
    if level == "bubblewrap":
        uid = 100_000 + secrets.randbelow(900_000) if os.geteuid() == 0 else None
        words = (*_bubblewrap(folder, limits, as_root=uid is not None), "--", *command)
        return Launch(level, words, _environment("/scratch", limits), "/submission", uid)
    prefix = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--")
    words = (*prefix, *command) if level == "namespaces" else tuple(command)
    return Launch(
        level, words, {**os.environ, **_environment(os.environ.get("HOME", "/"), limits)}, str(folder.resolve())
    )


def _environment(home: str, limits: Limits) -> dict[str, str]:
    counts = dict.fromkeys(THREADS, str(limits.threads))
    gpu = {key: value for key, value in os.environ.items() if key == "CUDA_VISIBLE_DEVICES"}
    own = {"HOME": home, "USER": "submission", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return {
        **own,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(str(Path(place).parent) for place in _own())),
        "PYTHONDONTWRITEBYTECODE": "1",
        **counts,
        "OMP_WAIT_POLICY": "passive",
        **gpu,
    }


def _own() -> list[str]:
    """The folders of this package and, where it is installed, of the baselines: trained submissions import them."""
    baselines = importlib.util.find_spec("cxrbench_baselines")
    places = [Path(cxrbench.__file__).parent, *((baselines and baselines.submodule_search_locations) or ())]
    return [str(Path(place).resolve()) for place in places]


def _bubblewrap(folder: Path, limits: Limits, *, as_root: bool) -> list[str]:
    """Bwrap and its options: an allow-list of read-only binds, one scratch folder, everything unshared."""
    words = ["bwrap", "--die-with-parent", "--new-session", "--cap-drop", "ALL", *UNSHARED]
    words += AS_ROOT if as_root else AS_USER
    words += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", "/scratch", "/dev/shm"):  # noqa: S108 - inside the sandbox
        words += ["--perms", "1777", "--size", str(limits.scratch), "--tmpfs", place]
    for folder_above in _above(_readable()):
        words += ["--perms", "0755", "--dir", folder_above]
    for path in _readable():
        link = Path(path)
        words += ["--symlink", str(link.readlink()), path] if link.is_symlink() else ["--ro-bind", path, path]
    for path in filter(os.path.exists, GPU):
        words += ["--dev-bind", path, path]
    words += ["--ro-bind", str(folder.resolve()), "/submission"]
    if (folder / "results").is_dir():
        words += ["--tmpfs", "/submission/results", "--remount-ro", "/submission/results"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/scratch"]


def _above(paths: Sequence[str]) -> list[str]:
    """Every folder above the given paths, outermost first: left to itself bwrap makes them for root's eyes only."""
    return sorted({str(parent) for path in paths for parent in Path(path).parents if str(parent) != "/"}, key=len)


def _readable() -> list[str]:
    """Paths bound read-only: the system's libraries, drivers, the interpreter and its packages, this package."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    own = [sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), *packages, *_own()]
    found = [path for path in (*SYSTEM, *DRIVERS, *own) if os.path.lexists(path)]
    unique = sorted(dict.fromkeys(found), key=len)
    return [path for path in unique if not any(path.startswith(f"{other}/") for other in unique if other != path)]
