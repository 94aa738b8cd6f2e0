"""Adapter of one source, with the readers of its own files."""

from cxrbench.datasets.adapters.rsna.adapter import rsna

__all__ = ["rsna"]
