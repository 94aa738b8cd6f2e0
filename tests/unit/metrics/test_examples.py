"""The examples under module-level metrics, which doctest itself does not see, give what they print."""

import ast
import doctest
import importlib
import inspect
import pkgutil

import cxrbench.metrics
import pytest

MODULES = [module.name for module in pkgutil.iter_modules(cxrbench.metrics.__path__, "cxrbench.metrics.")]


def _strings(tree: ast.Module) -> list[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    return [node.value.value for node in nodes if isinstance(node.value.value, str) and ">>>" in node.value.value]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_of_a_metrics_module_prints_what_it_says(name):
    module = importlib.import_module(name)
    examples = _strings(ast.parse(inspect.getsource(module)))
    runner = doctest.DocTestRunner(verbose=False)
    for number, text in enumerate(examples):
        runner.run(doctest.DocTestParser().get_doctest(text, dict(vars(module)), f"{name}-{number}", name, 0))
    assert runner.summarize(verbose=False).failed == 0
