"""The house rules that a machine can hold: imports point one way, modules and functions stay small, words are ours."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "cxrbench": ROOT / "benchmark" / "cxrbench",
    "cxrbench_leaderboard": ROOT / "leaderboard" / "cxrbench_leaderboard",
    "cxrbench_baselines": ROOT / "baselines" / "cxrbench_baselines",
}
MODULES = [path for folder in PACKAGES.values() for path in folder.rglob("*.py")]
VAGUE = {"found", "one"}
"""Names of variables that say nothing of what they hold."""


def count_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def name_module(package: str, path: Path) -> str:
    """The dotted name of a file of a package."""
    parts = [package, *path.relative_to(PACKAGES[package]).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_and_functions_are_small_and_documented(path):
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert count_lines(node) < 50 + 15 * (path.parent.name == "cli"), f"{node.name} is too long"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print" or "__main__" in text, "the library does not print"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_variable_is_called_found_or_one(path):
    tree = ast.parse(path.read_text("utf-8"))
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert not VAGUE & (stored | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)})


@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_name_means_one_class(package):
    places = defaultdict(list)
    for path in PACKAGES[package].rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name_module(package, path))
    assert not {name: modules for name, modules in places.items() if len(modules) > 1}


def test_no_folder_is_a_heap():
    folders = {path.parent for path in MODULES} - {PACKAGES["cxrbench"] / "datasets" / "adapters"}
    assert not {folder: n for folder in folders if (n := len(list(folder.glob("*.py")))) > 25}


def test_code_in_strings_imports_modules_that_exist():
    modules = {name_module(name, path) for name, folder in PACKAGES.items() for path in folder.rglob("*.py")}
    for path in [*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "submissions").rglob("*.py")]:
        for name in re.findall(r"(?:^|[\s`\"'])(?:from|import|-m) (cxrbench[\w.]*)", path.read_text("utf-8")):
            assert name.rstrip(".") in modules, f"{path.name} imports {name}"


def list_imports(path: Path, modules: set[str]) -> set[str]:
    """The modules of ours that a module imports, inside functions too; what only a type checker sees is left out."""
    tree = ast.parse(path.read_text("utf-8"))
    unseen = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in unseen and node.module:
            names |= {f"{node.module}.{name.name}" for name in node.names} | {node.module}
        elif isinstance(node, ast.Import) and node not in unseen:
            names |= {name.name for name in node.names}
    return names & modules


def test_no_modules_import_each_other_in_a_circle():
    paths = {name_module(name, path): path for name, folder in PACKAGES.items() for path in folder.rglob("*.py")}
    inner = {name: path for name, path in paths.items() if path.name != "__init__.py"}
    TopologicalSorter({name: list_imports(path, set(inner)) for name, path in inner.items()}).prepare()


def test_imports_point_one_way():
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


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
