"""Submissions that cheat, hurt or waste: each ends within its limit, with its exit code, and leaves nothing behind.

Each file in `hostile/` says with `EXIT` and `TOLD` how it must end. They run inside bubblewrap alone.
"""

import ast
import os
import shutil
import socket
from pathlib import Path

import pytest
from cxrbench.runner.isolation.monitor import list_descendants
from cxrbench.runner.isolation.sandbox import find_best_level

FILES = sorted((Path(__file__).parent / "hostile").glob("*.py"))
LIMITS = ("--sandbox", "required", "--memory-limit", "1")
SHORT, LONG = "6", "1200"
"""Seconds: for what never ends by itself, and for what must meet another limit first, however busy the machine is."""
pytestmark = pytest.mark.skipif(find_best_level() != "bubblewrap", reason="needs bubblewrap (apt install bubblewrap)")


def expected(path: Path) -> tuple[set[int], str]:
    """The exit codes and the words that a hostile file states."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "(EXIT, TOLD)":
            codes, told = ast.literal_eval(node.value)
            return set(codes) if isinstance(codes, tuple) else {codes}, told
    raise AssertionError(f"{path.name} states no EXIT, TOLD")


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_hostile(path, command, tmp_path, listener, monkeypatch):
    codes, told = expected(path)
    limit = SHORT if told == "time limit" else LONG
    folder = tmp_path / "submissions" / "hostile"
    (tmp_path / "submissions" / "other").mkdir(parents=True)
    (tmp_path / "submissions" / "other" / "neighbour.txt").write_text("x", "utf-8")
    (tmp_path / "labels.csv").write_text("x", "utf-8")
    (folder / "results").mkdir(parents=True)
    (folder / "results" / "old.json").write_text("{}", "utf-8")
    (folder / "port.txt").write_text(str(listener.getsockname()[1]), "utf-8")
    shutil.copy(path, folder / "submission.py")
    monkeypatch.setenv("CXRBENCH_SECRET", "x")
    monkeypatch.setenv("CXRBENCH_DATA", str(tmp_path))
    running = set(list_descendants(os.getpid()))
    done = command(
        "evaluate", folder / "submission.py", "--track", "brixia-severity/phantom/test", *LIMITS, "--time-limit", limit
    )
    assert done.code in codes, done.err
    assert len(done.error_lines) == (done.code != 0)
    assert told in done.err
    assert set(list_descendants(os.getpid())) <= running  # a test before may have left a helper of multiprocessing
    planted = [file for file in tmp_path.rglob("*") if file.is_file() and file.name == "planted"]
    assert planted == []
    with pytest.raises(BlockingIOError):
        listener.accept()
