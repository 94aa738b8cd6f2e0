"""Every example in a docstring gives what it says, also in the docstring of an attribute."""

import ast
import doctest
import importlib
import inspect
import pkgutil
from itertools import pairwise

import cxrbench
import cxrbench_baselines
import cxrbench_leaderboard
import pytest

NAMES = [
    module.name
    for package in (cxrbench, cxrbench_leaderboard, cxrbench_baselines)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(("__main__", ".counter"))
]


def attribute_examples(module):
    """The examples in strings after assignments, which `doctest` itself does not see."""
    body = ast.parse(inspect.getsource(module)).body
    for before, after in pairwise(body):
        is_text = (
            isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and ">>>" in str(after.value.value)
        )
        if is_text and isinstance(before, ast.Assign | ast.AnnAssign):
            name = ast.unparse(before.targets[0] if isinstance(before, ast.Assign) else before.target)
            yield doctest.DocTestParser().get_doctest(
                after.value.value, dict(vars(module)), name, module.__file__, after.lineno
            )


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
    runner = doctest.DocTestRunner()
    for test in attribute_examples(module):
        assert runner.run(test).failed == 0, test.name


def test_public_metrics_carry_examples():
    module = importlib.import_module("cxrbench.metrics.error")
    assert any(test.examples for test in doctest.DocTestFinder().find(module))
    assert {test.name for test in attribute_examples(module)} >= {"mae", "rmse", "mean_error"}
