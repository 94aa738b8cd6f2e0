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
from cxrbench.results.schema import BenchmarkVersion, Provenance

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "pillow", "torch", "timm")
IGNORED = {"results", "__pycache__", ".training"}


def describe_benchmark() -> BenchmarkVersion:
    """The version of cxrbench and, in a checkout, its commit (with `+changes` where the code differs from it)."""
    here = Path(cxrbench.__file__).parent
    commit = _run_git(here, "rev-parse", "HEAD")
    changed = commit and _run_git(here, "status", "--porcelain", "--", ".")
    return BenchmarkVersion(version=cxrbench.__version__, commit=f"{commit}+changes" if changed else commit)


def _run_git(folder: Path, *arguments: str) -> str | None:
    try:
        process = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return process.stdout.strip() or None


def record_provenance(started: datetime, seed: int) -> Provenance:
    """Record a run that ends now.

    Args:
        started: When it started.
        seed: The seed of the draws.

    Returns:
        Times, machine, packages and command of the run.
    """
    return Provenance(
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds(), 3),
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=read_cpu_name(),
        gpu=None,
        packages={name: number for name in PACKAGES if (number := _find_version(name))},
        seed=seed,
        command=shlex.join(["cxrbench", *sys.argv[1:]]),
    )


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def read_cpu_name() -> str:
    """Describe the processors: how many of which kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def hash_folder(folder: Path) -> str:
    """Hash the folder of a submission: names and bytes of all its files but results, caches and checkpoints.

    Weights that are absent (they stay out of git) count by the hash that `weights.sha256` gives them, so a clone has
    the hash of the folder that the results were made with.

    Args:
        folder: The folder.

    Returns:
        The SHA-256 in hexadecimal.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    content = {path.relative_to(folder): path for path in files if not IGNORED & set(path.relative_to(folder).parts)}
    hashes = {name.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for name, path in content.items()}
    lines = sorted((_read_weight_hashes(folder) | hashes).items(), key=lambda item: Path(item[0]))
    return hashlib.sha256("".join(f"{name} {digest}\n" for name, digest in lines).encode()).hexdigest()


def _read_weight_hashes(folder: Path) -> dict[str, str]:
    """Files that `weights.sha256` lists as `sha256sum` writes it, and their hashes; none without that file."""
    table = folder / "weights.sha256"
    lines = table.read_text("utf-8").splitlines() if table.is_file() else []
    return {name.strip(): digest for digest, _, name in (line.partition("  ") for line in lines) if name.strip()}
