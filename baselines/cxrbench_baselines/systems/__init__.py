"""Systems: the trainable baselines of the papers. One package per paper, discovered by its registry."""

from cxrbench.registry import Registry

from cxrbench_baselines.system import System

systems: Registry[type[System]] = Registry("system", "cxrbench_baselines.systems")
