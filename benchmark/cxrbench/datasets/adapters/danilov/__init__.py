"""The adapter of one dataset, with the readers of its files."""

from cxrbench.datasets.adapters.danilov.adapter import list_danilov

__all__ = ["list_danilov"]
