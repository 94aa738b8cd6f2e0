"""Every example in a docstring gives what it says."""

import doctest
import importlib
import pkgutil

import cxrbench
import cxrbench_baselines.ct
import cxrbench_leaderboard
import pytest

NAMES = [
    module.name
    for package in (cxrbench, cxrbench_leaderboard, cxrbench_baselines.ct)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(("__main__", ".counter"))
]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_public_metrics_carry_examples():
    found = doctest.DocTestFinder().find(importlib.import_module("cxrbench.metrics.error"))
    assert any(test.examples for test in found)
