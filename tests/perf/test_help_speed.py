"""`cxrbench --help` beside a bare interpreter and a bare click program, each a process of its own."""

import subprocess
import sys

import pytest

PROGRAMS = {
    "cxrbench --help": [sys.executable, "-m", "cxrbench", "--help"],
    "bare click": [sys.executable, "-c", "import click; click.command()(lambda: None)(['--help'])"],
    "bare interpreter": [sys.executable, "-c", "pass"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_help(benchmark, name):
    done = benchmark.pedantic(
        lambda: subprocess.run(PROGRAMS[name], capture_output=True, check=True), rounds=5, warmup_rounds=1
    )
    assert done.returncode == 0
