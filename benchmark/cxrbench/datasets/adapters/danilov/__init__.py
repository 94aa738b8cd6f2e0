"""Adapter of one source, with the readers of its own files."""

from cxrbench.datasets.adapters.danilov.adapter import danilov

__all__ = ["danilov"]
