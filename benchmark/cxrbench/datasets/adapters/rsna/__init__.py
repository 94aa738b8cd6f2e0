"""The adapter of one dataset, with the readers of its files."""

from cxrbench.datasets.adapters.rsna.adapter import list_rsna

__all__ = ["list_rsna"]
