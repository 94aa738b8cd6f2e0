"""The house rules that a machine can hold: imports point one way, functions stay small, the library does not print."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "cxrbench": ROOT / "benchmark" / "cxrbench",
    "cxrbench_leaderboard": ROOT / "leaderboard" / "cxrbench_leaderboard",
    "cxrbench_baselines": ROOT / "baselines" / "cxrbench_baselines",
}
MODULES = [path for folder in PACKAGES.values() for path in folder.rglob("*.py")]
LAYERS = {
    "metrics": set(),
    "stats": {"metrics"},
    "imaging": {"case", "errors"},
    "phantom": {"case", "errors"},
    "case": {"errors"},
    "errors": set(),
}
"""Folders of cxrbench to the other parts of it that they may import."""


def imported(path: Path) -> set[str]:
    """Full names of what a module imports anywhere in it."""
    tree = ast.parse(path.read_text("utf-8"))
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def at_top(path: Path) -> set[str]:
    """Full names of what a module imports when it is imported, type-checking blocks left out."""
    tree = ast.parse(path.read_text("utf-8"))
    plain = {name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert len(path.read_text("utf-8").splitlines()) <= 400
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 50 + 15 * (path.parent.name == "cli"), f"{node.name} is too long"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print" or "__main__" in path.read_text("utf-8"), "the library does not print"


def test_cxrbench_does_not_import_baselines_or_leaderboard():
    for path in PACKAGES["cxrbench"].rglob("*.py"):
        names = at_top(path) if path.parent.name == "cli" else imported(path)
        assert not {name for name in names if name.startswith(("cxrbench_leaderboard", "cxrbench_baselines"))}, path


def test_the_leaderboard_sees_neither_images_nor_labels():
    closed = ("cxrbench.datasets", "cxrbench.imaging", "cxrbench.runner", "cxrbench.phantom")
    for path in PACKAGES["cxrbench_leaderboard"].rglob("*.py"):
        assert not {name for name in imported(path) if name.startswith(closed)}, path


@pytest.mark.parametrize("part", LAYERS)
def test_imports_point_one_way(part):
    folder = PACKAGES["cxrbench"] / part
    for path in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
        own = {name.split(".")[1] for name in imported(path) if name.startswith("cxrbench.")}
        assert own <= LAYERS[part] | {part}, path


@pytest.mark.parametrize("heavy", ["torch", "pandas", "scipy", "numpy", "pydantic"])
def test_help_imports_nothing_heavy(heavy):
    code = "import sys; sys.argv = ['cxrbench', '--help']\nfrom cxrbench.cli.main import main\ntry:\n    main()\n"
    code += f"except SystemExit:\n    sys.exit({heavy!r} in sys.modules)\n"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_the_core_never_imports_torch():
    code = (
        "import sys, cxrbench\n[getattr(cxrbench, name) for name in cxrbench.__all__]\nsys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
