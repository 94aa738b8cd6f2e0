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
IGNORED = {"results", "__pycache__", ".training"}


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
    """One hash of a submission's folder: names and bytes of all its files but results, caches and checkpoints.

    Weights that are not there (they stay out of git) count by the hash that `weights.sha256` gives them, so a clone
    has the hash of the folder that the results were made with.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    content = {path.relative_to(folder): path for path in files if not IGNORED & set(path.relative_to(folder).parts)}
    hashes = {name.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for name, path in content.items()}
    lines = sorted((_absent_weights(folder) | hashes).items(), key=lambda item: Path(item[0]))
    return hashlib.sha256("".join(f"{name} {found}\n" for name, found in lines).encode()).hexdigest()


def _absent_weights(folder: Path) -> dict[str, str]:
    """Files that `weights.sha256` lists as `sha256sum` writes it, and their hashes; none without that file."""
    table = folder / "weights.sha256"
    lines = table.read_text("utf-8").splitlines() if table.is_file() else []
    return {name.strip(): found for found, _, name in (line.partition("  ") for line in lines) if name.strip()}
