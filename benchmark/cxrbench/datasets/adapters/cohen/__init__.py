"""The adapter of one dataset, with the readers of its files."""

from cxrbench.datasets.adapters.cohen.adapter import list_cohen, list_cohen_lungvae, list_cohen_volumes

__all__ = ["list_cohen", "list_cohen_lungvae", "list_cohen_volumes"]
