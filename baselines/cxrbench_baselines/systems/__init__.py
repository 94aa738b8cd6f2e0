"""Systems: the trainable baselines of the papers. One system a module or package, found by its registry."""

from cxrbench.registry import Registry

from cxrbench_baselines.system import System

systems: Registry[type[System]] = Registry("system", "cxrbench_baselines.systems")
