"""Where a result comes from: code, packages, machine, command."""

import hashlib
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cxrbench
from cxrbench.results.schema import Benchmark, Provenance

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "pillow", "torch", "timm")
IGNORED = {"results", "__pycache__"}


def benchmark() -> Benchmark:
    """The version of cxrbench and, in a checkout, its commit (`+changes` where its code differs from it)."""
    here = Path(cxrbench.__file__).parent
    commit = _git(here, "rev-parse", "HEAD")
    changed = commit and _git(here, "status", "--porcelain", "--", ".")
    return Benchmark(version=cxrbench.__version__, commit=f"{commit}+changes" if changed else commit)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None


def provenance(started: datetime, seed: int) -> Provenance:
    """The record of this run, ended now."""
    return Provenance(
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds(), 3),
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=cpu_name(),
        gpu=None,
        packages={name: found for name in PACKAGES if (found := _version(name))},
        seed=seed,
        command=shlex.join(["cxrbench", *sys.argv[1:]]),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def cpu_name() -> str:
    """How many processors of which kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def folder_sha256(folder: Path) -> str:
    """One hash of a submission's folder: names and bytes of all its files but results and caches."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not IGNORED & set(relative.parts):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{relative.as_posix()} {content}\n".encode())
    return digest.hexdigest()
