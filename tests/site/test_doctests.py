import doctest
import importlib
import pkgutil

import cxrbench_leaderboard
import pytest

MODULES = [one.name for one in pkgutil.iter_modules(cxrbench_leaderboard.__path__, "cxrbench_leaderboard.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_leaderboard_reads_no_images_and_no_labels():
    import subprocess
    import sys

    code = "import sys, cxrbench_leaderboard.build; print(*sorted(m for m in sys.modules if m.startswith('cxrbench')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "cxrbench.splits" in loaded
    assert not [one for one in loaded if one.startswith(("cxrbench.datasets", "cxrbench.imaging", "cxrbench.runner"))]
