"""Fixtures for every test: the real data where available, a synthetic copy of a dataset, the command line."""

import contextlib
import csv
import io
import os
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from cxrbench.cli.main import main
from cxrbench.splits import load_split
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
collect_ignore = ["e2e/hostile"]


NEEDED_IN_CI = ("test_hostile.py", "test_isolation.py", "test_browser.py", "test_chromium.py")
"""Tests of the isolation and of the site in a browser: a skip in CI would leave these untested."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Make a skipped test of the isolation or of the browser a failure in CI."""
    report = yield
    if report.skipped and item.path.name in NEEDED_IN_CI and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; the test is skipped where there is none."""
    folder = Path(os.environ.get("CXRBENCH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set CXRBENCH_DATA to a folder that holds the datasets")
    return folder


@pytest.fixture(autouse=True)
def _no_data_by_accident(monkeypatch, real_data_wanted):
    """Let commands find only the data that the test provides."""
    if not real_data_wanted:
        monkeypatch.delenv("CXRBENCH_DATA", raising=False)


@pytest.fixture
def real_data_wanted(request) -> bool:
    return "real_data" in request.fixturenames


@dataclass(frozen=True)
class Done:
    """The outcome of a command: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


@pytest.fixture
def command(monkeypatch) -> Callable[..., Done]:
    """Run the command line in this process: `command("tasks", "--json")`."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["cxrbench", *map(str, arguments)])
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def written(tmp_path) -> Callable[..., Path]:
    """A function that writes a submission with the given class body and returns its file."""

    def write(body: str, *, head: str = "", name: str = "written") -> Path:
        text = (
            f"import cxrbench\nimport numpy as np\n{textwrap.dedent(head)}\n\n"
            f'class Written(cxrbench.Submission):\n    name = "{name}"\n    tasks = ("brixia-severity",)\n'
            f"{textwrap.indent(textwrap.dedent(body), '    ')}\n"
        )
        path = tmp_path / name / "submission.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


CONSTANT = """
def predict(self, images):
    return [{"brixia": [1, 1, 1, 1, 1, 1]} for _ in images]
"""


@pytest.fixture
def constant(written) -> Path:
    """A submission that predicts 1 in every zone."""
    return written(CONSTANT)


def write_scores(path: Path, scores: dict[str, tuple[list[int], list[int]]]) -> None:
    """Write a public-annotations.csv in the official format: byte-order mark, CRLF."""
    zones = [*"ABCDEF", "Global"]
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["filename", *(f"S-{zone}" for zone in zones), *(f"J-{zone}" for zone in zones)])
        for name, (senior, junior) in scores.items():
            writer.writerow([name, *senior, sum(senior), *junior, sum(junior)])


@pytest.fixture
def synthetic_copy(tmp_path) -> Path:
    """A data folder with a copy of brixia-cohen: file names of the split, noise as pixels, random scores."""
    rng = np.random.default_rng(7)
    names = load_split("brixia-cohen").cases("all")
    root = tmp_path / "data" / "brixia-cohen"
    (root / "public-cohen-subset").mkdir(parents=True)
    write_scores(root / "public-annotations.csv", {name: tuple(rng.integers(0, 4, (2, 6)).tolist()) for name in names})
    for name in names:
        picture = Image.fromarray(rng.integers(0, 256, (24, 20), dtype=np.uint8))
        kind = "PNG" if name.lower().endswith("png") else "JPEG"
        picture.save(root / "public-cohen-subset" / name, kind)
    return tmp_path / "data"
